"""Shards, merged, are the same bytes as what is recorded at once."""

import pytest

from repscape.activations.merge import merge
from repscape.activations.record import part_of
from repscape.core.errors import DataError
from repscape.io import netcdf


@pytest.mark.parametrize(
    "factors", [None, {"obj": list("aabbccd")}, {"obj": list("aabbccd"), "hue": list("1234567")}]
)
@pytest.mark.parametrize("shards", [2, 3, 9])
def test_the_same_bytes_whatever_the_number_of_shards(study, shards, factors):
    small = study(units=10, factors=factors)
    whole = small.run(batch=2)
    parts = [small.run(f"shard{number}", batch=2, shard=(number, shards)) for number in range(shards)]
    for label, path in whole.items():
        merge([part[label] for part in parts], small.inputs[1], small.folder / "merged.nc")
        assert (small.folder / "merged.nc").read_bytes() == path.read_bytes(), label


def test_shards_are_whole_batches_of_all_images():
    for total, batch, shards in ((7, 2, 3), (50_000, 10, 25), (50_003, 256, 7), (5, 10, 4)):
        parts = [part_of(total, batch, number, shards) for number in range(shards)]
        assert [image for part in parts for image in part] == list(range(total))
        assert all(len(part) % batch == 0 for part in parts if part.stop < total)
        full = [len(part) for part in parts if part]
        assert max(full) - min(full) <= 2 * batch


def test_a_missing_shard_is_reported(study):
    small = study(units=10)
    parts = [small.run(f"shard{number}", batch=2, shard=(number, 2)) for number in range(2)]
    label = small.labels[0]
    with pytest.raises(DataError, match=r"first.* 7.* 4"):
        merge([parts[0][label]], small.inputs[1], small.folder / "merged.nc")
    with (
        pytest.raises(DataError, match="expected a file of kind 'activations', found 'shard'"),
        netcdf.open_file(parts[0][label], "activations"),
    ):
        pass
