"""The page of a study: when it is made, and what it takes along."""

import re
import shutil
from urllib.parse import unquote

import pytest
from project import Project


def page(project) -> str:
    return (project.folder / "results/small/index.html").read_text(encoding="utf-8")


def shown(text) -> list[str]:
    return re.findall(r'<article class="figure" id="figure-(\w+)"', text)


def planned(project, *arguments) -> bool:
    """Whether the page would be made."""
    done = project.run("--dry-run", *arguments)
    return bool(re.search(r"^index +1$", done.stdout + done.stderr, re.M))


def test_a_run_makes_it_with_all_that_it_links_to(finished, tmp_path):
    """Also where the study's folder alone is copied."""
    study = shutil.copytree(finished.folder / "results/small", tmp_path / "elsewhere/my study #1")
    text = (study / "index.html").read_text(encoding="utf-8")
    assert shown(text) == list(finished.config["figures"])
    addresses = [one for one in re.findall(r'(?:href|src)="([^"]*)"', text) if not one.startswith("#")]
    files = {unquote(one) for one in addresses if not one.startswith("data:")}
    assert {"figures/rdm_gallery.svg", "figures/rdm_gallery.nc", "analyses/differentiation.csv"} <= files
    assert all((study / file).is_file() for file in files)
    assert len(addresses) - len([one for one in addresses if not one.startswith("data:")]) == 12
    assert not planned(finished)


def test_it_follows_captions_figures_and_the_config_alone(project):
    config = project.config
    figures = config["figures"]
    (project.folder / "results/small/analyses/differentiation.csv").touch()
    assert not planned(project)
    caption = project.folder / "results/small/figures/rdm_gallery.rst"
    caption.write_text(f"{caption.read_text().strip()} More.\n")
    assert planned(project)
    project.run("index")
    assert " More.</p>" in page(project)
    assert not planned(project)
    del figures["rdm_gallery"]
    project.write_config(config)
    done = project.run()
    assert "all in one page, for a browser: results/small/index.html" in done.stderr
    assert shown(page(project)) == ["differentiation_by_depth", "layer_table"]
    assert "rdm_gallery" not in page(project)


def test_a_failed_run_leaves_the_page_that_was(project):
    before, config = page(project), project.config
    config["figures"] |= {"other": {"kind": "rdm_gallery", "metric": "correlation"}}
    project.write_config(config)
    folder = project.folder / "results/small/figures"
    (folder / "other.svg").mkdir()  # in the place of the figure
    (folder / "other.svg/file").touch()
    assert project.run(check=False).returncode == 1
    assert page(project) == before
    shutil.rmtree(folder / "other.svg")
    project.run()
    assert shown(page(project))[-1] == "other"


@pytest.mark.parametrize("figures", [{}])
def test_a_study_without_figures_has_one(fresh: Project, figures):
    config = fresh.config | {"analyses": {}, "figures": figures}
    config["samples"] = [{"population": "filter_means"}]
    fresh.write_config(config)
    done = fresh.run()
    assert "Page, for a browser: results/small/index.html" in done.stderr
    assert shown(page(fresh)) == []
    assert page(fresh).count('<article class="stimulus"') == 3
