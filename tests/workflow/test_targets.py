"""What one can ask for by name, and what the terminal and the logs tell meanwhile."""

import os
import pty
import re
import shutil
import subprocess

import yaml
from messages import says
from project import make_pictures

# Imported by every Python that starts in the run: looking at a picture takes a while.
SLOW = """
import pathlib, time
is_file = pathlib.Path.is_file
def slow(self, *arguments, **keywords):
    if self.suffix == ".png":
        time.sleep(0.6)
    return is_file(self, *arguments, **keywords)
pathlib.Path.is_file = slow
"""


def jobs(done) -> list[str]:
    """Return the rules of the jobs that were run, in their order."""
    return re.findall(r"^Finished (\w+)", done.stderr, re.M)


def rules(plan) -> set[str]:
    return {job.split()[0] for job in plan}


def test_a_figure_is_redrawn_alone_and_the_end_says_where(project):
    config = project.config
    config["figures"]["differentiation_by_depth"] = {"metric": "correlation"}
    config["figures"]["rdm_gallery"] = {"metric": "correlation"}
    project.write_config(config)
    before = project.results()
    done = project.run("differentiation_by_depth")
    assert jobs(done) == ["differentiation_by_depth"]
    after = project.results()
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {f"small/figures/differentiation_by_depth.{suffix}" for suffix in ("svg", "png", "rst")}
    assert "Figures: results/small/figures/" in done.stderr
    assert "all in one page, for a browser: snakemake --cores 1 index" in done.stderr
    assert "Finished differentiation_by_depth\n" in done.stderr
    assert "Results: results/small/ " in project.run("rdms").stderr  # where nothing is to be done, too
    assert project.plan() == {"rdm_gallery"}


def test_a_mistyped_figure_is_told_and_likely_ones_are_named(finished):
    done = finished.run("rdm_galery", check=False)
    assert done.returncode != 0
    says(done.stderr, "'rdm_galery' … 'rdm_gallery'")
    assert "Exception" not in done.stderr


def test_results_without_records_are_told(project):
    told = "Snakemake has no record of them"
    assert told not in project.run("--dry-run").stderr
    shutil.rmtree(project.folder / ".snakemake/metadata")
    assert told in project.run().stderr
    project.run("--touch", "--forceall")
    assert told not in project.run("--dry-run").stderr


def test_steps_are_targets(fresh):
    chain = {
        "stimulus",
        "network",
        "population",
        "activations_squeezenet",
        "samples_squeezenet",
        "rdms_squeezenet",
    }
    assert rules(fresh.plan("stimuli")) == {"stimulus", "stimuli"}
    assert rules(fresh.plan("networks")) == {"network", "networks"}
    assert rules(fresh.plan("rdms")) == chain | {"rdms"}
    before = chain - {"rdms_squeezenet"}
    assert rules(fresh.plan("activations", "samples", "populations")) == before | {
        *("activations", "samples", "populations")
    }
    assert rules(fresh.plan("analyses")) == chain | {"differentiation"}
    figures = {"differentiation_by_depth", "rdm_gallery", "layer_table"}
    assert rules(fresh.plan("figures")) == chain | {"differentiation"} | figures


def test_one_layer_and_one_stimulus_have_an_rdm(fresh):
    """By itself, in a study that asks for nothing that follows from it."""
    config = fresh.config | {"analyses": {}, "figures": {}, "samples": [{"population": "filter_means"}]}
    config["stimuli"] = {"white_noise": config["stimuli"]["white_noise"]}
    config["networks"]["squeezenet"]["layers"] = ["conv1"]
    fresh.write_config(config)
    chain = {"stimulus", "network", "population", "activations_squeezenet", "samples_squeezenet"}
    assert rules(fresh.plan()) == rules(fresh.plan("rdms")) - {"rdms"} == chain | {"rdms_squeezenet"}


def test_a_run_that_does_not_fit_stops_before_its_first_job(fresh):
    fresh.write_config(fresh.config | {"disk": "1 MB"})
    done = fresh.run(check=False)
    assert done.returncode == 1
    assert re.search(r"^Disk: about \d+ MB will be written \(.*RDMs", done.stderr, re.M)
    says(done.stderr, "repscape: results/small: … 1 MB … 'disk'")
    assert "Traceback" not in done.stderr
    assert jobs(done) == []


def test_layers_prints_the_table_of_each_network(project):
    done = project.run("layers")
    assert jobs(done) == ["layers"]
    lines = done.stdout.splitlines()
    assert "squeezenet" in lines
    rows = {line.split()[0]: line for line in lines if line.strip()}
    assert {"input", "conv1", "relu2", "maxpool1", "predictions"} <= set(rows)
    assert "features.0 " in rows["conv1"]
    for heading in ("node", "kind", "channels", "units", "parameters"):
        assert heading in done.stdout


def test_every_job_has_a_log(finished):
    logs = finished.folder / "results/small/logs"
    found = {path.relative_to(logs).with_suffix("").as_posix() for path in logs.rglob("*.log")}
    stimuli, sizes = (
        ("white_noise", "gratings", "pictures"),
        ("random/n20", "random/n100", "filter_means/nall"),
    )
    populations = ("random", "filter_means")
    assert found == {
        *(f"stimuli/{stimulus}" for stimulus in stimuli),
        "networks/squeezenet",
        *(f"populations/squeezenet/{population}" for population in populations),
        *(f"activations/squeezenet/{stimulus}/{pop}" for stimulus in stimuli for pop in populations),
        *(f"samples/squeezenet/{size}" for size in sizes),
        *(f"rdms/squeezenet/{stimulus}/{size}" for stimulus in stimuli for size in sizes),
        "analyses/differentiation",
        *(f"figures/{figure}" for figure in finished.config["figures"]),
        "index",
    }
    said = (logs / "activations/squeezenet/pictures/random.log").read_text()
    assert re.search(
        r"INFO recording squeezenet, pictures, random: 4 images in [\d.]+ s \([\d.e+]+/s\)", said
    )


def test_a_study_without_oddities_warns_of_nothing(finished):
    logs = [path.read_text() for path in (finished.folder / "results/small/logs").rglob("*.log")]
    assert logs
    assert not [log for log in logs if " WARNING " in log]


def test_report(project):
    project.run("--report", "report.html")
    report = (project.folder / "report.html").read_text()
    for figure in project.config["figures"]:
        assert f"results/small/figures/{figure}.svg" in report
        caption = (project.folder / f"results/small/figures/{figure}.rst").read_text()
        assert len(caption.split()) > 15
        assert " ".join(caption.split()[:5]) in report
        assert f'"figure": "{figure.replace("_", " ")}"' in report
    assert report.count('"study": "small"') >= 3
    categories = re.search(r"var categories = (\{.*?\});?\s*</script>", report, re.S)
    assert categories
    assert len(yaml.safe_load(categories[1])) > 1


OWN = """\
study: mine
stimuli:
  holidays: {kind: images, path: my pictures, size: [64, 64]}
networks:
  shuffle: {kind: torchvision, architecture: shufflenet_v2_x0_5, weights: random, preprocess: {crop: 64}}
populations: {filter_means: {kind: filter_means}}
samples: [{population: filter_means}]
figures: {rdm_gallery: {}}
"""


def test_ones_own_pictures_and_network(project):
    make_pictures(project.folder / "my pictures", ["a b.png", "ü.png", "c.jpg"])
    (project.folder / "config/mine.yaml").write_text(OWN)
    first = {path: path.stat().st_mtime_ns for path in (project.folder / "results/small").rglob("*")}
    done = project.run("--configfile", "config/mine.yaml")
    assert "Figures: results/mine/figures/" in done.stderr
    assert "all in one page, for a browser: results/mine/index.html" in done.stderr
    results = project.results("mine/**/*")
    assert {"mine/figures/rdm_gallery.svg", "mine/networks/shuffle/layers.nc"} <= set(results)
    assert not [path for path in results if "white_noise" in path or "squeezenet" in path]
    now = {path: path.stat().st_mtime_ns for path in (project.folder / "results/small").rglob("*")}
    assert now == first
    assert project.plan() == set()


def test_a_long_step_shows_its_progress_on_a_terminal(fresh):
    (fresh.folder / "hook").mkdir()
    (fresh.folder / "hook/sitecustomize.py").write_text(SLOW)
    make_pictures(fresh.folder / "pictures", [f"{number}.png" for number in range(6)])
    path = os.pathsep.join(filter(None, [str(fresh.folder / "hook"), os.getenv("PYTHONPATH")]))
    reader, terminal = pty.openpty()
    run = subprocess.Popen(
        fresh.command("results/small/stimuli/pictures.nc"),
        cwd=fresh.folder,
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    said = b""
    try:
        while piece := os.read(reader, 4096):
            said += piece
    except OSError:  # the other side has ended
        pass
    os.close(reader)
    said = said.decode()
    assert run.wait(60) == 0, said
    bars = re.findall(
        r"reading pictures: +(\d+)%\|[^|]*\| +(\d+)/10 \[\d\d:\d\d<\d\d:\d\d, +([\d.]+) images/s\]", said
    )
    assert len(bars) >= 2, said
    done = [int(number) for _, number, _ in bars]
    assert done == sorted(done)
    assert 0 < done[0] < 10
    log = (fresh.folder / "results/small/logs/stimuli/pictures.log").read_text()
    assert "reading pictures: 10 images in" in log


# Imported by the Python that plans: a version of Snakemake in which a part that is no public one has gone.
WITHOUT_A_METHOD = """
from snakemake.persistence.file import FilePersistence
def gone(self):
    raise AttributeError
FilePersistence._mark_incomplete = property(gone)
"""


def test_what_a_later_snakemake_lacks_is_left_out_with_a_line(project):
    (project.folder / "hook").mkdir()
    (project.folder / "hook/sitecustomize.py").write_text(WITHOUT_A_METHOD)
    path = os.pathsep.join(filter(None, [str(project.folder / "hook"), os.getenv("PYTHONPATH")]))
    done = project.run("--dry-run", PYTHONPATH=path)
    said = done.stdout + done.stderr
    assert said.count("has no '_mark_incomplete'") == 1, said
    assert "Traceback" not in said
