"""Where the workflow's files lie: in a clone of the repository, or beside the package that was installed.

A wheel holds them in the folder ``repository`` of the package, laid out as in the repository.
"""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]
_INSTALLED = PACKAGE / "repository"

REPOSITORY = _INSTALLED if _INSTALLED.is_dir() else PACKAGE.parents[1]
WORKFLOW = REPOSITORY / "workflow"
SNAKEFILE = WORKFLOW / "Snakefile"


def default_config() -> str:
    """Return the config that is run where none is named: that of the folder, or that of the default study."""
    here = Path("config/config.yaml")
    return str(here if here.exists() else REPOSITORY / here)
