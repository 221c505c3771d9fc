"""Tables of layers are made without weights, in little time and memory; those that ship are made so."""

import resource
import zipfile

import pytest
from torchvision import models

from repscape.networks.cornet_s import CornetS
from repscape.networks.lib import layer_table_build, layer_table_cache, torchvision_weights
from repscape.networks.torchvision import Torchvision

# Label, node, block, units and channels of some rows, and how many rows there are
RECORDED = {
    "mobilenet_v2": (155, {9: ("conv4", "features.2.conv.0.0", "", 1_204_224, 96),
                           40: ("conv15", "features.5.conv.2", "", 25_088, 32),
                           154: ("predictions", "predictions", "predictions", 1000, 1000)}),
    "googlenet": (212, {9: ("select3", "getitem_2", "", 50_176, 224),
                        40: ("maxpool3", "inception3a.branch4.0", "", 150_528, 192)}),
    "vit_h_14": (363, {40: ("layernorm7", "encoder.layers.encoder_layer_3.ln_1", "", 1_753_600, 1280),
                       361: ("fc65", "heads.head", "fc65", 1000, 1000)}),
    "cornet_s": (111, {9: ("conv3", "V2.conv_input", "", 401_408, 128),
                       109: ("identity10", "decoder.output", "", 1000, 1000)}),
}  # fmt: skip


def untrained(name):
    return CornetS() if name == "cornet_s" else Torchvision(architecture=name)


def section(name):
    return {"kind": "cornet_s"} if name == "cornet_s" else {"kind": "torchvision", "architecture": name}


def check(name):
    def columns(row):
        return tuple(getattr(row, column) for column in layer_table_build.COLUMNS)

    made = []
    rows = layer_table_build.table_without_numbers(
        lambda: made.append(untrained(name).untrained()) or made[-1]
    )
    assert sum(row.parameters for row in rows) == sum(own.numel() for own in made[0].module.parameters())
    shipped = [columns(row) for row in layer_table_cache.rows(section(name))]
    assert [columns(row) for row in rows] == shipped, "run python -m repscape.networks.lib.layer_table_build"
    labels, nodes = ([row[place] for row in shipped] for place in (0, 1))
    blocks = [row[3] for row in shipped if row[3]]
    assert len(set(labels)) == len(set(nodes)) == len(labels)
    assert len(set(blocks)) == len(blocks)
    assert (blocks[0], blocks[-1]) == ("input", "predictions")
    assert not {one for one in labels + blocks if not one.replace(".", "_").isidentifier()}
    return rows


@pytest.mark.parametrize("name", ["resnet18", "swin_v2_t", *RECORDED])
def test_shipped_tables_are_those_of_the_networks(name):
    rows = check(name)
    count, recorded = RECORDED.get(name, (len(rows), {}))
    assert len(rows) == count
    found = {at: (row.label, row.node, row.block, row.units, row.channels) for at, row in enumerate(rows)}
    assert {at: found[at] for at in recorded} == recorded


@pytest.mark.slow
def test_all_shipped_tables_are_those_of_the_networks():
    for name in ["cornet_s", *torchvision_weights.architectures()]:
        check(name)


def test_every_architecture_has_a_table():
    known = models.list_models(module=models)
    assert torchvision_weights.architectures() == known
    with zipfile.ZipFile(layer_table_cache.SHIPPED) as archive:
        names = set(archive.namelist())
    assert names == {layer_table_cache.shipped_name(section(name)) for name in ["cornet_s", *known]}


def test_the_names_of_weights_are_those_of_torchvision(tmp_path):
    file = tmp_path / "weights.csv"
    layer_table_build.write_weights(file)
    assert file.read_text() == torchvision_weights.FILE.read_text(), (
        "run python -m repscape.networks.lib.layer_table_build"
    )


def test_a_network_of_gigabytes_takes_no_memory():
    """regnet_y_128gf has 645 million parameters, 2.6 GB."""
    layer_table_build.table_without_numbers(Torchvision(architecture="alexnet").untrained)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    layer_table_build.table_without_numbers(Torchvision(architecture="regnet_y_128gf").untrained)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB
