"""Plugins are found by their step and name: in the package, in users' folders, in installed packages."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from repscape.core.errors import ConfigError
from repscape.plugin import registry, schema
from repscape.plugin.contract import STEPS

METRIC = """
import numpy as np
from repscape.plugin.contract import Metric

class Mine(Metric):
    def dissimilarity(self, activity, scaling):
        return np.zeros(3)
"""


@pytest.fixture(autouse=True)
def _only_what_ships():
    """Forget the folders of other tests."""
    yield
    registry.use([])


def lab(folder, **files):
    """Write files, named ``step__name``, to a folder of plugins, and use it."""
    for name, text in files.items():
        path = folder.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    registry.use([folder])
    return folder


def test_every_step_has_plugins_and_each_a_schema():
    for step in STEPS:
        assert registry.names(step), f"no plugins found for {step}"
        for name in registry.names(step):
            assert schema.model(registry.find(step, name)).model_fields[schema.KIND].is_required()


def test_an_unknown_name_lists_the_valid_ones():
    with pytest.raises(ConfigError, match=r"rdms.metrics: 'corelation' .*'correlation'"):
        registry.find("metrics", "corelation", "rdms.metrics")


def test_what_plugins_share_is_no_plugin():
    assert "lib" not in registry.names("metrics")


def test_a_file_in_a_folder_of_ones_own_is_a_plugin(tmp_path):
    folder = lab(tmp_path / "lab", metrics__mine=METRIC)
    assert "mine" in registry.names("metrics")
    assert registry.file("metrics", "mine") == folder / "metrics/mine.py"
    assert registry.find("metrics", "mine")().dissimilarity(None, None).shape == (3,)


def test_versions_of_libraries(tmp_path):
    lab(tmp_path / "lab", metrics__mine=METRIC + "\n    libraries = ('numpy',)\n")
    assert registry.library_versions("metrics", "mine") == {"numpy": np.__version__}
    lab(tmp_path / "other", metrics__mine=METRIC + "\n    libraries = ('numpy', 'sklearn_')\n")
    with pytest.raises(ConfigError, match=r"mine\.py: Mine\.libraries: 'sklearn_'.*installed"):
        registry.library_versions("metrics", "mine")


def test_files_of_a_folder_import_each_other(tmp_path):
    text = METRIC.replace("import numpy as np", "from ..lib import zeros as np")
    lab(tmp_path / "lab", metrics__mine=text, lib__zeros="def zeros(n):\n    return [0] * n\n")
    assert registry.find("metrics", "mine")().dissimilarity(None, None) == [0, 0, 0]


def test_folders_with_files_of_one_name_are_told_apart(tmp_path):
    lab(tmp_path / "a", metrics__one=METRIC.replace("np.zeros(3)", "5"))
    lab(tmp_path / "b", stimuli__one=METRIC, metrics__two=METRIC.replace("np.zeros(3)", "6"))
    registry.use([tmp_path / "a", tmp_path / "b"])
    found = [registry.find("metrics", name)().dissimilarity(0, 0) for name in ("one", "two")]
    assert found == [5, 6]


BROKEN = {
    "two classes": (METRIC + METRIC.replace("Mine", "Other"), r"mine\.py:.*class.*Mine, Other"),
    "no class": ("x = 1\n", r"mine\.py:.*class derived.*Metric"),
    "a class of another step": (
        METRIC.replace("Metric", "Stimulus").replace(
            "dissimilarity(self, activity, scaling)", "images(self)"
        ),
        r"mine\.py:.*class derived.*Metric",
    ),
    "a function in place of a method": (
        METRIC + "\ndef in_blocks(activity, scaling):\n    yield activity\n",
        r"mine\.py: .*in_blocks.*Mine",
    ),
    "a misspelt name": (METRIC + "\n    captoin = 'x'\n", r"mine\.py:\d+: Mine\.'captoin'.*'caption'"),
    "no Python": (METRIC + "\n    def caption(:\n", r"mine\.py:9: .*SyntaxError: invalid syntax"),
    "an import that fails": (
        "import nosuchmodule\n" + METRIC,
        r"mine\.py:1:.*module.*'nosuchmodule'",
    ),
    "an exception": (METRIC + "\nlist(map(int, 'x'))\n", r"mine\.py:9: .*ValueError: invalid literal"),
    "an import by the folder's name": (
        "from lab.lib.help import G\n" + METRIC,
        r"mine\.py:1:.*module.*'lab'.*relative.*\.\.lib",
    ),
    "text for yes or no": (
        METRIC + "\n    squared = 'no'\n",
        r"mine\.py:\d+: Mine\.squared:.*bool \| None.*'no'",
    ),
    "text for a list of texts": (
        METRIC + "\n    libraries = 'numpy'\n",
        r"mine\.py:\d+: Mine\.libraries:.*tuple\[str, \.\.\.\].*'numpy'",
    ),
    "an end of the process": (METRIC + "\nimport sys; sys.exit('bye')\n", r"mine\.py:9: .*SystemExit: bye"),
    "an unknown type": (
        "from __future__ import annotations\n"
        + METRIC.replace("import Metric", "import Metric, parameter")
        + "    k: Unknown = parameter('A number.')\n",
        r"mine\.py: Mine:.*'Unknown'.*defined",
    ),
    "a type that no config has": (
        METRIC.replace("import Metric", "import Metric, parameter")
        + "    k: np.ndarray = parameter('Numbers.')\n",
        r"mine\.py: .*numpy.ndarray",
    ),
}
PARAMETERS = {
    "a default of another type": ("k: int = parameter('X.', 'abc')", r"mine\.py: Mine\.k: 'abc' .*integer"),
    "a default out of its bounds": (
        "k: int = parameter('X.', 0, ge=1)",
        r"mine\.py: Mine\.k: 0.*equal.* 1",
    ),
    "a bound that the type has not": (
        "k: str = parameter('X.', 'a', ge=1)",
        r"mine\.py: Mine\.k: 'a' .*'ge'",
    ),
    "a name of pydantic's": ("model_config: str = parameter('X.', 'a')", r"mine\.py: Mine\.model_config: "),
    "another name of pydantic's": ("copy: bool = parameter('X.', True)", r"mine\.py: Mine\.copy: .*Rename"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_with_a_file_is_said_with_the_file(tmp_path, what):
    text, message = BROKEN[what]
    lab(tmp_path / "lab", metrics__mine=text)
    with pytest.raises(ConfigError, match=message):
        schema.model(registry.find("metrics", "mine"))


@pytest.mark.parametrize("what", PARAMETERS)
def test_what_is_wrong_with_a_parameter_is_said_with_the_file(tmp_path, what):
    declared, message = PARAMETERS[what]
    text = METRIC.replace("import Metric", "import Metric, parameter") + f"    {declared}\n"
    lab(tmp_path / "lab", metrics__mine=text)
    with pytest.raises(ConfigError, match=message):
        schema.model(registry.find("metrics", "mine"))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("metric/mine.py", r"plugins: .*lab: 'metric'.*'metrics'"),
        ("mine.py", r"plugins:.*lab:.*folders.*plugins \(stimuli"),
        ("metrics/correlation.py", r"lab/metrics/correlation\.py: .*repscape/metrics/correlation\.py"),
        ("metrics/my.metric.py", r"my\.metric\.py:.*name.*dots"),
    ],
)
def test_folders_that_cannot_be_used(tmp_path, path, message):
    file = tmp_path / "lab" / path
    file.parent.mkdir(parents=True)
    file.write_text(METRIC)
    with pytest.raises(ConfigError, match=message):
        registry.use([tmp_path / "lab"])


def test_a_folder_that_is_not_there(tmp_path):
    (tmp_path / "file").touch()
    for name, found in {"nowhere": "none", "file": "a file"}.items():
        with pytest.raises(ConfigError, match=f"plugins: .*{name}: expected a folder, found {found}"):
            registry.use([tmp_path / name])


INSTALLED = """
import sys
from repscape.plugin import registry
try:
    registry.use([])
    print(registry.find("metrics", "mine").__module__, registry.find("metrics", "mine")().dissimilarity(0, 0))
except Exception as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("mylab.plugins", "mylab.plugins.metrics.mine 7"),
        ("mylab.version", "mylab.version is not a package"),
        ("nowhere.plugins", "nowhere.plugins is not a package"),
    ],
)
def test_an_installed_package_names_itself_by_an_entry_point(tmp_path, value, said):
    """It goes by its own name, so that its plugins can import all of it."""
    package = tmp_path / "mylab"
    (package / "plugins/metrics").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "version.py").write_text("SEVEN = 7\n")
    text = METRIC.replace("import numpy as np", "from ...version import SEVEN")
    (package / "plugins/metrics/mine.py").write_text(text.replace("np.zeros(3)", "SEVEN"))
    information = tmp_path / "mylab-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: mylab\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[repscape.plugins]\nmylab = {value}\n")
    path = f"{Path(registry.__file__).parents[2]}:{tmp_path}"
    done = subprocess.run(
        [sys.executable, "-c", INSTALLED], capture_output=True, text=True, env={"PYTHONPATH": path}
    )
    assert said in done.stdout, done.stderr


def test_planning_imports_nothing_heavy():
    heavy = "torch torchvision av PIL xarray pandas netCDF4 scipy matplotlib sklearn rsatoolbox timm"
    code = (
        "import sys; from repscape import config; from repscape.plugin import code_digest, registry, schema\n"
        "from repscape.plugin.contract import STEPS\n"
        "for step in STEPS:\n"
        "    for name in registry.names(step): schema.model(registry.find(step, name))\n"
        f"print(*(set({heavy!r}.split()) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_plugin_is_imported_by_no_other_step():
    """What a step shares with later ones is in its `lib`, so that a plugin can be taken out as a file."""
    plugins = {f"repscape.{step}.{name}": step for step in STEPS for name in registry.names(step)}
    package = Path(registry.__file__).parents[1]
    for file in package.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        found = {
            f"{one.module}.{name.name}"
            for one in nodes
            if isinstance(one, ast.ImportFrom)
            for name in one.names
        }
        found |= {one.module for one in nodes if isinstance(one, ast.ImportFrom)}
        found |= {name.name for one in nodes if isinstance(one, ast.Import) for name in one.names}
        room = file.relative_to(package).parts[0]
        others = {name for name in found & plugins.keys() if plugins[name] != room}
        assert room == "api" or not others, file  # the API is of what ships
