"""The workflow as a module of a user's own Snakefile, in a folder of its own."""

import pytest
import yaml
from conftest import CONFIG
from project import REPOSITORY, Project

SNAKEFILE = f"""\
configfile: "mine.yaml"

module repscape:
    snakefile: "{REPOSITORY}/Snakefile"
    config: config

use rule * from repscape

onstart: repscape.begin()
onsuccess: repscape.end_well()
onerror: repscape.end_badly()
"""


@pytest.fixture
def users(tmp_path) -> Project:
    stimuli = {name: CONFIG["stimuli"][name] for name in ("white_noise", "gratings")}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(CONFIG | {"stimuli": stimuli}))
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    return Project(tmp_path)


def test_it_runs_from_a_users_folder_with_the_users_config(users):
    done = users.run("stimuli")
    assert set(users.results("small/stimuli/*")) == {
        "small/stimuli/white_noise.nc",
        "small/stimuli/gratings.nc",
    }
    assert (
        f"Results: results/small/  ·  what each file contains and how to read it: {REPOSITORY}" in done.stderr
    )
    assert {"activations_squeezenet", "rdm_gallery"} <= {job.split()[0] for job in users.plan()}


def test_mistakes_name_the_users_file(users):
    text = (users.folder / "mine.yaml").read_text()
    (users.folder / "mine.yaml").write_text(f"{text}sede: 3\n")
    done = users.run("--dry-run", check=False)
    assert f"mine.yaml:{len(text.splitlines()) + 1}: sede: unknown key" in done.stderr


@pytest.mark.parametrize("path", ["Snakefile", "workflow/Snakefile"])
def test_its_rules_may_have_a_prefix_and_the_whole_study_is_its_target(users, path):
    text = SNAKEFILE.replace(f"{REPOSITORY}/Snakefile", f"{REPOSITORY}/{path}")
    (users.folder / "Snakefile").write_text(text.replace("from repscape", "from repscape as net_*"))
    rules = {job.split()[0] for job in users.plan()}
    assert {"net_activations_squeezenet", "net_rdm_gallery", "net_all"} <= rules
