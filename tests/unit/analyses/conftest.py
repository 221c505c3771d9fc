"""Made-up RDMs and tables of differentiation, in the files' own format."""

import numpy as np
import pytest

from repscape.io import netcdf
from repscape.study.study import Study

SELECTED = '{"kind": "random", "units": 1000}'


class Made:
    """A small study whose files are written into a folder."""

    def __init__(self, root, stimuli, layers=("input", "a", "b"), samples=None, sources=("net",)):
        self.root, self.stimuli, self.layers = root, tuple(stimuli), tuple(layers)
        self.study = Study(
            name="test",
            stimuli=self.stimuli,
            layers=dict.fromkeys(sources, self.layers),
            samples=samples or {"random": ("200", "1000")},
            metrics=("sqeuclidean", "correlation"),
            analyses=(),
            config={},
        )

    def rdm(self, values, *, layer, stimulus, source="net", population="random", size="1000"):
        """Write one RDM file, float32 (metric, repeat, pair); return its path."""
        keys = {
            "source": source,
            "stimulus": stimulus,
            "population": population,
            "layer": layer,
            "size": size,
        }
        path = self.root / self.study.path("rdm", **keys)
        values = np.asarray(values, np.float32)
        images = round((1 + np.sqrt(1 + 8 * values.shape[-1])) / 2)
        first, second = np.triu_indices(images, 1)
        netcdf.write(
            path,
            kind="rdm",
            variables={
                "dissimilarity": (("metric", "repeat", "pair"), values),
                "metric": (("metric",), list(self.study.metrics[: len(values)])),
                "measure": (("metric",), list(self.study.metrics[: len(values)])),
                "normalisation": (("metric",), ["zscore"] * len(values)),
                "image_i": (("pair",), first.astype(np.int32)),
                "image_j": (("pair",), second.astype(np.int32)),
            },
            attributes=keys
            | {
                "order": self.layers.index(layer),
                "n_drawn": 10,
                "stimulus_sha256": stimulus,
                "drawn": "random",
                "selected": SELECTED,
            },
        )
        return str(path)

    def differentiation(self, values, reference="", images=None, sha256=None):
        """Write the table from float64 (source, stimulus, layer, population, size, metric, repeat)."""
        study = self.study
        sizes = list(dict.fromkeys(size for own in study.samples.values() for size in own))
        labels = {
            "source": list(study.layers), "stimulus": list(study.stimuli), "layer": list(self.layers),
            "population": list(study.samples), "size": sizes, "metric": list(study.metrics),
        }  # fmt: skip
        order = np.tile(np.arange(len(self.layers), dtype=np.int32), (len(study.layers), 1))
        path = self.root / "differentiation.nc"
        values = np.asarray(values, float)
        by_layer = ("source", "layer", "population", "size")
        draws = np.isfinite(values).any((1, 5)).sum(-1)
        netcdf.write(
            path,
            kind="analysis",
            variables={
                "differentiation": ((*labels, "repeat"), values),
                "images": (("stimulus",), np.array(images or [5] * len(study.stimuli), np.int32)),
                "order": (("source", "layer"), order),
                "measure": (("metric",), list(study.metrics)),
                "normalisation": (("metric",), ["zscore"] * len(study.metrics)),
                "stimulus_sha256": (("stimulus",), list(sha256 or study.stimuli)),
                "shown": (("source", "stimulus"), np.isfinite(values).any((2, 3, 4, 5, 6)).astype(np.int8)),
                "recording": (("source",), np.zeros(len(study.layers), np.int8)),
                "presentations": (("source",), np.zeros(len(study.layers), np.int32)),
                "n_drawn": (by_layer, (draws > 0).astype(np.int32) * 10),
                "draws": (by_layer, draws.astype(np.int32)),
                "selected": (("population",), [SELECTED] * len(study.samples)),
                "drawn": (("population",), ["random"] * len(study.samples)),
                **{dim: ((dim,), own) for dim, own in labels.items()},
            },
            attributes={"reference": reference, "median": "pairs"},
        )
        return str(path)


@pytest.fixture
def made(tmp_path):
    """A maker of made-up studies."""
    return lambda stimuli, **options: Made(tmp_path, stimuli, **options)


@pytest.fixture
def two_sizes(made):
    """Write RDMs of two sizes and their medians; the smaller size has 8 draws."""
    images_of = {"a": 6, "b": 8}
    study = made(images_of)
    random = np.random.default_rng(2)
    paths, rdms = [], {}
    values = np.full((1, 2, 3, 1, 2, 2, 8), np.nan)
    for s, (stimulus, images) in enumerate(images_of.items()):
        for layer, name in enumerate(study.layers):
            for size, repeats in ((0, 8), (1, 1)):
                rdm = random.gamma(4, size=(2, repeats, images * (images - 1) // 2)).astype(np.float32)
                rdms[stimulus, name, size] = rdm.astype(float)
                values[0, s, layer, 0, size, :, :repeats] = np.median(rdm.astype(float), -1)
                paths.append(study.rdm(rdm, layer=name, stimulus=stimulus, size=("200", "1000")[size]))
    table = study.differentiation(values, "b", images=list(images_of.values()))
    return study, {"differentiation": table, "rdms": paths}, rdms
