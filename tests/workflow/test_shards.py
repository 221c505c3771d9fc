"""A stimulus of many images is recorded in shards, which are kept when others fail, to the same bytes."""

import os
import time

from project import Project, make_pictures
from test_reruns import edit, sorted_words

CONFIG = {
    "study": "small",
    "stimuli": {"pictures": {"kind": "images", "path": "pictures", "size": [64, 64]}},
    "networks": {
        "squeezenet": {
            "kind": "torchvision",
            "architecture": "squeezenet1_1",
            "weights": "random",
            "preprocess": {"resize": 64, "crop": 64},
            "layers": ["input", "conv1"],
        },
    },
    "populations": {"random": {"kind": "random", "units": 50}},
    "activations": {"batch": 2},
    "samples": [{"population": "random"}],
    "analyses": {"differentiation": {}},
}
# Imported by every Python that starts in the run: the first to complete the second shard is killed.
KILL = """
import os, signal
rename = os.replace
def replace(source, target):
    if str(target).endswith("conv1.1-of-3.nc") and not os.path.exists("killed"):
        open("killed", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    rename(source, target)
os.replace = replace
"""


def job(rule, shard):
    return f"{rule}_squeezenet population=random shard={shard} stimulus=pictures"


def test_shards(tmp_path):
    whole = Project.create(tmp_path / "whole", CONFIG)
    # So few files are many, here: they have one digest.
    edit(whole, "workflow/repscape/io/file_digests.py", "FEW = 1000", "FEW = 3")
    make_pictures(whole.folder / "pictures", [f"{at}.png" for at in range(11)])
    whole.run()
    assert whole.plan() == set()

    parted = Project.create(tmp_path / "parted", CONFIG | {"activations": {"batch": 2, "shard": 4}})
    edit(parted, "workflow/repscape/io/file_digests.py", "FEW = 1000", "FEW = 3")
    make_pictures(parted.folder / "pictures", [f"{at}.png" for at in range(11)])
    (parted.folder / "hook").mkdir()
    (parted.folder / "hook/sitecustomize.py").write_text(KILL)
    path = os.pathsep.join(filter(None, [str(parted.folder / "hook"), os.getenv("PYTHONPATH")]))
    assert parted.run(check=False, PYTHONPATH=path).returncode == 1
    shards = parted.folder / "results/small/shards/squeezenet/pictures/random"
    assert {file.name for file in shards.glob("conv1.*")} == {"conv1.0-of-3.nc", "conv1.2-of-3.nc"}

    later = sorted_words(parted.plan())
    assert job("shard", "1-of-3") in later
    assert not {job("shard", "0-of-3"), job("shard", "2-of-3")} & later
    parted.run()
    ours, theirs = parted.results(), whole.results()
    for results in (ours, theirs):
        del results["small/index.html"]  # which shows the config
    assert ours == theirs  # and no shard is left
    assert parted.plan() == set()

    picture = parted.folder / "pictures/3.png"
    os.utime(picture, (time.time() + 5,) * 2)
    assert parted.plan() == set()
    content = bytearray(picture.read_bytes())
    content[-20] ^= 1
    picture.write_bytes(content)
    os.utime(picture, (0, 0))
    assert "stimulus stimulus=pictures" in parted.plan()
    picture.unlink()
    assert "stimulus stimulus=pictures" in parted.plan()
