"""Networks of one's own: what functions may be, what is told when they fail, what makes them anew."""

import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import torch

from repscape.core.errors import ConfigError, DataError
from repscape.networks import python
from repscape.networks.lib import freeze
from repscape.plugin import code_digest, user_functions

NETWORK = """
import torch
from torch import nn
from {helper} import WIDTH

class Net(nn.Module):
    def __init__(self, depth=1):
        super().__init__()
        sizes = [3, *[WIDTH] * depth]
        self.body = nn.Sequential(*[nn.Conv2d(a, b, 3) for a, b in zip(sizes, sizes[1:])])
        self.head = nn.Linear(WIDTH, 4)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))

class Branching(Net):
    def forward(self, x):
        x = self.body(x)
        if x.mean() > -1e9:  # cannot be traced
            x = x * 2
        return self.head(x.mean((2, 3)))

def make(depth=1, branching=False):
    return Branching(depth) if branching else Net(depth)

def fail(depth):
    raise ValueError(f"no network\\nof depth {{depth}}")

def nothing():
    return {{"a": 1}}

made = make()
"""


@pytest.fixture
def project(tmp_path, monkeypatch, request):
    """A folder with a module and one beside it, of names that no other test uses."""
    name = f"{zlib.crc32(request.node.name.encode()):x}"
    (tmp_path / "nets").mkdir()
    (tmp_path / f"nets/helper_{name}.py").write_text("WIDTH = 5\n")
    (tmp_path / f"nets/net_{name}.py").write_text(NETWORK.format(helper=f"helper_{name}"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return f"nets/net_{name}.py"


def test_a_function_of_a_file_and_what_it_is_called_with(project):
    first, again, other = (
        python.Python(factory=f"{project}:make", kwargs={"depth": 2}, seed=seed).load() for seed in (1, 1, 2)
    )
    assert [row.label for row in freeze.freeze(first).rows if row.kind == "conv"] == ["conv1", "conv2"]
    weights = [loaded.module.head.weight for loaded in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert (first.weights, first.folder, first.module.training) == ("factory", "nets", False)
    assert python.Python(factory=f"{project}:make", weights="random").load().weights == "random"
    assert python.Python(factory=f"{project}:Net").load().module.head.weight.shape == (
        4,
        5,
    )  # a class will do


def test_a_function_of_a_package(project):
    package = Path("own_models_package")
    (package / "deep").mkdir(parents=True)
    for path in (package / "__init__.py", package / "deep/__init__.py"):
        path.touch()
    (package / "width.py").write_text("WIDTH = 6\n")
    (package / "deep/model.py").write_text(NETWORK.format(helper="..width"))
    reference = "own_models_package.deep.model:make"
    assert [path.name for path in user_functions.code_files(reference, "factory")] == [
        "model.py",
        "__init__.py",
        "width.py",
    ]
    assert python.Python(factory=reference).load().module.head.weight.shape == (4, 6)
    assert user_functions.file("torchvision.models.resnet:resnet18", "factory").name == "resnet.py"
    assert len(user_functions.code_files("torchvision.models.resnet:resnet18", "factory")) == 1
    assert "own_models_package" not in str(user_functions.folder(reference, "factory"))


def test_an_edit_of_the_file_or_of_one_beside_it_counts_and_a_comment_does_not(project):
    def digests():
        code_digest._read.cache_clear()
        code_digest.digest.cache_clear()
        return [code_digest.digest(path) for path in python.Python(factory=f"{project}:make").code_files()]

    before = digests()
    assert len(before) == 2
    path = Path(project)
    path.write_text("# a comment\n" + path.read_text())
    assert digests() == before
    helper = next(Path("nets").glob("helper_*"))
    helper.write_text("WIDTH = 7\n")
    assert digests()[0] == before[0]
    assert digests()[1] != before[1]


def test_own_weights_and_outputs_that_are_no_classes(project, tmp_path):
    own = python.Python(factory=f"{project}:make", seed=9).load().module.state_dict()
    torch.save(own, tmp_path / "own.pth")
    loaded = python.Python(factory=f"{project}:make", file=tmp_path / "own.pth").load()
    assert (loaded.weights, loaded.categories) == ("own.pth", None)
    assert torch.equal(loaded.module.head.weight, own["head.weight"])
    assert freeze.freeze(loaded).rows[-1].label == "predictions"
    none = python.Python(factory=f"{project}:make", classes=0).load()
    assert freeze.freeze(none).rows[-1].label == "fc1"
    torch.save({"head.weight": own["head.weight"]}, tmp_path / "part.pth")
    with pytest.raises(DataError, match=r"part\.pth:.*fit nets/net_.*3 missing.*`kwargs`"):
        python.Python(factory=f"{project}:make", file=tmp_path / "part.pth").load()


def test_a_network_that_cannot_be_traced_opens_elsewhere(project, tmp_path, caplog):
    loaded = python.Python(factory=f"{project}:make", kwargs={"branching": True}).load()
    frozen = freeze.freeze(loaded)
    assert "cannot be traced" in caplog.text
    freeze.save(frozen, "network.pt")
    code = (
        "import torch; from repscape.traced.network import open_network\n"
        "frozen = open_network('network.pt')\n"
        "frozen.run(torch.ones(2, 3, 224, 224), {'head': lambda value: print(*value[0].tolist())})"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    expected = loaded.module(torch.ones(2, 3, 224, 224))[0]
    torch.testing.assert_close(torch.tensor([float(word) for word in said.split()]), expected)


@pytest.mark.parametrize(
    ("reference", "keys", "told"),
    [
        ("nets/nett.py:make", {}, r"factory: nets/nett\.py:.*file \(paths"),
        ("nowhere.at_all:make", {}, r"module 'nowhere.at_all' \(searched"),
        ("just_a_name", {}, r"path/to/file.py:function.*package.module:function.*'just_a"),
        ("{}:mak", {}, r"net_.*\.py: function 'mak'.*'make'"),
        ("{}:fail", {"depth": 3}, r"fail\(depth=3\) failed: ValueError:.*depth 3 \(.*line 27\)"),
        ("{}:make", {"dpth": 3}, r"make\(dpth=3\) failed: TypeError:.*unexpected keyword argument 'dpth'"),
        ("{}:nothing", {}, r"return.*torch.nn.Module.*dict"),
        ("{}:made", {}, r"expected a function that makes a network, found a network"),
    ],
)
def test_what_is_told(project, reference, keys, told):
    with pytest.raises(ConfigError, match=told):
        python.Python(factory=reference.format(project), kwargs=keys).load()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import torch\n1 / 0\n", r"imported: ZeroDivisionError: division.*zero \(.*line 2\)"),
        (
            "import nothing_of_this_name\n",
            r"imported: ModuleNotFoundError:.*'nothing_of_this_name'",
        ),
        ("def make(:\n", "imported: SyntaxError"),
    ],
)
def test_files_that_cannot_be_imported(project, text, told):
    Path(project).write_text(text)
    with pytest.raises(ConfigError, match=told):
        python.Python(factory=f"{project}:make").load()


def test_names_of_other_modules_are_refused(project):
    Path("json.py").write_text("def make(): pass\n")
    with pytest.raises(ConfigError, match=r"json\.py.*name.*module.*Rename"):
        python.Python(factory="json.py:make").load()


def test_weights_that_it_cannot_have(project):
    with pytest.raises(ConfigError, match=r"weights: 'randm'.*'random'"):
        python.Python(factory=f"{project}:make", weights="randm", file=None).check()
    with pytest.raises(ConfigError, match="weights"):
        python.Python(factory=f"{project}:make", weights="random", file="x.pth").check()
