"""What a gatherer takes out of a layer's output, against NumPy."""

import numpy as np
import pytest
import torch

from repscape.activations.gather import Gatherer, Room
from repscape.populations.lib.layer import Selection

FORMATS = {"channels first": torch.contiguous_format, "channels last": torch.channels_last}


def selection(unit, statistic="unit") -> Selection:
    return Selection(np.asarray(unit, np.int32), statistic, len(unit))


@pytest.mark.parametrize("layout", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("roomy", [False, True])
def test_units_are_gathered_into_the_room_that_there_is(layout, dtype, everything, roomy):
    output = torch.randn(4, 6, 5, 3).to(dtype).contiguous(memory_format=layout)
    unit = np.arange(90) if everything else np.array([0, 7, 8, 44, 89])
    gather = Gatherer(selection(unit), everything=everything)
    room = torch.full((400,), np.nan) if roomy else None
    for images in (4, 3):  # the last batch may have fewer
        found = gather(output[:images], room)
        expected = output[:images].float().numpy().reshape(images, -1)[:, unit]
        np.testing.assert_array_equal(found.numpy(), expected)
        assert found.dtype == torch.float32
    if roomy:
        assert found.data_ptr() == room.data_ptr()
        assert room[4 * len(unit) :].isnan().all(), "no more than it needs"
    output.zero_()
    np.testing.assert_array_equal(found.numpy(), expected)


def test_room_is_there_again_after_memory_ran_out(monkeypatch):
    """A smaller batch follows one for which there was none."""
    room, empty = Room(30, torch.device("cpu")), torch.empty

    def limited(values, **where):
        if values > 200:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return empty(values, **where)

    assert len(room.of(4)) == 120
    monkeypatch.setattr(torch, "empty", limited)
    for images in (8, 7):
        with pytest.raises(torch.cuda.OutOfMemoryError):
            room.of(images)
    assert len(room.of(2)) == 60
    assert room.of(2) is room.of(2)


@pytest.mark.parametrize("statistic", ["channel_mean", "position_mean"])
@pytest.mark.parametrize("everything", [False, True])
def test_means_are_gathered_into_the_room(statistic, everything):
    output = torch.randn(2, 6, 5, 3)
    over = (2, 3) if statistic == "channel_mean" else 1
    means = output.double().mean(over).flatten(1)
    unit = np.arange(means.shape[1]) if everything else np.array([0, 3, 5])
    gather = Gatherer(selection(unit, statistic), everything=everything)
    room = torch.zeros(100)
    torch.testing.assert_close(gather(output, room), means[:, unit].float())
    vector = gather(torch.ones(2, 6), room) if statistic == "channel_mean" else None
    assert vector is None or vector.eq(1).all()
