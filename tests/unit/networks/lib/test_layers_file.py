"""The file of a network's table of layers."""

import json

from repscape.io import netcdf
from repscape.networks.lib import layer_table, layers_file
from repscape.networks.lib.layer_table_build import table
from repscape.networks.torchvision import Torchvision


def test_what_is_written_is_read(tmp_path):
    rows = table(Torchvision(architecture="squeezenet1_1").untrained)
    path = tmp_path / "layers.nc"
    keys = {"network": "net", "architecture": "squeezenet1_1", "weights": "random", "weights_sha256": "00"}
    layers_file.write(path, rows, preprocess=json.dumps({}), categories=["cat", "dog"], **keys)
    assert str(layers_file.read(path)) == str(rows)  # NaN is not equal to itself
    with netcdf.open_file(path, "layers") as dataset:
        assert list(dataset["layer"][:3]) == ["input", "conv1", "relu1"]
        assert list(dataset["order"][:3]) == [0, 1, 2]
        assert list(dataset["category"][:]) == ["cat", "dog"]
        assert list(dataset.input_size) == [224, 224]
        assert dataset.architecture == "squeezenet1_1"
    order, row = layer_table.find(rows, "block2")
    assert (order, row.label) == (10, "cat1")
