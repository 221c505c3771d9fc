"""How the differentiation of a layer (CD) follows that of the images (SD), over stimuli."""

from collections.abc import Iterable, Iterator

import numpy as np

from repscape.analyses.differentiation import carried
from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, unknown
from repscape.core.logs import logger
from repscape.study.study import Study

TABLE = True
DIMS = ("source", "stimulus", "layer", "population", "size", "metric")
KEYS = ("source", "layer", "population", "size", "metric")
FEWEST = 3  # through two points goes every line


def inputs(study: Study, *, against: str = "input", stimuli: list[str] | None = None) -> dict:
    """Name the table of differentiation.

    Raises
    ------
    ConfigError
        A source does not record the layer `against`; a stimulus is unknown; there are too few stimuli for a
        regression.
    """
    check_against(study, against, "analyses.sd_cd.against")
    check_stimuli(study, stimuli, "analyses.sd_cd.stimuli")
    most = max(len(set(study.stimuli_of(source)) & set(stimuli or study.stimuli)) for source in study.layers)
    if most < FEWEST:
        raise ConfigError(
            f"analyses.sd_cd: a regression over stimuli needs at least {FEWEST} of them, found {most}. Add "
            "stimuli."
        )
    return {"differentiation": study.path("analysis", analysis="differentiation")}


def check_against(study: Study, against: str, key: str) -> None:
    """Refuse to compare with a layer that a network does not record; recordings take a network's."""
    for source in study.networks:
        layers = study.layers[source]
        if against not in layers:
            raise ConfigError(
                f"{key}: '{source}' does not record this layer: {unknown(against, layers)} Add it under "
                f"networks.{source}.layers, or compare with another."
            )


def check_stimuli(study: Study, stimuli: list[str] | None, key: str) -> None:
    """Refuse stimuli that the study does not have, or none at all."""
    for name in stimuli or ():
        if name not in study.stimuli:
            raise ConfigError(f"{key}: {unknown(name, study.stimuli)}")
    if stimuli == []:
        raise ConfigError(f"{key}: the list is empty. Leave it out for all stimuli.")


def places(names, stimuli: list[str] | None) -> np.ndarray:
    """Return where the chosen ones are among the names of stimuli, in their order; by default all are."""
    return np.flatnonzero([stimuli is None or name in stimuli for name in names])


def compute(files: dict, *, against: str = "input", stimuli: list[str] | None = None) -> Result:
    """Regress each layer's differentiation on that of a layer, by default the input, over stimuli.

    Differentiation is averaged over draws before. The normalised values are divided by the reference
    stimulus's in the same layer. This is one constant for all stimuli, and no constant changes a
    correlation: there is one r and one R² for raw and normalised values, only slope and intercept
    differ. A few stimuli can make any R²: therefore also the range of R² when one stimulus is left
    out, and all of it without the reference, often noise and far from the others.

    A recording has no such layer: its areas are regressed on that of the first network that was shown the
    stimulus, which the file gives as the recording's own.

    Parameters
    ----------
    files : ``{"differentiation": path}``
    against : str
        The layer whose differentiation is the stimulus's, SD.
    stimuli : list of str, optional
        Over which to regress; by default all.

    Returns
    -------
    Result
        ``differentiation`` and ``normalised`` float64 (source, stimulus, layer, population, size,
        metric); for each of ``over`` (`all` stimuli, and those `without_reference`), float64 (over,
        source, layer, population, size, metric): ``r`` (Pearson), ``r2``, ``r2_low`` and ``r2_high``
        (its range when any one stimulus is left out), ``slope``, ``intercept``, and of the normalised
        values ``slope_normalised``, ``intercept_normalised``; int32 ``stimuli``, how many. NaN with fewer
        than 3 stimuli or no variance. What `differentiation.carried` gives. Attribute ``same_pixels``: of
        stimuli with the same pixels, which count several times, the names.
    """
    from repscape.io import netcdf

    with netcdf.open_file(files["differentiation"], "analysis") as table:
        labels = {dim: table[dim][:] for dim in DIMS}
        chosen = places(labels["stimulus"], stimuli)
        values = average(table["differentiation"][:])
        attributes = {"reference": table.reference, "median": table.median}
        kept = carried(table, chosen)
    reference = np.flatnonzero(labels["stimulus"] == attributes["reference"])
    unit = values[:, reference] if len(reference) else np.nan
    values, labels["stimulus"] = values[:, chosen], labels["stimulus"][chosen]
    reference = np.flatnonzero(labels["stimulus"] == attributes["reference"])
    twins = same_pixels(labels["stimulus"], kept["stimulus_sha256"][1])
    for names in twins:
        logger.warning(
            "sd_cd: the stimuli %s have the same pixels and count %d times in the regression. Name others "
            "under 'stimuli' of this analysis.",
            ", ".join(names), len(names),
        )  # fmt: skip
    normalised = values / np.where(unit == 0, np.nan, unit)
    subsets = {"all": values}
    if len(reference):
        subsets["without_reference"] = np.delete(values, reference, axis=1)
    normalised_subsets = {"all": normalised, "without_reference": np.delete(normalised, reference, axis=1)}
    at = int(np.flatnonzero(labels["layer"] == against)[0])
    shown, recorded = (kept[name][1] > 0 for name in ("shown", "recording"))
    for source in np.flatnonzero(recorded):
        if (alone := shown[source] & ~shown[~recorded].any(0)).any():
            tell_alone("sd_cd", labels["source"][source], against, labels["stimulus"][alone])

    found: dict[str, list] = {}
    for over, cd in subsets.items():
        scaled = normalised_subsets[over]
        sd, scaled_sd = (lent(values[:, :, [at]]) for values in (cd, scaled))
        fit = regress(sd, cd, axis=1)
        low, high = leave_one_out(sd, cd, axis=1)
        fit_normalised = regress(scaled_sd, scaled, axis=1)
        for name, value in {
            "r": fit["r"], "r2": fit["r"] ** 2, "r2_low": low, "r2_high": high,
            "slope": fit["slope"], "intercept": fit["intercept"],
            "slope_normalised": fit_normalised["slope"],
            "intercept_normalised": fit_normalised["intercept"], "stimuli": fit["n"],
        }.items():  # fmt: skip
            found.setdefault(name, []).append(value)
    for whole in (values, normalised):
        whole[:, :, [at]] = lent(whole[:, :, [at]])
    return Result(
        variables={
            "differentiation": (DIMS, values, {"long_name": "differentiation, mean over draws"}),
            "normalised": (DIMS, normalised, {"long_name": "differentiation / that of the reference"}),
            **{name: (("over", *KEYS), np.stack(parts)) for name, parts in found.items()},
            **kept,
            "over": (("over",), list(subsets)),
            **{dim: ((dim,), labels[dim]) for dim in DIMS},
        },
        attributes={
            "against": against,
            "same_pixels": [", ".join(names) for names in twins] or "",
            **attributes,
        },
    )


def lent(values: np.ndarray) -> np.ndarray:
    """Give sources that have no values (source, …) each value of the first that has it."""
    lacking = np.isnan(values)
    lender = np.take_along_axis(values, lacking.argmin(0)[None], 0)
    return np.where(lacking.all(tuple(range(1, values.ndim)), keepdims=True), lender, values)


def tell_alone(analysis: str, source: str, against: str, stimuli: Iterable[str]) -> None:
    """Warn of stimuli that a recording was shown and no network, so that there is nothing to compare with."""
    logger.warning(
        "%s: '%s' was shown these stimuli, but no network, whose layer '%s' is compared with: %s. They are "
        "left out of what is said of '%s'. Show them to a network.",
        analysis, source, against, ", ".join(stimuli), source,
    )  # fmt: skip


def same_pixels(names, sha256) -> list[list[str]]:
    """Return the names of stimuli that have the same pixels, those alike together."""
    alike: dict[str, list[str]] = {}
    for name, digest in zip(names, sha256, strict=True):
        alike.setdefault(str(digest), []).append(str(name))
    return [group for group in alike.values() if len(group) > 1]


def average(values: np.ndarray) -> np.ndarray:
    """Average over draws, the last axis; NaN where no draw was made."""
    made = np.isfinite(values)
    count = made.sum(-1)
    return np.where(made, values, 0).sum(-1) / np.where(count, count, np.nan)


def regress(x: np.ndarray, y: np.ndarray, axis: int) -> dict[str, np.ndarray]:
    """Fit y = slope · x + intercept by least squares along an axis, where both are finite.

    Returns
    -------
    dict
        ``r``, ``slope``, ``intercept`` (NaN with fewer than 3 values, or where x, and for r also y,
        is constant) and ``n``.
    """
    x, y = np.broadcast_arrays(x, y)
    both = np.isfinite(x) & np.isfinite(y)
    n = both.sum(axis)
    enough = np.where(n >= FEWEST, n, np.nan)
    mean_x, mean_y = (np.where(both, v, 0).sum(axis) / enough for v in (x, y))
    dx, dy = (np.where(both, v - np.expand_dims(mean, axis), 0) for v, mean in ((x, mean_x), (y, mean_y)))
    xx, yy, xy = (dx**2).sum(axis), (dy**2).sum(axis), (dx * dy).sum(axis)
    # What rounding leaves of a constant's deviations is no variance.
    xx, yy = (
        np.where(square > n * (4 * np.finfo(float).eps * mean) ** 2, square, np.nan)
        for square, mean in ((xx, mean_x), (yy, mean_y))
    )
    slope = xy / xx
    r = np.clip(xy / np.sqrt(xx * yy), -1, 1)
    return {"r": r, "slope": slope, "intercept": mean_y - slope * mean_x, "n": n.astype(np.int32)}


def leave_one_out(x: np.ndarray, y: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the largest R² when any one of the values is left out."""
    x, y = np.broadcast_arrays(x, y)
    r2 = np.stack(
        [
            regress(np.delete(x, left, axis), np.delete(y, left, axis), axis)["r"] ** 2
            for left in range(y.shape[axis])
        ]
    )
    undefined = np.isnan(r2).all(0)
    return (
        np.where(undefined, np.nan, np.where(np.isnan(r2), np.inf, r2).min(0)),
        np.where(undefined, np.nan, np.where(np.isnan(r2), -np.inf, r2).max(0)),
    )


def rows(variables: dict) -> Iterator[tuple]:
    """Yield the header and the rows of the long table: a row a layer, and one without the reference."""
    dims = ("over", *KEYS)
    columns = (
        "stimuli", "r", "r2", "r2_low", "r2_high", "slope", "intercept", "slope_normalised",
        "intercept_normalised",
    )  # fmt: skip
    labels = [variables[dim][1] for dim in dims]
    values = [variables[name][1] for name in columns]
    yield (*dims, *columns, "n_drawn", "order")
    for index in np.ndindex(values[0].shape):
        if values[0][index]:  # some stimulus has this layer, population and size
            keys = (labels[dim][place] for dim, place in enumerate(index))
            yield (*keys, *(value[index] for value in values), *drawn_and_order(variables, *index[1:5]))


def drawn_and_order(variables: dict, source: int, layer: int, population: int, size: int) -> tuple[int, int]:
    """Return how many units were drawn, and the layer's place among the source's, from 0 for the input."""
    return variables["n_drawn"][1][source, layer, population, size], variables["order"][1][source, layer]
