"""Synthetic results in the files' own format, shaped like what was measured with MobileNetV2."""

import itertools
import json

import numpy as np
import xarray as xr

from repscape.figures.lib.style import Style, palette
from repscape.io.netcdf import add_variable, create, set_attributes, write
from repscape.networks.torchvision import Torchvision
from repscape.plugin import registry, schema
from repscape.study.study import Study

STIMULI = ("bigbuckbunny", "bikes", "carphone", "gratings", "pictures", "white_noise")
FOUR = ("bikes", "gratings", "pictures", "white_noise")
FIVE = ("input", "block2", "block17", "fc1", "predictions")
SMALL = ("input", "block1", "block2", "block17", "fc1", "predictions")
LAYERS = ("input", *(f"block{i}" for i in range(1, 20)), "avgpool1", "fc1", "predictions")
SHAPES = (
    (3, 224, 224), (32, 112, 112), (16, 112, 112), (24, 56, 56), (24, 56, 56), (32, 28, 28), (32, 28, 28),
    (32, 28, 28), (64, 14, 14), (64, 14, 14), (64, 14, 14), (64, 14, 14), (96, 14, 14), (96, 14, 14),
    (96, 14, 14), (160, 7, 7), (160, 7, 7), (160, 7, 7), (320, 7, 7), (1280, 7, 7), (1280, 1, 1),
    (1000, 1, 1), (1000, 1, 1),
)  # fmt: skip
REPEATS = {"200": 100, "10000": 10, "100000": 1}


class Results:
    """The files of a made-up study in a folder, and the `Study` that names them."""

    def __init__(
        self, root, stimuli=STIMULI, layers=LAYERS, sources=("mobilenet_v2",), reference="white_noise"
    ):
        self.root, self.stimuli, self.sources, self.reference = (
            root,
            tuple(stimuli),
            tuple(sources),
            reference,
        )
        self.layers = tuple(layers)
        self.samples = {"filter_means": ("all",), "random": tuple(REPEATS)}
        self.metrics = ("sqeuclidean", "correlation")
        self.random = np.random.default_rng(7)
        at = np.linspace(0, len(SHAPES) - 1, len(self.layers)).astype(int)
        self.shapes = [SHAPES[i] for i in at]
        self.same = {}  # what stands for the pixels of a stimulus, where it is not alone
        self.factors = {}  # of images, by stimulus: a mapping of factor to values
        self.images = {s: 20 if s == "pictures" else 30 for s in self.stimuli}

    @property
    def study(self):
        return Study(
            name="default",
            stimuli=self.stimuli,
            layers=dict.fromkeys(self.sources, self.layers),
            samples=self.samples,
            metrics=self.metrics,
            analyses=("differentiation", "predictions"),
            config={
                "stimuli": {
                    name: {"kind": "phase_scramble", "of": "a"}
                    if name in self.factors
                    else {"kind": "white_noise"}
                    for name in self.stimuli
                },
                "networks": {
                    source: schema.model(Torchvision)
                    .model_validate(
                        {
                            "kind": "torchvision",
                            "architecture": "mobilenet_v2",
                            "weights": "random" if "untrained" in source else "IMAGENET1K_V1",
                        }
                    )
                    .model_dump()
                    for source in self.sources
                },
                "analyses": {name: {"kind": name} for name in registry.names("analyses")}
                | {
                    "differentiation": {"kind": "differentiation", "reference": self.reference},
                    "svm": {"kind": "svm", "across": "color"},
                },
                "populations": {
                    "all": {"kind": "all"},
                    "filter_means": {"kind": "filter_means"},
                    "maps": {"kind": "filters", "channels": [0, 2]},
                    "random": {"kind": "random", "units": 100_000},
                },
                "samples": {
                    "filter_means": {"draw": "random", "repeats": {"all": 1}},
                    "random": {"draw": "random", "repeats": REPEATS},
                },
            },
        )

    @property
    def style(self):
        return Style(palette(self.stimuli, self.reference))

    def units(self, population="random"):
        if population == "filter_means":
            return [shape[0] for shape in self.shapes]
        return [min(int(np.prod(shape)), 100_000) for shape in self.shapes]

    def true_differentiation(self):
        """D by (stimulus, layer): noise falls from 1.94 to 0.13, movies stay near 1.7."""
        depth = np.linspace(0, 1, len(self.layers))
        curves = []
        for index, stimulus in enumerate(self.stimuli):
            if stimulus == self.reference:
                curves.append(0.13 + 1.81 * np.exp(-((depth / 0.35) ** 2)))
            else:
                start = 0.5 + 1.2 * ((index * 0.37) % 1)
                end = 1.2 + 0.6 * ((index * 0.61) % 1)
                wave = 0.12 * np.sin(5 * depth + index)
                curves.append(start + (end - start) * depth**0.8 + wave)
        return np.array(curves)

    def selected(self, population):
        return json.dumps(self.study.config["populations"][population])

    def differentiation(self, degenerate=(), zero=(), how="random", shown=None, sampled=None):
        """Write analyses/differentiation.nc; NaN where (stimulus, layer) is `degenerate`, 0 for `zero`.

        `shown` and `sampled` are the stimuli and the sizes of sources that have not all of them.
        """
        sizes = [*REPEATS, "all"]
        populations = list(self.samples)
        shape = (
            len(self.sources), len(self.stimuli), len(self.layers), len(populations), len(sizes),
            len(self.metrics), max(REPEATS.values()),
        )  # fmt: skip
        values = np.full(shape, np.nan)
        n_drawn, draws = (np.zeros((shape[0], *shape[2:5]), np.int32) for _ in range(2))
        seen = np.array(
            [
                [stimulus in (shown or {}).get(source, self.stimuli) for stimulus in self.stimuli]
                for source in self.sources
            ]
        )
        true = self.true_differentiation()
        for s in range(len(self.sources)):
            for p, population in enumerate(populations):
                for z, size in enumerate(sizes):
                    if size not in self.samples[population]:
                        continue
                    if sampled and size not in sampled.get(self.sources[s], sizes):
                        continue
                    for layer, units in enumerate(self.units(population)):
                        drawn = units if size == "all" else min(int(size), units)
                        repeats = 1 if drawn == units else REPEATS[size]
                        cv = 1.5 * np.sqrt((1 - drawn / units) / drawn)
                        noise = self.random.normal(size=(len(self.stimuli), 1, repeats))
                        each = true[:, layer, None, None] * (0.6 if s else 1) * (1 + cv * noise)
                        values[s, :, layer, p, z, :, :repeats] = each * np.array([[1], [0.5]])
                        n_drawn[s, layer, p, z], draws[s, layer, p, z] = drawn, repeats
        values[~seen] = np.nan
        for stimulus, layer in degenerate:
            values[:, self.stimuli.index(stimulus), self.layers.index(layer)] = np.nan
        for stimulus in zero:
            values[:, self.stimuli.index(stimulus)] *= 0
        normalised = np.full_like(values, np.nan)
        if self.reference in self.stimuli:
            unit = values[:, [self.stimuli.index(self.reference)]]
            normalised = values / np.where(unit == 0, np.nan, unit)
        dims = ("source", "stimulus", "layer", "population", "size", "metric", "repeat")
        write(
            self.root / self.study.path("analysis", analysis="differentiation"),
            kind="analysis",
            attributes={
                "plugin": "differentiation",
                "reference": self.reference,
                "median": "pairs",
            },
            variables={
                "differentiation": (dims, values),
                "normalised": (dims, normalised),
                "recording": (("source",), np.zeros(shape[0], np.int8)),
                "presentations": (("source",), np.zeros(shape[0], np.int32)),
                "n_drawn": (("source", "layer", "population", "size"), n_drawn),
                "draws": (("source", "layer", "population", "size"), draws),
                "shown": (("source", "stimulus"), seen.astype(np.int8)),
                "stimulus_sha256": (("stimulus",), [self.same.get(s, s) for s in self.stimuli]),
                "selected": (("population",), [self.selected(name) for name in populations]),
                "images": (("stimulus",), np.array([self.images[s] for s in self.stimuli], np.int32)),
                "order": (
                    ("source", "layer"),
                    np.tile(np.arange(len(self.layers), dtype=np.int32), (len(self.sources), 1)),
                ),
                "source": (("source",), list(self.sources)),
                "stimulus": (("stimulus",), list(self.stimuli)),
                "layer": (("layer",), list(self.layers)),
                "population": (("population",), populations),
                "size": (("size",), sizes),
                "metric": (("metric",), list(self.metrics)),
                "measure": (("metric",), list(self.metrics)),
                "normalisation": (("metric",), ["zscore"] * len(self.metrics)),
                "drawn": (("population",), [how] * len(populations)),
                "repeat": (("repeat",), np.arange(shape[-1], dtype=np.int32)),
            },
        )
        return self

    def rdms(self, population="random", degenerate=()):
        """Write the RDMs of every size: movies drift and have a cut, pictures are all different."""
        for source in self.sources:
            for s, stimulus in enumerate(self.stimuli):
                n = self.images[stimulus]
                first, second = np.triu_indices(n, 1)
                names = np.array([f"image {i}" for i in range(n)])
                keys = {"source": source, "stimulus": stimulus, "population": population}
                for layer, level in zip(self.layers, self.true_differentiation()[s], strict=True):
                    if stimulus in ("pictures", self.reference):
                        distance = np.full(len(first), 1.0)
                    else:
                        apart = np.where((first < n // 2) != (second < n // 2), 1.4, 0.4)
                        distance = apart + np.abs(first - second) / n
                    for size in self.samples[population]:
                        scatter = 0.03 * self.random.normal(
                            size=(2, min(REPEATS.get(size, 1), 3), len(first))
                        )
                        values = (level * (distance + scatter)).clip(0) * np.array([1, 0.5])[:, None, None]
                        if (stimulus, layer) in degenerate:
                            values[:] = np.nan
                        units = dict(zip(self.layers, self.units(population), strict=True))[layer]
                        write(
                            self.root / self.study.path("rdm", **keys, layer=layer, size=size),
                            kind="rdm",
                            variables={
                                "dissimilarity": (("metric", "repeat", "pair"), values.astype(np.float32)),
                                "metric": (("metric",), list(self.metrics)),
                                "measure": (("metric",), list(self.metrics)),
                                "normalisation": (("metric",), ["zscore"] * len(self.metrics)),
                                "repeat": (("repeat",), np.arange(values.shape[1], dtype=np.int32)),
                                "image_i": (("pair",), first.astype(np.int32)),
                                "image_j": (("pair",), second.astype(np.int32)),
                                "name_i": (("pair",), names[first]),
                                "name_j": (("pair",), names[second]),
                            },
                            attributes=keys
                            | {
                                "layer": layer,
                                "order": self.layers.index(layer),
                                "size": size,
                                "n_drawn": units if size == "all" else min(int(size), units),
                                "drawn": "random",
                                "selected": self.selected(population),
                                "degenerate": (stimulus, layer) in degenerate,
                                "stimulus_sha256": stimulus,
                            },
                        )
        return self

    def stimulus_files(self, name="{}_{:04d}"):
        """Write the stimuli: movies with time, pictures with long names, noise without either."""
        for stimulus in self.stimuli:
            n = self.images[stimulus]
            height, width = {"bigbuckbunny": (72, 128), "bikes": (54, 128), "carphone": (144, 176)}.get(
                stimulus, (96, 96)
            )
            y, x = np.mgrid[:height, :width]
            images = np.stack(
                [
                    np.stack([(x * 2 + 5 * i) % 256, (y * 2) % 256, 128 + 100 * np.sin(x * y / 400 + i)], -1)
                    for i in range(n)
                ]
            ).astype(np.uint8)
            if stimulus == self.reference:
                images = self.random.integers(0, 256, images.shape, dtype=np.uint8)
            variables = {
                "images": (("image", "y", "x", "channel"), images),
                "name": (("image",), [name.format(stimulus, i) for i in range(n)]),
                "channel": (("channel",), list("RGB")),
            }
            if stimulus in ("bigbuckbunny", "bikes", "carphone"):
                variables["time"] = (("image",), np.arange(n) / 3, {"units": "s"})
            path = self.root / self.study.path("stimulus", stimulus=stimulus)
            factors = self.factors.get(stimulus, {})
            variables |= {name: (("image",), list(values)) for name, values in factors.items()}
            attributes = {"stimulus": stimulus, "factors": list(factors) or None}
            write(path, kind="stimulus", variables=variables, attributes=attributes)
        return self

    def predictions(self, ranks=5, name="{}_{:04d}"):
        classes = [
            "Egyptian cat", "black-and-tan coonhound", "espresso", "Staffordshire bullterrier", "tripod",
            "American Staffordshire terrier", "web site", "yellow lady's slipper", "joystick",
        ]  # fmt: skip
        most = max(self.images.values())
        shape = (len(self.sources), len(self.stimuli), most, ranks)
        labels = np.full(shape, "", object)
        probabilities = np.full(shape, np.nan)
        names = np.full(shape[1:3], "", object)
        for s, stimulus in enumerate(self.stimuli):
            for image in range(self.images[stimulus]):
                names[s, image] = name.format(stimulus, image)
                for source in range(len(self.sources)):
                    labels[source, s, image] = self.random.permutation(classes)[:ranks]
                    left = self.random.dirichlet(np.full(len(classes), 0.4))
                    probabilities[source, s, image] = np.sort(left)[::-1][:ranks]
        dims = ("source", "stimulus", "image", "rank")
        write(
            self.root / self.study.path("analysis", analysis="predictions"),
            kind="analysis",
            attributes={"plugin": "predictions"},
            variables={
                "label": (dims, labels),
                "probability": (dims, probabilities),
                "name": (("stimulus", "image"), names),
                "source": (("source",), list(self.sources)),
                "stimulus": (("stimulus",), list(self.stimuli)),
            },
        )
        return self

    def preprocessing(self):
        """Write analyses/preprocessing.nc, a group a network and stimulus."""
        path = self.root / self.study.path("analysis", analysis="preprocessing")
        mean, sd = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
        described = json.dumps(
            {"resize": 232, "crop": 224, "interpolation": "bilinear", "antialias": True}
            | {"mean": mean.tolist(), "std": sd.tolist()}
        )
        with create(path, kind="analysis", attributes={"plugin": "preprocessing"}) as file:
            for source in self.sources:
                set_attributes(file.createGroup(source), {"preprocess": described})
                for index, stimulus in enumerate(self.stimuli):
                    group = file.createGroup(f"{source}/{stimulus}")
                    set_attributes(group, {"name": f"{stimulus}_0000"})
                    height, width = [(272, 640), (720, 1280), (144, 176), (300, 200)][index % 4]

                    def picture(height, width, index=index):
                        y, x = np.mgrid[: 1 : height * 1j, : 1 : width * 1j]
                        waves = [np.sin(9 * x + index), np.cos(7 * y * x), np.sin(20 * y)]
                        return np.rint(127.5 * (1 + np.stack(waves, -1))).astype(np.uint8)

                    short = min(height, width)
                    resized = picture(height * 232 // short, width * 232 // short)
                    rgb = resized[4:228, -224:]
                    normalised = ((rgb / 255 - mean) / sd).transpose(2, 0, 1).astype(np.float32)
                    grey = {"grey": index % 2}
                    add_variable(group, "original", ("y", "x", "channel"), picture(height, width), grey)
                    add_variable(group, "resized", ("y_resized", "x_resized", "channel"), resized)
                    add_variable(group, "rgb", ("y_in", "x_in", "channel"), rgb)
                    add_variable(group, "normalised", ("channel", "y_in", "x_in"), normalised)
        return self

    def layer_tables(self):
        """Write networks/{source}/layers.nc: two operations a layer, the second is recorded."""
        labels = [f"{kind}{i}" for i in range(1, len(self.layers)) for kind in ("conv", "relu")]
        if self.layers[-1] == "predictions":
            labels[-1] = "predictions"
        blocks = [layer if i % 2 else "" for layer in self.layers[1:] for i in range(2)]
        shapes = [self.shapes[0], *(shape for shape in self.shapes[1:] for _ in range(2))]
        for source in self.sources:
            units = [int(np.prod(shape)) for shape in shapes]
            rows = {
                "layer": ["input", *labels],
                "node": ["input", *(f"features.{i}" for i in range(len(labels)))],
                "kind": ["input", *(label.rstrip("0123456789") for label in labels)],
                "block": ["input", *blocks],
                "units": units,
                "channels": [shape[0] for shape in shapes],
                "height": [shape[1] for shape in shapes],
                "width": [shape[2] for shape in shapes],
                "parameters": [0, *(10 + i if i % 2 == 0 else 0 for i in range(len(labels)))],
                "receptive_field_size": [1.0, *(float(i) for i in range(len(labels) - 1)), np.nan],
                "receptive_field_stride": [1.0, *(2.0 for _ in range(len(labels) - 1)), np.nan],
            }
            write(
                self.root / self.study.path("layers", source=source),
                kind="layers",
                variables={name: (("layer",), np.array(values)) for name, values in rows.items()}
                | {"category": (("category",), [f"class number {i}" for i in range(units[-1])])},
                attributes={
                    "network": source,
                    "architecture": "mobilenet_v2",
                    "weights": "IMAGENET1K_V1",
                    "input_size": [224, 224],
                },
            )
        return self

    def activations(self, *populations, side=6, recorded=400, name="{}_{:04d}"):
        """Write activations, with maps of at most `side` × `side`; of `random` also samples, two draws.

        Channels differ in their means, images of noise less than others; predictions add up to 1.
        """
        shapes = [(c, min(h, side), min(w, side)) for c, h, w in self.shapes]
        preprocess = json.dumps({"resize": 256, "crop": 224, "mean": [0.485] * 3, "std": [0.229] * 3})
        for source, (order, layer) in itertools.product(self.sources, enumerate(self.layers)):
            channels, height, width = shapes[order]
            tuning = self.random.gamma(1, size=channels)[:, None, None]
            units = np.sort(self.random.permutation(channels * height * width)[:recorded])
            for stimulus in self.stimuli:
                images = self.images[stimulus]
                own = self.random.normal(size=(images, *shapes[order])) * (
                    0.1 if stimulus == self.reference else 1
                )
                values = tuning * (1 + own) * 10.0 ** (order % 3)
                if layer == "predictions":
                    values = np.exp(3 * own) / np.exp(3 * own).sum((1, 2, 3), keepdims=True)
                where = np.meshgrid(*map(np.arange, shapes[order]), indexing="ij")
                for population in populations:
                    flat = values.reshape(images, -1)
                    chosen = {
                        "random": units,
                        "maps": np.flatnonzero(np.isin(where[0].ravel(), [0, 2])),
                        "filter_means": np.arange(channels),
                    }.get(population, np.arange(flat.shape[1]))
                    if population == "filter_means":
                        flat, labels = values.mean((2, 3)), {"channel": chosen}
                    else:
                        flat = flat[:, chosen]
                        labels = {
                            axis: at.ravel()[chosen]
                            for axis, at in zip(["channel", "y", "x"], where, strict=True)
                        }
                    keys = {"source": source, "stimulus": stimulus, "population": population, "layer": layer}
                    write(
                        self.root / self.study.path("activations", **keys),
                        kind="activations",
                        variables={
                            "activation": (("image", "unit"), flat.astype(np.float32)),
                            "name": (("image",), [name.format(stimulus, i) for i in range(images)]),
                            "unit": (("unit",), chosen.astype(np.int32)),
                            **{axis: (("unit",), at.astype(np.int32)) for axis, at in labels.items()},
                        },
                        attributes=keys
                        | {
                            "order": order,
                            "preprocess": preprocess,
                            "selected": self.selected(population),
                            "positions": height * width,
                        },
                    )
            for size in self.samples["random"] if "random" in populations else ():
                drawn = [self.random.permutation(units)[: int(size)] for _ in range(2)]
                keys = {"source": source, "population": "random", "layer": layer, "size": size}
                write(
                    self.root / self.study.path("sample", **keys),
                    kind="sample",
                    variables={"unit": (("repeat", "draw"), np.array(drawn, np.int32))},
                    attributes=keys | {"drawn": "random"},
                )
        return self

    def without_pair_labels(self, stimulus):
        """Let the RDMs of a stimulus name their images alone, as those of many images do."""
        for source in self.sources:
            for path in (self.root / f"results/default/rdms/{source}/{stimulus}").rglob("*.nc"):
                with xr.open_dataset(path) as rdm:
                    names = ("dissimilarity", "metric", "measure", "normalisation", "repeat")
                    variables = {name: (rdm[name].dims, rdm[name].values) for name in names}
                    attributes = {
                        name: rdm.attrs[name]
                        for name in rdm.attrs
                        if name not in ("kind", "repscape_version")
                    }
                variables["name"] = (("image",), [f"image {at}" for at in range(self.images[stimulus])])
                write(path, kind="rdm", variables=variables, attributes=attributes)
        return self

    def read(self, kind, group=None, **keys):
        """Read a file of the first source."""
        path = self.root / self.study.path(kind, **{"source": self.sources[0]} | keys)
        with xr.open_dataset(path, group=group) as data:
            return data.load()

    def activity(self, stimulus, layer, population):
        """Read activations of the first source as a float64 array (image, unit)."""
        recording = self.read("activations", stimulus=stimulus, layer=layer, population=population)
        return recording["activation"].values.astype(float)

    def analyse(self, name, **parameters):
        """Compute an analysis of what was written, as its job does."""
        analysis = registry.find("analyses", name)(**parameters)
        result = analysis.compute(placed(self.root, analysis.inputs(self.study)))
        write(
            self.root / self.study.path("analysis", analysis=name),
            kind="analysis",
            variables=result.variables,
            attributes={"plugin": name, **result.attributes},
        )
        return self

    def population(self, name="random"):
        """Write populations/{source}/{population}.nc, a group a layer."""
        for source in self.sources:
            path = self.root / self.study.path("population", source=source, population=name)
            with create(path, kind="population", attributes={"source": source, "population": name}) as file:
                for layer, units in zip(self.layers, self.units(name), strict=True):
                    group = file.createGroup(layer)
                    add_variable(group, "unit", ("unit",), np.arange(units, dtype=np.int32))
                    counts = {"n_requested": 100_000, "n_recorded": units}
                    set_attributes(group, counts | {"statistic": "unit", "layer": layer})
        return self


def placed(root, files):
    """Put the files that an analysis or a figure names into a folder."""
    return {
        key: [str(root / path) for path in paths] if isinstance(paths, list) else str(root / paths)
        for key, paths in files.items()
    }
