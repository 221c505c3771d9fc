"""A page of made-up stimuli and figures, with names that a browser could take for markup or addresses."""

import pytest
from made_page import NASTY, noise, stimulus
from PIL import Image

CAPTION = "RDMs of ``<script>alert(2)</script>`` & *two* others. The rest of it."


@pytest.fixture(scope="session")
def nasty(tmp_path_factory):
    """The contents of a page with such names, and its files."""
    folder = tmp_path_factory.mktemp("a study #1 100% <b>")
    (folder / "figures").mkdir()
    figures = ["a#1 50% <b> & ü", "rdm_gallery", "tall"]
    for number, name in enumerate(figures):
        size = [(2125, 900), (2125, 1972), (600, 2800)][number]
        Image.new("RGB", size, "white").save(folder / f"figures/{name}.png", dpi=(300, 300))
        (folder / f"figures/{name}.svg").write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}"/>'
        )
        (folder / f"figures/{name}.rst").write_text(f"{CAPTION} {'Long. ' * 60}", encoding="utf-8")
    pictures = stimulus(folder / "pictures.nc", noise(4, 64, 48, 3), NASTY, label=["x", "y", "<i>", "é"])
    many = stimulus(folder / "many.nc", noise(300, 4, 4, 3))
    contents = {
        "study": 'Study "<1>" & ü #%',
        "stimuli": [
            {
                "name": name,
                "kind": "images",
                "keys": {"path": [f"folder/{one}" for one in NASTY], "size": [64, 48], "table": None},
                "file": f"{name}.nc",
                "shown_to": ["net"],
            }
            for name in ("pictures", "many")
        ],
        "sources": [
            {
                "name": "net",
                "kind": "torchvision",
                "keys": {"architecture": "alexnet", "weights": "random"},
                "count": 12,
                "of": "layer",
                "stimuli": ["pictures", "many"],
            },
            {
                "name": "it",
                "kind": "mat_rdms",
                "keys": {},
                "count": None,
                "of": "RDM",
                "stimuli": ["pictures"],
            },
        ],
        "figures": [
            {
                "name": name,
                "kind": "rdm_gallery",
                "category": "RDMs",
                "svg": f"figures/{name}.svg",
                "png": f"figures/{name}.png",
                "data": [],
            }
            for name in figures
        ],
        "analyses": [],
        "config": {"study": "<b>&amp;", "stimuli": {"pictures": {"path": NASTY}}, "long": "x" * 400},
    }
    files = {
        "stimuli": [str(pictures), str(many)],
        "png": [str(folder / one["png"]) for one in contents["figures"]],
        "rst": [str(folder / one["png"]).removesuffix("png") + "rst" for one in contents["figures"]],
    }
    return folder, contents, files
