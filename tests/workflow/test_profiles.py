"""What jobs ask for, of a cluster through its profile or of the GPU of this machine, as plans show it."""

import os
import re

import pytest
import yaml
from project import REPOSITORY

SLURM = ("--profile", "profiles/slurm")


def asked(project, *arguments, **environment):
    """Return the resources of planned jobs by rule, of one job a rule, and the rules in groups by group."""
    done = project.run("--quiet", "host", "--dry-run", "--forceall", *arguments, **environment)
    resources, groups, group, rule = {}, {}, None, None
    for line in (done.stdout + done.stderr).splitlines():
        if match := re.search(r"Group job (\S+)", line):
            group = match[1]
        elif match := re.match(r"( *)(?:local)?rule (\S+):", line):
            rule = match[2]
            if match[1]:  # members of groups are indented
                groups.setdefault(group, set()).add(rule)
        elif match := re.match(r" *resources: (.+)", line):
            resources[rule] = dict(item.split("=", 1) for item in match[1].split(", "))
    return resources, groups


def test_no_key_is_in_both_profiles():
    """Snakemake loads profiles/default beside any other, and lets it win."""
    default, slurm = (
        yaml.safe_load((REPOSITORY / f"profiles/{name}/config.yaml").read_text())
        for name in ("default", "slurm")
    )
    assert set(default) & set(slurm) == set()
    assert "rerun-triggers" in default


def test_gpu_jobs_go_where_the_site_says(fresh):
    resources, _ = asked(fresh, *SLURM)
    activations = resources["activations_squeezenet"]
    assert (activations["gpu"], activations["slurm_partition"]) == ("1", "gpu")
    others = {
        rule: asked for rule, asked in resources.items() if rule not in ("activations_squeezenet", "all")
    }
    assert {asked.get("gpu") for asked in others.values()} == {None}
    assert {asked["slurm_partition"] for asked in others.values() if "runtime" in asked} == {"cpu"}


def test_settings_for_gpus_may_be_any_resource_and_depend_on_the_attempt(fresh):
    given = (
        "slurm_partition=cpu",
        "constraint=old",
        "for_gpu_constraint='new' if attempt == 1 else 'newest'",
    )
    resources, _ = asked(fresh, *SLURM, "--default-resources", *given, "for_gpu_gpu_model=a100")
    activations, stimulus = resources["activations_squeezenet"], resources["stimulus"]
    assert (activations["constraint"], activations["gpu_model"], activations["gpu"]) == ("new", "a100", "1")
    assert (stimulus["constraint"], stimulus.get("gpu_model")) == ("old", None)
    assert (activations["slurm_partition"], stimulus["slurm_partition"]) == ("cpu", "cpu")


@pytest.mark.parametrize(("device", "gpu"), [("auto", "0"), ("cpu", "0"), ("cuda", "1")])
def test_without_settings_for_gpus_only_cuda_asks_for_one(fresh, device, gpu):
    fresh.write_config(fresh.config | {"device": device})
    resources, _ = asked(fresh, *SLURM, "--default-resources", "slurm_partition=cpu")
    assert resources["activations_squeezenet"].get("gpu", "0") == gpu


def test_small_jobs_share_and_others_do_not(fresh):
    config = fresh.config
    config["stimuli"]["scrambled"] = {
        "source": "phase_scramble",
        "of": "pictures",
        "kind": "spatial_phase_2d",
    }
    config["populations"]["top"] = {"select": "top", "units": 10, "reference": "pictures"}
    config["samples"].append({"population": "top", "sizes": [5], "draw": "ranked"})
    fresh.write_config(config)
    resources, groups = asked(fresh, *SLURM)
    assert groups["rdms"] == {"rdms_squeezenet"}
    assert groups["units"] == {"population", "samples_squeezenet"}
    assert groups["stimuli"] == {"stimulus"}
    assert groups["figures"] == {"differentiation_by_depth", "rdm_gallery", "layer_table"}
    alone = set(resources) - set().union(*groups.values())
    assert {"network", "activations_squeezenet", "differentiation"} <= alone


def test_rdms_of_many_images_have_the_memory_that_they_may_fill(fresh):
    """They are made in blocks, whatever the number of shards."""
    config = fresh.config
    config["stimuli"]["many"] = {"source": "white_noise", "count": 2001, "size": [8, 8]}
    config |= {"activations": {"shard": 10_000}, "rdms": {"memory": "2500 MB"}}
    fresh.write_config(config)
    population, size = next((entry["population"], entry["sizes"][-1]) for entry in config["samples"])
    file = f"results/small/rdms/squeezenet/many/{population}/conv1/n{size}.nc"
    assert asked(fresh, file)[0]["rdms_squeezenet"]["mem_mb"] == "2500"


GPU = """
import sys
sys.path.insert(0, "workflow")
from repscape.core import devices
devices.has_gpu = lambda: True
"""


@pytest.fixture
def with_gpu(project):
    """What to add to the environment to be on a machine with a GPU, by what is free on it."""
    hook = project.folder / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(GPU)

    def environment(answer):
        program = hook / "nvidia-smi"
        program.write_text(f"#!/bin/sh\necho '{answer}'\n")
        program.chmod(0o755)
        paths = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH")}
        return {name: os.pathsep.join(filter(None, [str(hook), path])) for name, path in paths.items()}

    return environment


def test_jobs_share_the_gpu_by_its_free_memory(project, with_gpu):
    """Plans show what a job asks for, cut to what there is in all."""
    file = "results/small/activations/squeezenet/pictures/random/conv1.nc"

    def shown(answer, *arguments):
        return asked(project, file, *arguments, **with_gpu(answer))[0]["activations_squeezenet"]

    plenty = shown("80000")
    assert plenty["gpu"] == "1"
    assert 1000 < int(plenty["gpu_mb"]) < 5000  # a batch of 256 small images
    assert shown("1000")["gpu_mb"] == "1048"
    assert shown("80000", "--resources", "gpu_mb=500")["gpu_mb"] == "500"
    assert shown("no answer")["gpu_mb"] == plenty["gpu_mb"]


def test_a_job_asks_for_more_of_the_gpu_the_larger_its_batch(project, with_gpu):
    file = "results/small/activations/squeezenet/pictures/random/conv1.nc"
    before = asked(project, file, **with_gpu("80000"))[0]["activations_squeezenet"]
    project.write_config(project.config | {"activations": {"cuda_batch": 1024}})
    after = asked(project, file, **with_gpu("80000"))[0]["activations_squeezenet"]
    # squeezenet1_1's largest layer, shown 64 pixels instead of 224, four times, and 300 units recorded; and
    # eight times the pixels, of which the file has little else
    values = 4 * 64 * 111**2 * (64 / 224) ** 2 + 300
    more = 768 * (4 * values + 8 * 3 * 64**2) / 1e6
    assert more - 1 <= int(after["gpu_mb"]) - int(before["gpu_mb"]) <= 1.1 * more
    assert int(after["mem_mb"]) > 4000
