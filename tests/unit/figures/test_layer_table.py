"""The table of layers shows what is recorded."""

import xarray as xr

from repscape.figures.layer_table import cells


def test_the_layer_table_finds_layers_by_block_and_label(results, draw):
    made = results(layers=("input", "block1", "conv2", "block3")).layer_tables()
    with xr.open_dataset(made.root / made.study.path("layers", source="mobilenet_v2")) as layers:
        recorded = {"block3": 7, "conv2": 8, "input": 9, "block1": 10}
        rows = cells(layers.load(), {layer: (layer, units) for layer, units in recorded.items()})
    # conv1, relu1 = block1, conv2, relu2 = block2, conv3, relu3 = block3; a convolution has 10 + i parameters
    assert [row[:3] for row in rows] == [
        ("input", "input", "input"),
        ("block1", "features.1", "relu"),
        ("conv2", "features.2", "conv"),
        ("block3", "features.5", "relu"),
    ]
    assert [row[5] for row in rows] == ["9", "10", "8", "7"]
    assert [row[6] for row in rows] == ["–", "10", "12", "14"]
    assert rows[1][3:5] == ("32 × 28 × 28", "25,088")
    assert rows[-1][7:] == ("–", "–")
