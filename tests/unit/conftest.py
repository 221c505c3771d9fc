"""Made-up responses of networks and recordings, in the files' own format."""

from textwrap import dedent

import numpy as np
import pytest

from repscape.io import netcdf
from repscape.plugin import registry


class Responded:
    """A stimulus of gratings and what sources answered to it, written into a folder."""

    def __init__(self, root, images=24, period=180, angles=None):
        self.root = root
        self.angle = np.arange(images) * period / images if angles is None else np.asarray(angles)
        self.names = [f"grating_{at:03d}" for at in range(len(self.angle))]
        self.stimulus = root / "stimulus.nc"
        netcdf.write(
            self.stimulus,
            kind="stimulus",
            variables={
                "images": (("image",), np.zeros(len(self.names), np.uint8)),
                "name": (("image",), self.names),
                "orientation": (("image",), [str(angle) for angle in self.angle]),
            },
            attributes={"stimulus": "gratings", "factors": ["orientation"]},
        )
        self.activations = []

    def layer(self, source, layer, activity, order=0, names=None, **attributes):
        """Write what a network's layer answered, (image, unit); return the path."""
        return self._write(source, layer, order, names, {}, activity, attributes)

    def area(self, source, area, response, trial_image, order=0, names=None):
        """Write what an area answered in single trials, (trial, unit), sorted by image; return the path."""
        image = np.asarray(trial_image, np.int32)
        counts = np.bincount(image, minlength=len(self.names))
        means = np.array([response[image == at].mean(0) for at in range(len(counts))])
        repeat = np.concatenate([np.arange(count) for count in counts]).astype(np.int32)
        trials = {
            "response": (("trial", "unit"), response.astype(np.float32)),
            "trial_image": (("trial",), image),
            "trial_repeat": (("trial",), repeat),
        }
        return self._write(source, area, order, names, trials, means, {"recording_sha256": "r"})

    def _write(self, source, layer, order, names, more, activity, attributes):
        path = self.root / f"activations/{source}/{layer}.nc"
        netcdf.write(
            path,
            kind="activations",
            variables={
                "activation": (("image", "unit"), np.asarray(activity, np.float32)),
                "name": (("image",), names or self.names),
                "orientation": (("image",), [str(angle) for angle in self.angle]),
                "unit": (("unit",), np.arange(np.shape(activity)[1], dtype=np.int32)),
                **more,
            },
            attributes={
                "source": source, "stimulus": "gratings", "population": "all", "layer": layer, "order": order,
                "statistic": "unit", "positions": 1, "selected": '{"kind": "all"}',
                "factors": ["orientation"], **attributes,
            },
        )  # fmt: skip
        self.activations.append(str(path))
        return str(path)

    @property
    def files(self):
        return {"stimulus": str(self.stimulus), "activations": self.activations}


def tuned(angle, units, noise, seed=0, period=180):
    """Answer to angles as neurons with one preferred angle each do, with noise: (row, unit)."""
    random = np.random.default_rng(seed)
    preferred = np.random.default_rng(99).uniform(0, period, units)
    phase = 2 * np.pi * (np.asarray(angle)[:, None] - preferred) / period
    return np.exp(2 * (np.cos(phase) - 1)) + noise * random.normal(size=(len(angle), units))


@pytest.fixture
def responded(tmp_path):
    """A maker of made-up responses."""
    return lambda **options: Responded(tmp_path, **options)


@pytest.fixture
def plugin_folder(tmp_path):
    """Return a function that writes a file of the user's plugins, from which they are taken at once."""
    folder = tmp_path / "my_lab"

    def write(name, text):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        registry.use([folder])
        return folder

    yield write
    registry.use([])


@pytest.fixture(scope="session")
def tuned_to():
    return tuned


@pytest.fixture(scope="session")
def responded_class():
    return Responded
