"""Whether distances between images predict distances between their activity patterns in a layer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.distance_fits import Fit, fit_pooled, fit_stimulus
from repscape.analyses.lib.over_stimuli import AgainstImages, by_depth
from repscape.analyses.lib.result import Result
from repscape.core.errors import DataError
from repscape.core.seeds import derive
from repscape.plugin.contract import Seeded, parameter
from repscape.rdms.condensed import entries_of
from repscape.study.defaults import size_or_default
from repscape.study.study import Study

KEYS = ("source", "stimulus", "layer", "metric")
POOLED = ("source", "layer", "metric")
FITTED = ("r", "slope", "intercept", "p", "p_layers")


class Distances(Seeded, AgainstImages):
    """Whether distances between images predict distances between their activity patterns in a layer.

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
    """

    population: str | None = parameter("The population. By default the first that is sampled by size.", None)
    size: int | str | None = parameter(
        "Its size, by default the largest. RDMs are averaged over draws.", None
    )
    permutations: int = parameter(
        "The number of permutations of images; fewer than 19 cannot give p = 0.05.", 1000, ge=19, le=1_000_000
    )

    def inputs(self, study: Study) -> dict[str, str | list[str]]:
        """Name the RDMs of one population and size.

        Raises
        ------
        ConfigError
            A source does not record the layer `against`; population, size or a stimulus are unknown.
        """
        self.check_against(study)
        self.check_stimuli(study)
        population, size = size_or_default(study.samples, self.population, self.size)
        wanted = {"population": {population}, "size": {size}, "stimulus": {*(self.stimuli or study.stimuli)}}
        files = [
            study.path("rdm", **keys)
            for keys in study.rdm_keys()
            if all(keys[label] in values for label, values in wanted.items())
        ]
        return {"rdms": files}

    def compute(self, files: Mapping) -> Result:
        """Regress distances of activity on distances of images, in each layer.

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
        table = _read(files["rdms"])
        labels = table.labels
        reference = labels["layer"].index(self.against)
        lenders = self._lend(table, reference)
        each = {name: np.full(table.distance.shape[:-1], np.nan) for name in FITTED}
        shape = tuple(len(labels[dim]) for dim in POOLED)
        pooled = {name: np.full(shape, np.nan) for name in (*FITTED, "within")}
        counts = {name: np.zeros(shape, np.int32) for name in ("pooled_stimuli", "pooled_images")}
        for source, metric in np.ndindex(shape[0], shape[2]):
            fits, together = self._fit(table, source, metric, reference, lenders)
            for stimulus, fit in fits.items():
                for name in FITTED:
                    each[name][source, stimulus, :, metric] = getattr(fit, name)
            for name, values in pooled.items():
                values[source, :, metric] = getattr(together, name)
            counts["pooled_stimuli"][source, :, metric] = together.used.sum(0)
            counts["pooled_images"][source, :, metric] = table.images @ together.used
        for source in np.flatnonzero(table.order[:, reference] < 0):  # a recording, which has no such layer
            for values in (*each.values(), *pooled.values()):
                values[source, ..., reference, :] = np.nan
            for values in counts.values():
                values[source, reference] = 0
        each["r2"], pooled["r2"] = each["r"] ** 2, pooled["r"] ** 2
        within = {"within_r2": pooled.pop("within") ** 2}
        pooled = {f"pooled_{name}": values for name, values in pooled.items()} | within | counts
        return Result(
            variables={
                "distance": ((*KEYS, "pair"), table.distance),
                **{name: (KEYS, values) for name, values in each.items()},
                **{name: (POOLED, values) for name, values in pooled.items()},
                **table.variables(),
            },
            attributes={
                "against": self.against,
                "permutations": self.permutations,
                "seed": self.seed,
                **table.attributes,
            },
        )

    def _lend(self, table: "_Table", reference: int) -> np.ndarray:
        """Give recordings the distances of the images that the first network has; warn where none has them.

        Returns
        -------
        bool array (stimulus,)
            Which stimuli a network was shown.
        """
        has = table.shown & (table.order[:, reference] >= 0)[:, None]
        for source in np.flatnonzero(table.order[:, reference] < 0):
            alone = table.shown[source] & ~has.any(0)
            if alone.any():
                names = [table.labels["stimulus"][at] for at in np.flatnonzero(alone)]
                self.warn_of_stimuli(table.labels["source"][source], names)
            for stimulus in np.flatnonzero(table.shown[source] & has.any(0)):
                lender = has[:, stimulus].argmax()
                table.distance[source, stimulus, reference] = table.distance[lender, stimulus, reference]
        return np.any(has, axis=0)

    def _fit(
        self, table: "_Table", source: int, metric: int, reference: int, lenders: np.ndarray
    ) -> tuple[dict[int, Fit], Fit]:
        """Regress the distances of a source by one metric: of each stimulus, and of all together."""
        found: list = []
        for stimulus, name in enumerate(table.labels["stimulus"]):
            if not (table.shown[source, stimulus] and lenders[stimulus]):
                found.append(None)
                continue
            images = table.images[stimulus]
            values = table.distance[source, stimulus, :, metric, : images * (images - 1) // 2]
            seed = derive(self.seed, name)
            found.append(fit_stimulus(values.astype(np.float64), reference, self.permutations, seed))
        values = table.distance[source, :, :, metric].astype(np.float64)
        together = fit_pooled(values, found, reference, self.permutations)
        return {stimulus: fit[0] for stimulus, fit in enumerate(found) if fit is not None}, together

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a row a stimulus and layer; pooled ones."""
        variables = result.variables
        columns = ("r", "r2", "slope", "intercept", "p", "p_layers")
        labels = {dim: variables[dim][1] for dim in KEYS}
        yield (*KEYS, "images", *columns, "within_r2", "n_drawn", "order")
        drawn, order = (variables[name][1] for name in ("n_drawn", "order"))
        images = variables["images"][1]
        for source, stimulus, layer, metric in np.ndindex(variables["r"][1].shape):
            at = source, stimulus, layer, metric
            if np.isfinite(variables["distance"][1][at]).any():
                keys = (labels[dim][index] for dim, index in zip(KEYS, at, strict=True))
                of_layer = drawn[source, layer], order[source, layer]
                yield (*keys, images[stimulus], *(variables[name][1][at] for name in columns), "", *of_layer)
        for source, layer, metric in np.ndindex(variables["pooled_r"][1].shape):
            at = source, layer, metric
            if variables["pooled_stimuli"][1][at]:
                keys = labels["source"][source], "pooled", labels["layer"][layer], labels["metric"][metric]
                values = (variables[f"pooled_{name}"][1][at] for name in columns)
                values = (*values, variables["within_r2"][1][at], drawn[source, layer], order[source, layer])
                yield (*keys, variables["pooled_images"][1][at], *values)


class _Table(NamedTuple):
    """The RDMs of one population and size, averaged over draws.

    Attributes
    ----------
    labels : dict of dimension to list
    distance : float32 array (source, stimulus, layer, metric, pair)
        NaN at the end of stimuli with fewer images.
    images : int32 array (stimulus,)
    shown : bool array (source, stimulus)
    order, n_drawn, draws : int32 arrays (source, layer)
        -1 and 0 where a source has no such layer.
    of_metric : dict of name to list
    attributes : dict
    """

    labels: dict[str, list]
    distance: np.ndarray
    images: np.ndarray
    shown: np.ndarray
    order: np.ndarray
    n_drawn: np.ndarray
    draws: np.ndarray
    of_metric: dict[str, list]
    attributes: dict

    def variables(self) -> dict[str, tuple]:
        """Return all but the distances as variables."""
        return {
            "shown": (("source", "stimulus"), self.shown.astype(np.int8)),
            "images": (("stimulus",), self.images),
            **{name: (("source", "layer"), getattr(self, name)) for name in ("order", "n_drawn", "draws")},
            **{name: (("metric",), values) for name, values in self.of_metric.items()},
            **{dim: ((dim,), values) for dim, values in self.labels.items()},
        }


def _read(paths: Sequence[str]) -> _Table:
    """Read RDMs.

    Raises
    ------
    DataError
        A stimulus's RDMs are of different numbers of images.
    """
    from repscape.io import netcdf
    from repscape.rdms import read as rdm_file

    rdms: dict[tuple[str, str, str], np.ndarray] = {}
    of_layer: dict[tuple[str, str], tuple[int, int, int]] = {}
    sizes: dict[str, tuple[int, str]] = {}
    of_metric: dict[str, list] = {}
    attributes: dict[str, str] = {}
    for path in paths:
        with netcdf.open_file(path, "rdm") as file:
            values = rdm_file.whole(file)[:].astype(np.float64).mean(axis=1)
            other, other_path = sizes.setdefault(file.stimulus, (values.shape[1], path))
            if other != values.shape[1]:
                raise DataError(
                    f"{other_path} and {path} do not match: the first has {other} pairs of images, the "
                    f"second {values.shape[1]}. Delete the outdated one and run again."
                )
            rdms[file.source, file.stimulus, file.layer] = values
            draws = file["dissimilarity"].shape[1] // rdm_file.presentations(file.__dict__)
            of_layer[file.source, file.layer] = int(file.order), int(file.n_drawn), draws
            of_metric = {key: list(file[key][:]) for key in ("metric", "measure", "normalisation")}
            attributes = {key: file.getncattr(key) for key in ("size", "population", "drawn", "selected")}
    labels: dict[str, list] = {
        "source": list(dict.fromkeys(source for source, _, _ in rdms)),
        "stimulus": list(sizes),
        "layer": by_depth((layer, order) for (_, layer), (order, _, _) in of_layer.items()),
        "metric": of_metric.pop("metric"),
    }
    shape = tuple(len(labels[dim]) for dim in KEYS)
    distance = np.full((*shape, max(count for count, _ in sizes.values())), np.nan, np.float32)
    shown = np.zeros(shape[:2], bool)
    for key, values in rdms.items():
        at = tuple(labels[dim].index(label) for dim, label in zip(KEYS[:3], key, strict=True))
        distance[at][:, : values.shape[1]] = values
        shown[at[:2]] = True
    by_layer = np.full((3, shape[0], shape[2]), [[[-1]], [[0]], [[0]]], np.int32)
    for (source, layer), numbers in of_layer.items():
        by_layer[:, labels["source"].index(source), labels["layer"].index(layer)] = numbers
    images = np.array([entries_of(count) for count, _ in sizes.values()], np.int32)
    order, n_drawn, draws = by_layer
    return _Table(labels, distance, images, shown, order, n_drawn, draws, of_metric, attributes)
