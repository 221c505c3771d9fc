"""What jobs ask for, of a cluster through its profile or of the GPU of this machine, as plans show it."""

import re

import pytest
import yaml
from project import REPOSITORY

SLURM = ("--profile", "profiles/slurm")


def asked(project, *arguments):
    """Return the resources of planned jobs by rule, of one job a rule, and the rules in groups by group."""
    done = project.run("--quiet", "host", "--dry-run", "--forceall", *arguments)
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
    assert {asked.get("gpu", "0") for asked in others.values()} == {"0"}
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
    assert resources["activations_squeezenet"]["gpu"] == gpu


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


def test_jobs_ask_for_more_of_the_gpu_the_larger_the_network(project):
    """Bounds follow from the files that are there: the frozen network and the population."""
    project.write_config(project.config | {"device": "cuda"})
    resources, _ = asked(project)
    small = resources["activations_squeezenet"]
    config = project.config
    config["activations"] = {"cuda_batch": 1024}
    project.write_config(config)
    large = asked(project)[0]["activations_squeezenet"]
    assert 1000 < int(small["gpu_mb"]) < int(large["gpu_mb"])
    assert int(small["mem_mb"]) > 4000
