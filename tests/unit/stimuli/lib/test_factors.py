"""Factors of images: in files, in stimuli made from others, and names that they cannot have."""

import numpy as np
import pytest
import xarray as xr

from repscape.core.errors import DataError
from repscape.io import netcdf
from repscape.rdms.table import table
from repscape.stimuli import phase_scramble, views
from repscape.stimuli.lib import factors, parent_stimulus
from repscape.stimuli.lib.assemble import assemble, factors_of
from repscape.stimuli.lib.frame import Frame

PIXELS = np.zeros((4, 4), np.uint8)
COLORS = ["000", "090", "180"]


def frames(*values):
    return [Frame(f"{at}.png", PIXELS, factors=factors) for at, factors in enumerate(values)]


def test_factors_are_text_coordinates_named_in_an_attribute(tmp_path):
    varied = frames(*({"obj": "obj1", "color": color} for color in COLORS))
    variables = assemble(varied)
    assert factors_of(variables) == ["obj", "color"]
    attributes = factors.attributes(["obj", "color"])
    netcdf.write(tmp_path / "s.nc", kind="stimulus", variables=variables, attributes=attributes)
    with xr.open_dataset(tmp_path / "s.nc") as dataset:
        assert set(dataset.data_vars) == {"images"}
        assert dataset.color.values.tolist() == COLORS
        assert dataset.attrs["factors"] == ["obj", "color"]
    assert [frame.factors for frame in parent_stimulus.read(tmp_path / "s.nc")] == [
        frame.factors for frame in varied
    ]


@pytest.mark.parametrize("given", [{}, {"color": COLORS}, {"obj": ["a", "a", "b"], "color": COLORS}])
def test_what_is_read_is_what_was_written(write, given):
    with netcdf.open_file(write(np.zeros((3, 4, 4, 3)), factors=given)) as file:
        assert {name: list(values) for name, values in factors.read(file).items()} == given


def test_stimuli_made_from_others_keep_factors(write, collect, movie):
    of = write(movie[:3], factors={"color": COLORS})
    scrambled, _ = collect(phase_scramble.PhaseScramble(of=of, seed=0).images())
    assert [frame.factors for frame in scrambled] == [{"color": color} for color in COLORS]
    seen, _ = collect(views.Views(of=of, image="image_1", count=4, size=(8, 8), seed=0).images())
    assert [frame.factors for frame in seen] == [{"color": "090"}] * 4


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ([{"a": "1"}, {"a": "2"}, None], ["0.png has a", "2.png has none"]),
        ([None, {"a": "2"}, None], ["0.png has none", "1.png has a"]),
        ([{"a": "1"}, {"b": "2"}, {"a": "1"}], ["0.png has a", "1.png has b"]),
        ([{"a": "1"}, {"a": ""}, {"a": "1"}], ["1.png", "value of the factor 'a'"]),
        ([{"layer": "1"}] * 3, ["'layer'", "Rename"]),
        ([{"obj_sub": "1"}] * 3, ["'obj_sub'", "Rename"]),
        ([{"my obj": "1"}] * 3, ["'my obj'", "letters"]),
    ],
)
def test_what_cannot_be_is_told(values, parts):
    with pytest.raises(DataError) as error:
        assemble(frames(*values))
    assert all(part in str(error.value) for part in parts)


def test_no_column_of_a_table_of_rdms_can_be_a_factor():
    assert set(table.COLUMNS) <= factors.RESERVED
