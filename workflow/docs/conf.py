"""The site, built by Sphinx from the Markdown of the repository: CONTRIBUTING says how.

The whole repository is the source, so that links lead to the same places here and on a code host. Pages are
plain Markdown: which page is listed where is said below, so that they need no directives of Sphinx.
"""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]

project = "repscape"
author = "the authors of repscape"
html_title = "repscape"

extensions = ["myst_nb"]
root_doc = "README"
include_patterns = ["*.md", "config/README.md", "envs/README.md", "results/README.md", "workflow/docs/**"]
with_pages = {"config", "envs", "results", "workflow"}
exclude_patterns = [path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in with_pages]
exclude_patterns += ["results/*/**", "workflow/repscape", "workflow/rules", "workflow/scripts"]

myst_heading_anchors = 4  # named as code hosts name them
nb_execution_mode = "off"  # a test executes the notebooks

html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {page: [] for page in ("README", "workflow/docs/gallery", "workflow/docs/glossary")}
html_show_copyright = False
html_copy_source = False

# Which pages follow which, in this order; a folder stands for its pages. What is listed nowhere follows ALL.
ALL = "workflow/docs/README"
CONTENTS = {
    "README": ["guide/README", "tutorials/README", "gallery", "reference/README", "glossary", "README"],
    "workflow/docs/guide/README": [
        "guide/running",
        "python",
        "python_functions",
        "project",
        "guide/config",
        "guide/stimuli",
        "categories",
        "guide/networks",
        "guide/recordings",
        "guide/populations",
        "guide/rdms",
        "guide/analyses",
        "guide/comparing_rdms",
        "guide/units_and_decoding",
        "guide/figures",
        "guide/results",
        "guide/result_files",
        "cluster",
        "scale",
        "reliability",
        "security",
    ],
    "workflow/docs/tutorials/README": [
        "tutorials/",
        "rsa",
        "objects92",
        "gratings_v1",
        "rsa_tables",
        "notebooks",
    ],
    "workflow/docs/reference/README": [
        "reference/study",
        "reference/stimuli",
        "reference/networks",
        "reference/trainings",
        "reference/recordings",
        "reference/populations",
        "reference/activations",
        "reference/samples",
        "reference/rdms",
        "reference/analyses",
        "reference/figures",
    ],
    ALL: ["guide/costs", "speed", "/CONTRIBUTING", "/CHANGELOG"],
}


def listed(page: str, found: set[str]) -> list[str]:
    """List the pages that follow a page, of those that were found."""
    names = []
    for name in CONTENTS.get(page, ()):
        path = name[1:] if name.startswith("/") else f"workflow/docs/{name}"
        names += sorted(one for one in found if one.startswith(path)) if name.endswith("/") else [path]
    return [name for name in names if name in found and name != page]


def add_contents(app, page: str, source: list[str]) -> None:
    """Append the list of the pages that follow, which the sidebar shows."""
    found = app.env.found_docs
    names = listed(page, found)
    if page == ALL:
        elsewhere = {name for other in CONTENTS for name in listed(other, found)} | {app.config.root_doc}
        names += sorted(found - elsewhere)
    if names:
        entries = "\n".join(f"/{name}" for name in names)
        source[0] += f"\n\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n"


def begin_at_index(app, error: Exception | None) -> None:
    """Let the site begin at ``index.html``, as browsers and hosts expect."""
    if error is None and app.builder.format == "html":
        shutil.copy(Path(app.outdir) / "README.html", Path(app.outdir) / "index.html")


def setup(app) -> None:
    """Register the two steps above."""
    app.connect("source-read", add_contents)
    app.connect("build-finished", begin_at_index)
