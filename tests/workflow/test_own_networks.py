"""Networks of one's own, end to end: what they are made of is an input like any other."""

import pytest
from project import Project, make_pictures

NETWORK = """
import torch
from torch import nn
from width import WIDTH

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, WIDTH, 3)
        self.head = nn.Linear(WIDTH, 4)

    def forward(self, x):
        x = self.conv(x)
        if x.mean() > -1e9:  # cannot be traced
            x = x.relu()
        return self.head(x.mean((2, 3)))
"""
CONFIG = {
    "study": "own",
    "stimuli": {"pictures": {"kind": "images", "path": "pictures", "size": [64, 64]}},
    "networks": {
        "own": {"kind": "python", "factory": "nets/net.py:Net", "layers": [["conv1", 1], "predictions"]},
        "other": {"kind": "torchvision", "architecture": "squeezenet1_1", "weights": "random",
                  "preprocess": {"resize": 64, "crop": 64}, "layers": ["conv1"]},
    },
    "populations": {"first_half": {"kind": "filter_means", "channels": "0:2"}},
    "samples": [{"population": "first_half"}],
}  # fmt: skip


@pytest.mark.slow
def test_an_edit_of_ones_own_network_makes_it_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("REPSCAPE_CACHE", str(tmp_path / "cache"))
    project = Project.create(tmp_path / "project", CONFIG)
    make_pictures(project.folder / "pictures", ["a.png", "b.png", "c.png", "d.png"])
    (project.folder / "nets").mkdir()
    net, width = project.folder / "nets/net.py", project.folder / "nets/width.py"
    net.write_text(NETWORK)
    width.write_text("WIDTH = 5\n")
    said = project.run()
    assert said.stderr.count("making the table of its layers (done once)") == 1
    assert project.plan() == set()
    net.write_text(f"# a comment\n{NETWORK}")
    assert project.plan() == set()
    width.write_text("WIDTH = 6\n")
    jobs = project.plan()
    assert "network source=own" in jobs
    assert any(job.startswith("activations_own") for job in jobs)
    assert not any("other" in job for job in jobs)
    width.write_text("WIDTH = 0\n1 / WIDTH\n")
    failed = project.run("--dry-run", check=False)
    assert failed.returncode
    assert "networks.own.factory: nets/net.py cannot be imported: ZeroDivisionError" in failed.stderr
