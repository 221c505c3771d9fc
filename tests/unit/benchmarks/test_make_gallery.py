"""The gallery has every figure; its page is what the studies say now, and their configs have no mistake."""

import make_gallery
import pytest
import yaml

from repscape.plugin import registry


@pytest.fixture(scope="module")
def figures():
    """Return the sections of all figures, by name."""
    return {
        name: section or {}
        for study in make_gallery.STUDIES
        for name, section in make_gallery.config(study)["figures"].items()
    }


def test_every_figure_is_there(figures):
    kinds = {make_gallery.kind_of(name, section) for name, section in figures.items()}
    assert kinds == set(registry.names("figures")), "add it to a study in workflow/docs/gallery"
    shows = {section["show"] for section in figures.values() if section.get("kind") == "unit_activity"}
    assert shows == {"bars", "profiles", "histogram", "heatmap", "map"}


def test_the_page_is_what_the_studies_say_now():
    written = make_gallery.PAGE.read_text(encoding="utf-8")
    assert written == make_gallery.page(), "make it anew: python tests/benchmarks/make_gallery.py --page"


def test_each_has_a_small_picture(figures):
    pictures = {path.stem: path.stat().st_size for path in make_gallery.GALLERY.glob("*.webp")}
    assert pictures.keys() == figures.keys()
    assert max(pictures.values()) < make_gallery.LARGEST


def test_an_excerpt_has_what_the_figure_shows(tmp_path):
    study = make_gallery.resolved("photographs", tmp_path)
    text = (make_gallery.GALLERY / "photographs.yaml").read_text(encoding="utf-8")
    found = yaml.safe_load(make_gallery.excerpt("trajectories", study, text))
    assert {section: list(parts) for section, parts in found.items()} == {
        "analyses": ["second_order", "layers_in_space"],  # in the order in which they are made
        "figures": ["trajectories"],
    }
    whole = yaml.safe_load(text)
    assert found["analyses"]["second_order"] == whole["analyses"]["second_order"]
