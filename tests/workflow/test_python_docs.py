"""The page on Python and the notebooks: every block and cell runs; numbers are those shown."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

DOCS = Path(__file__).parents[2] / "workflow/docs"
NOTEBOOKS = ("network_and_neurons", "default_study")


def executed(name, folder):
    """Run a notebook in a folder; return what its cells print and show as text."""
    notebook = nbformat.read(DOCS / f"tutorials/{name}.ipynb", 4)
    metadata = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=metadata).execute()
    return text_of(notebook)


def text_of(notebook):
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "\n".join(
        output["text"] if "text" in output else output.get("data", {}).get("text/plain", "")
        for output in outputs
    )


@pytest.fixture
def project(finished, tmp_path):
    """A folder with the results of a study, under the name of the default one."""
    shutil.copytree(finished.folder / "results/small", tmp_path / "results/default")
    return tmp_path


@pytest.mark.slow
def test_the_notebook_of_a_network_gives_the_numbers_that_it_shows(tmp_path):
    shown = text_of(nbformat.read(DOCS / "tutorials/network_and_neurons.ipynb", 4))
    found = executed("network_and_neurons", tmp_path)
    rows = r"^(input|block\d+|fc1) +(-?\d\.\d+)"
    expected, values = (dict(re.findall(rows, text, re.MULTILINE)) for text in (shown, found))
    assert len(expected) == 8
    assert {"block12"} == {
        layer for layer, value in expected.items() if float(value) == max(map(float, expected.values()))
    }
    if "RANDOM" not in found:
        assert values.keys() == expected.keys()
        assert all(abs(float(values[layer]) - float(expected[layer])) < 0.01 for layer in expected)


@pytest.mark.slow
def test_the_notebook_of_a_study_runs_on_its_results(project):
    found = executed("default_study", project)
    assert "squeezenet" in found
    assert "blok5" in found
    assert "Frozen({'image': 4, 'unit'" in found or "'image': 4" in found


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_are_small_and_executed_in_order(name):
    path = DOCS / f"tutorials/{name}.ipynb"
    assert path.stat().st_size < 300_000
    notebook = nbformat.read(path, 4)
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert not any(
        output.output_type == "error" for cell in notebook.cells for output in cell.get("outputs", [])
    )
    assert not any(
        output.get("name") == "stderr" for cell in notebook.cells for output in cell.get("outputs", [])
    )


def test_blocks_of_the_page_run_one_after_the_other(project, monkeypatch, capsys):
    monkeypatch.chdir(project)
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.+?)```", page, re.DOTALL)
    assert len(blocks) == 6
    names = {}
    for block in blocks:
        exec(block.replace('"block5"', '"conv1"'), names)
    assert "correlation" in capsys.readouterr().out
    assert names["found"].sizes["layer"] == len(names["models"])


def test_the_page_names_every_function():
    import repscape

    page = (DOCS / "python.md").read_text(encoding="utf-8")
    table = page.partition("|---|---|")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"`(\w+)\(", table)) == sorted(repscape.__all__)
