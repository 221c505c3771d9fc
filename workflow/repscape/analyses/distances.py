"""Whether images that are far apart are also far apart in a layer: distances of pairs compared."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import numpy as np
from pydantic import Field

from repscape.analyses.lib.result import Result
from repscape.analyses.sd_cd import check_against, check_stimuli, regress, tell_alone
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.core.seeds import derive
from repscape.plugin.contract import Analysis, Seeded, parameter
from repscape.rdms.compare.permutation import ROUNDING, orders_of
from repscape.rdms.condensed import entries_of, permuted_pairs
from repscape.study.study import Study

KEYS = ("source", "stimulus", "layer", "metric")
POOLED = ("source", "layer", "metric")
_BLOCK = 2**21  # permuted distances held at once

Permutations = Annotated[int, Field(ge=19, le=1_000_000)]  # fewer cannot give p = 0.05


class Distances(Seeded, Analysis):
    """Whether images that are far apart are also far apart in a layer: distances of pairs compared."""

    against: str = parameter(
        "The layer whose distances are those of the images. An earlier notebook regressed, by mistake, on "
        "the first layer after the input: name that layer for its variant.",
        "input",
    )
    population: str | None = parameter(
        "By default the first that is sampled by size, and its largest size. RDMs are averaged over draws.",
        None,
    )
    size: int | str | None = parameter(
        "By default the first that is sampled by size, and its largest size. RDMs are averaged over draws.",
        None,
    )
    stimuli: list[str] | None = parameter("By default all.", None)
    permutations: Permutations = parameter("Int.", 1000)

    def inputs(self, study: Study) -> dict:
        """Name the RDMs of one population and size.

        Raises
        ------
        ConfigError
            A source does not record the layer `against`; population, size or a stimulus are unknown.
        """
        population = self.population
        size = self.size
        check_against(study, self.against, "analyses.distances.against")
        check_stimuli(study, self.stimuli, "analyses.distances.stimuli")
        population, size = chosen(study.samples, population, size, "analyses.distances")
        wanted = {
            study.path("rdm", source=source, stimulus=stimulus, population=population, layer=layer, size=size)
            for source, layers in study.layers.items()
            for stimulus in self.stimuli or study.stimuli
            for layer in layers
        }
        return {"rdms": [path for path in study.rdms() if path in wanted]}

    def compute(self, files: Mapping) -> Result:
        """Regress distances of activity on distances of images, in each layer.

        The distances of n images are n (n − 1) / 2 but not as many independent values; what can be
        exchanged under the null hypothesis are the images. p is therefore the share of permutations of
        the images of one of the two RDMs, the actual order included, that give at least as large an |r|
        (Mantel, Cancer Res. 27:209, 1967); of few images, which have no more than 1 + `permutations` orders,
        each is taken once, and p is exact. A stimulus's permutations are the same for all of its layers:
        ``p_layers`` holds |r| against the largest of all layers but `against`, and so counts for all of
        them together (Westfall & Young 1993). Successive frames of a movie are alike and not really
        exchangeable: for movies p is too small.

        A recording has no such layer: its areas are compared with that of the first network that was shown
        the stimulus.

        Pooled over stimuli, images are permuted within their stimulus. Differences between stimuli are in
        the pooled r, but do not make it significant; ``within_r2`` leaves them out of R² as well.

        Parameters
        ----------
        files : ``{"rdms": paths}``

        Returns
        -------
        Result
            ``distance`` float32 (source, stimulus, layer, metric, pair), shorter stimuli end in NaN;
            ``r``, ``r2``, ``slope``, ``intercept``, ``p``, ``p_layers`` float64 (source, stimulus, layer,
            metric); the same of all stimuli pooled, ``pooled_r`` …, and ``within_r2`` (source, layer,
            metric). NaN where a distance is undefined; the pooled ones leave such a stimulus out,
            ``pooled_stimuli`` says how many are in, ``pooled_images`` how many images these have. ``images``
            (stimulus); ``order``, ``n_drawn`` and ``draws``
            (source, layer).

        Raises
        ------
        DataError
            A stimulus's RDMs are of different numbers of images.
        """
        table, of_layer, kept = _read(files["rdms"])
        order = of_layer["order"]
        labels: dict[str, list] = {
            "source": list(dict.fromkeys(source for source, _, _ in table)),
            "stimulus": list(dict.fromkeys(stimulus for _, stimulus, _ in table)),
            "layer": sorted(dict.fromkeys(layer for _, _, layer in table), key=_depth(order)),
            "metric": kept.pop("metric"),
        }
        of_metric = {key: (("metric",), kept.pop(key)) for key in ("measure", "normalisation")}
        shape = tuple(len(labels[dim]) for dim in KEYS)
        pairs = max(values.shape[1] for values in table.values())
        distance = np.full((*shape, pairs), np.nan, np.float32)
        for (source, stimulus, layer), values in table.items():
            at = tuple(
                labels[dim].index(key) for dim, key in zip(KEYS[:3], (source, stimulus, layer), strict=True)
            )
            distance[at][:, : values.shape[1]] = values
        # A recording has no such layer: it takes that of the first network that was shown the same stimulus.
        having = {source for source, _, layer in table if layer == self.against}
        lenders: dict[str, str] = {}
        for source, stimulus, layer in table:
            if layer == self.against:
                lenders.setdefault(stimulus, source)
        counts = {(source, stimulus): values.shape[1] for (source, stimulus, _), values in table.items()}
        images = np.array(
            [max(entries_of(n) for (_, t), n in counts.items() if t == name) for name in labels["stimulus"]],
            np.int32,
        )
        reference = labels["layer"].index(self.against)
        others = np.arange(shape[2]) != reference

        names = ("r", "r2", "slope", "intercept", "p", "p_layers")
        each = {name: np.full(shape, np.nan) for name in names}
        pooled = {name: np.full((shape[0], *shape[2:]), np.nan) for name in (*names, "within_r2")}
        pooled_stimuli, pooled_images = (np.zeros((shape[0], *shape[2:]), np.int32) for _ in range(2))
        for s, source in enumerate(labels["source"]):
            alone = [name for name in labels["stimulus"] if (source, name) in counts and name not in lenders]
            if alone:
                tell_alone("distances", source, self.against, alone)
            for m in range(shape[3]):
                sums = {name: np.zeros(shape[2]) for name in ("xy", "xx", "yy")}
                null = np.zeros((self.permutations, shape[2]))
                used = np.zeros((shape[1], shape[2]), bool)
                for t, stimulus in enumerate(labels["stimulus"]):
                    if (source, stimulus) not in counts or stimulus not in lenders:
                        continue
                    other = s if source in having else labels["source"].index(lenders[stimulus])
                    count = counts[source, stimulus]
                    values = distance[s, t, :, m, :count].astype(np.float64)
                    distance[s, t, reference, m, :count] = distance[other, t, reference, m, :count]
                    values[reference] = distance[s, t, reference, m, :count]
                    fit = regress(values[reference], values, axis=1)
                    # An RDM with undefined distances has no correlation; one of few images is one all the same.
                    whole = np.isfinite(values).all(1) & np.isfinite(fit["slope"])
                    if not whole[reference]:
                        continue
                    centred = np.where(whole[:, None], values - values.mean(1, keepdims=True), 0)
                    own_seed = derive(self.seed, stimulus)
                    shuffled = permuted(centred[reference], centred, self.permutations, own_seed)
                    xy = centred @ centred[reference]
                    xx, yy = (centred[reference] ** 2).sum(), (centred**2).sum(1)
                    for name in ("r", "slope", "intercept"):
                        each[name][s, t, :, m] = np.where(whole, fit[name], np.nan)
                    tested = whole & np.isfinite(fit["r"])
                    each["p"][s, t, :, m], each["p_layers"][s, t, :, m] = p_values(
                        fit["r"], _ratio(shuffled, np.sqrt(xx * yy)), tested, others
                    )
                    used[t] = whole
                    if (
                        len(shuffled) < self.permutations
                    ):  # pooled, stimuli are permuted independently of each other
                        every = np.vstack([xy, shuffled])
                        shuffled = every[
                            np.random.default_rng(own_seed).integers(len(every), size=self.permutations)
                        ]
                    null += shuffled
                    for name, part in (("xy", xy), ("xx", xx * whole), ("yy", yy)):
                        sums[name] += part
                x = np.where(used[:, :, None], distance[s, :, [reference], m].transpose(1, 0, 2), np.nan)
                y = distance[s, :, :, m]
                x, y = (np.swapaxes(v, 0, 1).reshape(shape[2], -1).astype(np.float64) for v in (x, y))
                fit = regress(x, y, axis=1)
                for name in ("r", "slope", "intercept"):
                    pooled[name][s, :, m] = fit[name]
                norm = np.sqrt(sums["xx"] * sums["yy"])
                within = _ratio(sums["xy"], norm)
                pooled["within_r2"][s, :, m] = within**2
                pooled["p"][s, :, m], pooled["p_layers"][s, :, m] = p_values(
                    within, _ratio(null, norm), np.isfinite(within), others
                )
                pooled_stimuli[s, :, m] = used.sum(0)
                pooled_images[s, :, m] = images @ used
            if source not in having:
                for values in (*each.values(), *pooled.values()):
                    values[s, ..., reference, :] = np.nan
                pooled_stimuli[s, reference] = pooled_images[s, reference] = 0
        for group in (each, pooled):
            group["r2"] = group["r"] ** 2
        return Result(
            variables={
                "distance": ((*KEYS, "pair"), distance),
                **{name: (KEYS, values) for name, values in each.items()},
                **{
                    name if name.startswith("within") else f"pooled_{name}": (POOLED, values)
                    for name, values in pooled.items()
                },
                "pooled_stimuli": (POOLED, pooled_stimuli),
                "pooled_images": (POOLED, pooled_images),
                "shown": (
                    ("source", "stimulus"),
                    np.array(
                        [[(s, t) in counts for t in labels["stimulus"]] for s in labels["source"]], np.int8
                    ),
                ),
                "images": (("stimulus",), images),
                **{
                    name: (
                        ("source", "layer"),
                        np.array(
                            [
                                [values.get((source, layer), missing) for layer in labels["layer"]]
                                for source in labels["source"]
                            ],
                            np.int32,
                        ),
                    )
                    for (name, values), missing in zip(of_layer.items(), (-1, 0, 0), strict=True)
                },
                **of_metric,
                **{dim: ((dim,), labels[dim]) for dim in KEYS},
            },
            attributes={
                "against": self.against,
                "permutations": self.permutations,
                "seed": self.seed,
                **kept,
            },
        )

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a row a stimulus and layer, and the pooled ones."""
        variables = result.variables
        columns = ("r", "r2", "slope", "intercept", "p", "p_layers")
        labels = {dim: variables[dim][1] for dim in KEYS}
        yield (*KEYS, "images", *columns, "within_r2", "n_drawn", "order")
        drawn, order = (variables[name][1] for name in ("n_drawn", "order"))
        images = variables["images"][1]
        for source, stimulus, layer, metric in np.ndindex(variables["r"][1].shape):
            at = source, stimulus, layer, metric
            if np.isfinite(variables["distance"][1][at]).any():
                keys = (labels[dim][place] for dim, place in zip(KEYS, at, strict=True))
                of_layer = drawn[source, layer], order[source, layer]
                yield (*keys, images[stimulus], *(variables[name][1][at] for name in columns), "", *of_layer)
        for source, layer, metric in np.ndindex(variables["pooled_r"][1].shape):
            at = source, layer, metric
            if variables["pooled_stimuli"][1][at]:
                keys = labels["source"][source], "pooled", labels["layer"][layer], labels["metric"][metric]
                values = (variables[f"pooled_{name}"][1][at] for name in columns)
                values = (*values, variables["within_r2"][1][at], drawn[source, layer], order[source, layer])
                yield (*keys, variables["pooled_images"][1][at], *values)


def chosen(samples: dict, population: str | None, size: int | str | None, where: str) -> tuple[str, str]:
    """Return the population and the size meant: by default the first sampled by size, and the largest."""
    by_size = [name for name, sizes in samples.items() if tuple(sizes) != ("all",)]
    population = population or next(iter(by_size or samples))
    if population not in samples:
        raise ConfigError(f"{where}.population: {unknown(population, samples)}")
    sizes = samples[population]
    size = sizes[-1] if size is None else str(size)
    if size not in sizes:
        raise ConfigError(f"{where}.size: {unknown(size, sizes)}")
    return population, size


def permuted(x: np.ndarray, y: np.ndarray, permutations: int, seed: int) -> np.ndarray:
    """Return Σ x′ y over pairs, x′ the distances x with their images in another order.

    Parameters
    ----------
    x : float64 array (pair,)
    y : float64 array (layer, pair)
    permutations : int
    seed : int

    Returns
    -------
    float64 array (permutation, layer)
        Of images that have no more orders than 1 + `permutations`, each but the actual one once.
    """
    orders = orders_of(entries_of(len(x)), permutations, seed, max(1, _BLOCK // len(x)))
    return np.concatenate([x[permuted_pairs(some)] @ y.T for some in orders])


def p_values(r: np.ndarray, null: np.ndarray, tested, others) -> tuple[np.ndarray, np.ndarray]:
    """Return each layer's p, alone and among all layers but the one compared with.

    Parameters
    ----------
    r : float64 array (layer,)
    null : float64 array (permutation, layer)
    tested, others : bool arrays (layer,)
        Which layers have a correlation; which are not the one compared with.
    """
    size = np.abs(null)
    held = np.abs(r) - ROUNDING
    largest = np.where(tested & others, size, 0).max(1)
    count = len(null) + 1
    alone = (1 + (size >= held).sum(0)) / count
    together = (1 + (largest[:, None] >= held).sum(0)) / count
    return np.where(tested, alone, np.nan), np.where(tested & others, together, np.nan)


def _ratio(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Divide; NaN where the divisor is 0."""
    return values / np.where(by > 0, by, np.nan)


def _read(paths) -> tuple[dict, dict, dict]:
    """Read the RDMs, averaged over draws, float64 (metric, pair); what is of layers; what all share."""
    from repscape.io import netcdf
    from repscape.rdms import file as rdm_file

    table, kept = {}, {}
    sizes: dict[str, tuple[int, str]] = {}
    of_layer: dict[str, dict] = {"order": {}, "n_drawn": {}, "draws": {}}
    for path in paths:
        with netcdf.open_file(path, "rdm") as file:
            values = rdm_file.whole(file)[:].astype(np.float64).mean(axis=1)
            other, other_path = sizes.setdefault(file.stimulus, (values.shape[1], path))
            if other != values.shape[1]:
                raise DataError(
                    f"{other_path} and {path} cannot be joined: the first has {other} pairs of images, the "
                    f"second {values.shape[1]}. Delete the outdated one and run again."
                )
            table[file.source, file.stimulus, file.layer] = values
            draws = file["dissimilarity"].shape[1] // rdm_file.presentations(file.__dict__)
            own = {"order": file.order, "n_drawn": file.n_drawn, "draws": draws}
            for name, value in own.items():
                of_layer[name][file.source, file.layer] = int(value)
            kept = {key: list(file[key][:]) for key in ("metric", "measure", "normalisation")}
            kept |= {key: file.getncattr(key) for key in ("size", "population", "drawn", "selected")}
    return table, of_layer, kept


def _depth(order: dict):
    """Order layers by their position in the network; equal ones as they come."""
    depth: dict[str, int] = {}
    for (_, layer), place in order.items():
        depth[layer] = min(place, depth.get(layer, place))
    return depth.get
