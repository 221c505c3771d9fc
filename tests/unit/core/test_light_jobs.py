"""What a job imports: jobs of activations, samples and RDMs go without the config's libraries."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "workflow/scripts"
CODE = """
import runpy, sys
runpy.run_path(sys.argv[1])
from repscape.plugin.registry import find
find("metrics", "crossnobis")
print(*{"pydantic", "pandas", "xarray", "matplotlib", "importlib.metadata"} & sys.modules.keys())
"""


@pytest.mark.parametrize("script", ["rdms", "samples", "merge", "replay"])
def test_jobs_of_arrays_import_little(script):
    path = SCRIPTS / f"{script}.py"
    found = subprocess.run([sys.executable, "-c", CODE, path], check=True, capture_output=True, text=True)
    assert found.stdout.split() == []


def test_a_job_that_records_needs_nothing_of_the_config():
    code = "import sys, repscape.activations.record; print('repscape.plugin.parameter_types' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "False"
