"""What pyproject.toml cannot say: a wheel holds the workflow too, in the folder `repository` of the package.

It is laid out as here, so that paths from one file to another are the same in a clone and when installed.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
WORKFLOW = (
    "workflow/Snakefile",
    "workflow/rules/*.smk",
    "workflow/scripts/*.py",
    "workflow/profiles/*/config.yaml",
    "config/config.yaml",
    "config/schema.json",
    "envs/environment.yaml",
    "results/README.md",
    "workflow/docs/**/*.md",
)


class BuildWithWorkflow(build_py):
    """Builds the package and adds the files of the workflow; an editable install has them in the clone."""

    def run(self) -> None:
        """Copy the files."""
        super().run()
        if self.editable_mode:
            return
        for file in (file for pattern in WORKFLOW for file in sorted(ROOT.glob(pattern))):
            copy = Path(self.build_lib, "repscape/repository", file.relative_to(ROOT))
            self.mkpath(str(copy.parent))
            self.copy_file(str(file), str(copy))


setup(cmdclass={"build_py": BuildWithWorkflow})
