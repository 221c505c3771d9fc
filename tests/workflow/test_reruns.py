"""What reruns when: each row of the table in workflow/docs/guide/results.md, on a finished run."""

import os
import shutil
import time
from base64 import urlsafe_b64encode

import pytest
from project import make_pictures

CHAIN_OF_PICTURES = {
    "stimulus stimulus=pictures",
    "activations_squeezenet population=random stimulus=pictures",
    "activations_squeezenet population=filter_means stimulus=pictures",
    "rdms_squeezenet population=random size=20 stimulus=pictures",
    "rdms_squeezenet population=random size=100 stimulus=pictures",
    "rdms_squeezenet population=filter_means size=all stimulus=pictures",
}
RDM_FIGURES = {"differentiation_by_depth", "rdm_gallery"}
AGGREGATED = {"differentiation"} | RDM_FIGURES


def sorted_words(jobs):
    """Write jobs with their wildcards in alphabetical order."""
    return {" ".join([job.split()[0], *sorted(job.split()[1:])]) for job in jobs}


def edit(project, file, old, new):
    path = project.folder / file
    text = path.read_text()
    assert old in text, f"{file} no longer has {old!r}"
    path.write_text(text.replace(old, new, 1))


def rules(jobs):
    return {job.split()[0] for job in jobs}


def test_what_changes_no_result_reruns_nothing(project):
    """Comments, docstrings, the order of keys, and dates of sources and pictures."""
    edit(project, "workflow/repscape/metrics/sqeuclidean.py", "\nclass ", "\n# a comment\nclass ")
    edit(project, "workflow/repscape/io/netcdf.py", '"""NetCDF files', '"""Labelled NetCDF files')
    edit(project, "workflow/scripts/rdms.py", '"""', '"""Reworded: ')
    config = {
        key: dict(reversed(value.items())) if isinstance(value, dict) else value
        for key, value in project.config.items()
    }
    project.write_config(dict(reversed(config.items())))
    later = time.time() + 10**8  # an input may also be of the future
    for path in [
        project.folder / "Snakefile",
        *project.folder.glob("workflow/**/*"),
        *project.folder.glob("pictures/*"),
    ]:
        os.utime(path, (later, later))
    assert project.plan() == set()


def test_parameter_of_one_figure_and_code_of_another(project):
    config = project.config
    config["figures"]["differentiation_by_depth"]["metric"] = "correlation"
    project.write_config(config)
    edit(project, "workflow/repscape/figures/rdm_gallery.py", "\nclass ", "\nCHANGED = 1\n\n\nclass ")
    assert project.plan() == {"differentiation_by_depth", "rdm_gallery"}


def test_shared_style(project):
    edit(project, "workflow/repscape/figures/lib/style.py", "def save(", "CHANGED = 1\n\n\ndef save(")
    assert project.plan() == {"differentiation_by_depth", "rdm_gallery", "layer_table"}


def test_one_more_sample_size(project):
    config = project.config
    config["samples"][0] = {"population": "random", "sizes": [20, 50, 100], "repeats": [3, 2, 1]}
    project.write_config(config)
    jobs = project.plan()
    assert rules(jobs) == {
        "samples_squeezenet",
        "rdms_squeezenet",
        "differentiation",
        "differentiation_by_depth",
    }
    assert all("size=50" in job for job in jobs if "_squeezenet" in job)


def test_one_more_population(project):
    config = project.config
    config["populations"]["few"] = {"kind": "random", "units": 30}
    config["samples"].append({"population": "few"})
    project.write_config(config)
    jobs = project.plan()
    assert rules(jobs) == {
        "population",
        "activations_squeezenet",
        "samples_squeezenet",
        "rdms_squeezenet",
        "differentiation",
        "differentiation_by_depth",
    }
    assert all("population=few" in job for job in jobs if "=" in job)


def test_one_more_stimulus(project):
    config = project.config
    config["stimuli"]["more"] = {"kind": "white_noise", "count": 4, "size": [64, 64]}
    project.write_config(config)
    expected = {job.replace("pictures", "more") for job in CHAIN_OF_PICTURES}
    assert sorted_words(project.plan()) == expected | AGGREGATED


@pytest.mark.parametrize(
    "change",
    [
        "content",
        "content of an old date and the same size",
        "new file",
        "new file with an old date",
        "file gone",
    ],
)
def test_changed_pictures(project, change):
    pictures = project.folder / "pictures"
    if change == "content":
        make_pictures(pictures, ["a.png"], seed=1)
    elif change.startswith("content"):
        content = bytearray((pictures / "a.png").read_bytes())
        content[-20] ^= 1
        (pictures / "new").write_bytes(content)
        os.utime(pictures / "new", (0, 0))
        os.replace(pictures / "new", pictures / "a.png")
    elif change == "file gone":
        (pictures / "a.png").unlink()
    else:
        shutil.copy(pictures / "a.png", pictures / "e.png")
        if change.endswith("date"):
            os.utime(pictures / "e.png", (0, 0))
    assert sorted_words(project.plan()) == CHAIN_OF_PICTURES | AGGREGATED


def test_one_more_network(project):
    config = project.config
    config["networks"]["second"] = {**config["networks"]["squeezenet"], "seed": 1}
    project.write_config(config)
    jobs = project.plan()
    assert (
        rules(jobs)
        == {
            "network",
            "population",
            "activations_second",
            "samples_second",
            "rdms_second",
            "layer_table",
        }
        | AGGREGATED
    )
    assert all("source=second" in job for job in jobs if "source=" in job)


def test_other_weights(project):
    config = project.config
    config["networks"]["squeezenet"]["seed"] = 5
    project.write_config(config)
    assert (
        rules(project.plan())
        == {
            "network",
            "population",
            "activations_squeezenet",
            "samples_squeezenet",
            "rdms_squeezenet",
            "layer_table",
        }
        | AGGREGATED
    )


def test_one_more_layer(project):
    config = project.config
    config["networks"]["squeezenet"]["layers"].insert(2, "relu1")
    project.write_config(config)
    assert (
        rules(project.plan())
        == {
            "population",
            "activations_squeezenet",
            "samples_squeezenet",
            "rdms_squeezenet",
            "layer_table",
        }
        | AGGREGATED
    )


def test_code_of_a_metric(project):
    edit(
        project,
        "workflow/repscape/metrics/correlation.py",
        "\nclass ",
        "\nCHANGED = 1\n\n\nclass ",
    )
    assert rules(project.plan()) == {"rdms_squeezenet"} | AGGREGATED


def test_seed(project):
    config = project.config
    config["seed"] = 1
    project.write_config(config)
    jobs = sorted_words(project.plan())
    assert {"stimulus stimulus=white_noise", "network source=squeezenet"} <= jobs
    assert not {"stimulus stimulus=pictures", "stimulus stimulus=gratings"} & jobs
    assert {"samples_squeezenet population=random size=20"} <= jobs


def test_seed_where_records_are_damaged(project):
    """As after a loss of power: Snakemake by itself would find nothing to do."""
    record = urlsafe_b64encode(b"results/small/stimuli/white_noise.nc").decode()
    os.truncate(project.folder / ".snakemake/metadata" / record, 0)
    assert "stimulus stimulus=white_noise" in project.plan()


def test_stimulus_removed(project):
    config = project.config
    del config["stimuli"]["gratings"]
    project.write_config(config)
    assert project.plan() == AGGREGATED


def test_size_removed(project):
    config = project.config
    config["samples"][0] = {"population": "random", "sizes": [100], "repeats": [1]}
    project.write_config(config)
    assert project.plan() == {"differentiation", "differentiation_by_depth"}


def test_deleted_intermediate(project):
    activations = project.folder / "results/small/activations/squeezenet/pictures/random/conv1.nc"
    activations.unlink()
    assert project.plan() == set()
    wanted = activations.relative_to(project.folder).as_posix()
    assert sorted_words(project.plan(wanted)) == {
        "activations_squeezenet population=random stimulus=pictures"
    }
    config = project.config
    config["rdms"]["metrics"].append("cosine")
    project.write_config(config)
    jobs = sorted_words(project.plan())
    assert "activations_squeezenet population=random stimulus=pictures" in jobs
    assert "activations_squeezenet population=random stimulus=gratings" not in jobs


def test_library_version(project):
    """A new torch reruns the forward passes, although its code is not ours."""
    edit(
        project, "workflow/rules/jobs.smk", 'version(name) for name in ("torch"', '"0.0" for name in ("torch"'
    )
    assert {"network", "activations_squeezenet"} <= rules(project.plan())
