"""Whether a circle in the stimuli stays a circle in a representation, and where it is stretched or opened."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib import embedding, select_rdms
from repscape.analyses.lib.circle import Circle, placed
from repscape.analyses.lib.factorial_design import check_factor
from repscape.analyses.lib.result import Result
from repscape.analyses.lib.select_rdms import Of, Where
from repscape.core.errors import ConfigError, DataError
from repscape.core.logs import logger
from repscape.plugin.contract import Analysis, parameter
from repscape.plugin.parameter_types import Period
from repscape.study.study import Study

NUMBERS = ("closing", "r_circle", "r_line", "r_opened", "opened_at")
_NEAR = 12  # of the circle: pairs this near to each other are those that tell whether it closes


class CircleFit(NamedTuple):
    """What an RDM of entries on a circle is like.

    Attributes
    ----------
    lag, mean, sd : float64 arrays (lag,)
        Dissimilarity by how far two values are apart, the shorter way; `sd` is NaN of a single pair.
    pairs : int array (lag,)
    gap : float64 array (gap,)
        The middles between neighbours on the circle, ascending; the last is where it is cut to be a line.
    neighbours : float64 array (gap,)
        The dissimilarity of the two values beside a gap.
    stretch : float64 array (gap,)
    line : float64 array (gap,)
        r with distances on the line that remains if the circle is cut there.
    closing, r_circle, r_line, r_opened, opened_at : float
    """

    lag: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    pairs: np.ndarray
    gap: np.ndarray
    neighbours: np.ndarray
    stretch: np.ndarray
    line: np.ndarray
    closing: float
    r_circle: float
    r_line: float
    r_opened: float
    opened_at: float


class Ring(Analysis):
    """Whether a circle in the stimuli stays a circle in a representation, and where it is stretched or
    opened."""

    of: Of = parameter(
        "Which rdms; see `repscape.analyses.lib.select_rdms`. draws of units are averaged.",
        select_rdms.ALL,
    )
    where: Where | None = parameter(
        "Which rdms; see `repscape.analyses.lib.select_rdms`. draws of units are averaged.",
        None,
    )
    factor: str = parameter(
        "Of the entries or their images; numbers, in whose order entries are put.", "orientation"
    )
    period: Period = parameter(
        "After which they repeat: 180 of orientations in degrees, 360 of directions and hues.",
        180.0,
    )
    root: bool | None = parameter(
        "Whether dissimilarities are squared distances, so that their roots are taken; by default those "
        "of metrics that say so (`repscape.rdms.measures`) are, as for maps. Ratios are then of "
        "distances.",
        None,
    )

    def inputs(self, study: Study) -> dict:
        """Name the files that hold the RDMs, and those of the stimuli that know the images' factors.

        Raises
        ------
        ConfigError
            The study has no such RDMs, a stimulus does not vary in the factor, or a metric does not say what
            `root` is.
        """
        stimuli = select_rdms.stimuli(study, self.of, self.where)
        for name in stimuli:
            try:
                check_factor(study, name, self.factor)
            except ConfigError as error:
                raise ConfigError(
                    f"{error} RDMs of other stimuli are chosen by `where: {{stimulus: …}}`."
                ) from None
        files = [study.path("stimulus", stimulus=name) for name in stimuli]
        embedding.check_metrics(study, self.of, self.where, self.root)
        return select_rdms.inputs(study, self.of, self.where) | {"stimuli": files}

    def compute(self, files: Mapping) -> Result:
        """Describe each RDM by where its entries lie on a circle; see `described`.

        Parameters
        ----------
        files : what `inputs` named

        Returns
        -------
        Result
            float64 (rdm, lag): ``lag``, ``mean``, ``sd`` and int32 ``pairs``; (rdm, gap): ``gap``,
            ``neighbours``, ``stretch``, ``line``; (rdm): ``closing``, ``r_circle``, ``r_line``, ``r_opened``,
            ``opened_at`` and int8 ``rooted``; as in `Ring`. NaN at the end of shorter ones. Every label of the
            RDMs (rdm). RDMs of which nothing is defined are left out, and told.

        Raises
        ------
        DataError
            Entries lack the factor, its values are no numbers or do not go around the circle.
        """
        from repscape.analyses.lib.subset_choice import as_square
        from repscape.analyses.mds import averaged
        from repscape.rdms.condensed import defined_entries
        from repscape.rdms.table import table as tables
        from repscape.rdms.table.rdm_stack import FOLLOWING

        table = averaged(select_rdms.read(files, self.of, self.where))
        labels = tables.labels(table)
        different = [label for label in labels if label not in FOLLOWING and table[label].nunique() > 1]
        known = _factors(files["stimuli"], self.factor)
        rings, rooted, kept, left_out, begins = [], [], [], [], set()
        for at, row in table.iterrows():
            place = ", ".join(f"{label} {row[label]}" for label in different) or "the RDM"
            texts = _values(row, self.factor, known, place)
            defined = defined_entries(row["dissimilarity"][None])[0]
            enough = defined.sum() >= 3
            if not defined.all():
                what = f"{np.sum(~defined)} entries" if enough else "all of it"
                left_out.append(f"{place}: {what}")
                logger.warning("left out, because dissimilarities are undefined: %s", left_out[-1])
            if not enough:
                continue
            circle = placed(
                [text for text, own in zip(texts, defined, strict=True) if own],
                self.period,
                self.factor,
                place,
            )
            squared = embedding.is_squared(row, self.root)
            square = as_square(np.nan_to_num(row["dissimilarity"]))[np.ix_(defined, defined)]
            rings.append(described(np.sqrt(square.clip(0)) if squared else square, circle))
            rooted.append(squared)
            kept.append(at)
            begins.add(circle.begin)
        if not rings:
            raise DataError(
                f"{files['collection'][0]}: no RDM has defined dissimilarities: {'; '.join(left_out)}."
            )
        table = table.loc[kept].reset_index(drop=True)
        described_by = {"coordinates": " ".join(labels)}
        variables: dict = {
            name: (("rdm", dim), _padded([getattr(ring, name) for ring in rings]), WORDS[name] | described_by)
            for dim, names in (
                ("lag", ("lag", "mean", "sd", "pairs")),
                ("gap", ("gap", "neighbours", "stretch", "line")),
            )
            for name in names
        }
        for dim in ("lag", "gap"):  # a name of its own: a variable named as a dimension is its coordinate
            variables[f"{dim}_at"] = variables.pop(dim)
        for name in NUMBERS:
            values = np.array([getattr(ring, name) for ring in rings])
            variables[name] = (("rdm",), values, WORDS[name] | described_by)
        variables["rooted"] = (("rdm",), np.array(rooted, np.int8))
        variables |= {label: (("rdm",), list(table[label])) for label in labels}
        return Result(
            variables,
            {
                "of": self.of, "factor": self.factor, "period": self.period, "begin": min(begins), "root": self.root,
                "left_out": left_out or None,
            },
        )  # fmt: skip

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a row an RDM."""
        variables = result.variables
        labels = [
            name
            for name, (dims, *_) in variables.items()
            if dims == ("rdm",) and name not in (*NUMBERS, "rooted")
        ]
        yield (*labels, *NUMBERS)
        for at in range(len(variables["closing"][1])):
            yield tuple(variables[name][1][at] for name in (*labels, *NUMBERS))


WORDS: dict[str, dict] = {
    "lag": {"long_name": "how far values are apart on the circle, the shorter way"},
    "mean": {"long_name": "mean dissimilarity of values so far apart"},
    "sd": {"long_name": "standard deviation over pairs of values"},
    "pairs": {"long_name": "pairs of values"},
    "gap": {"long_name": "middle between neighbours on the circle"},
    "neighbours": {"long_name": "dissimilarity of the neighbours"},
    "stretch": {"long_name": "dissimilarity across, relative to pairs equally far apart"},
    "line": {"long_name": "Spearman's rho with distance on the line, the circle cut here"},
    "closing": {"long_name": "dissimilarity of pairs equally far apart, relative to that across the ends"},
    "r_circle": {"long_name": "Spearman's rho with distance on the circle"},
    "r_line": {"long_name": "Spearman's rho with distance on the line between the ends"},
    "r_opened": {"long_name": "the largest of line"},
    "opened_at": {"long_name": "where the circle is cut for it"},
}


def described(square: np.ndarray, circle: Circle) -> CircleFit:
    """Describe an RDM of entries on a circle.

    Entries of the same value are averaged first: D_kl is the mean dissimilarity of the entries of the
    values θ_k and θ_l, and what follows is of pairs of different values. Lags are multiples of the mean
    spacing, P / number of values, to the nearest of which each pair's distance on the circle is rounded
    (at least to the first); m(lag) is the mean of D over the pairs of a lag.

    `stretch`, of a gap between neighbours: Σ D / Σ m(lag) over the pairs that are at most P/12 (or the
    widest gap) apart and between which the gap lies on the shorter way. 1: a step across it is like steps of
    the same size elsewhere; more: the representation is stretched there, or opened.

    `closing` = Σ m'(lag) / Σ D over the pairs whose shorter way goes across the ends of the range (from
    `circle.begin` + P back to `begin`), of those at most as far apart; m' is the mean over the
    pairs of the lag that do not go across. 1: the ends are as near as values equally far apart are elsewhere,
    the circle closes; towards 0: they are as far apart as ends of a line; above 1: they are nearer, as where
    it is open elsewhere.

    `r_circle` and `r_line`: Spearman's ρ, over pairs, of D with distance on the circle and with the
    distance |θ_k − θ_l| on the line between the ends. `line` is the same for the circle cut at any gap,
    `r_opened` its largest value and `opened_at` where.

    Parameters
    ----------
    square : float64 array (entry, entry)
        Finite.
    circle : Circle
        Of the entries.

    Returns
    -------
    Ring
    """
    count, period = len(circle.values), circle.period
    belongs = np.eye(count)[circle.of]
    belongs /= belongs.sum(0)
    matrix = belongs.T @ square @ belongs
    first, second = np.triu_indices(count, 1)
    d = matrix[first, second]
    straight = circle.values[second] - circle.values[first]
    away = circle.apart(circle.values[first], circle.values[second])
    lag = np.maximum(np.rint(away / period * count).astype(int), 1) - 1
    mean, sd, pairs = _by_lag(d, lag)
    across = straight > period / 2  # the shorter way goes across the ends
    near = away <= max(period / _NEAR, circle.gaps.max()) * (1 + 1e-9)
    # Gap k is between the values k and k + 1, the last between the last and the first.
    gaps = np.arange(count)[:, None]
    between = (first <= gaps) & (gaps < second)
    over = near & (between ^ across)
    with np.errstate(divide="ignore", invalid="ignore"):
        stretch = (over @ d) / (over @ mean[lag])
        others, _, _ = _by_lag(d[~across], lag[~across], len(mean))
        ends = near & across
        closing = others[lag[ends]].sum() / d[ends].sum()
    rank = _ranked(d)
    line = np.array([rank @ _ranked(np.where(own, period - straight, straight)) for own in between])
    place = int(np.argmax(line)) if np.isfinite(line).any() else 0
    return CircleFit(
        lag=np.arange(1, len(mean) + 1) * period / count,
        mean=mean,
        sd=sd,
        pairs=pairs,
        gap=circle.middles,
        neighbours=matrix[np.arange(count), (np.arange(count) + 1) % count],
        stretch=stretch,
        line=line,
        closing=float(closing),
        r_circle=float(rank @ _ranked(away)),
        r_line=float(line[-1]),
        r_opened=float(line[place]),
        opened_at=float(circle.middles[place]),
    )


def _by_lag(d: np.ndarray, lag: np.ndarray, count: int | None = None):
    """Return mean, SD and number of pairs by lag."""
    pairs = np.bincount(lag, minlength=count or 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(lag, d, len(pairs)) / pairs
        squares = np.bincount(lag, (d - mean[lag]) ** 2, len(pairs))
        return mean, np.where(pairs > 1, np.sqrt(squares / (pairs - 1)), np.nan), pairs


def _ranked(values: np.ndarray) -> np.ndarray:
    """Return ranks of mean 0 and length 1, whose products are Spearman's ρ; NaN if all are equal."""
    from scipy.stats import rankdata

    largest = np.abs(values).max(initial=0) or 1.0
    ranks = rankdata(np.round(values / largest, 12))  # what is but rounding beside the largest are ties
    ranks -= ranks.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        return ranks / np.linalg.norm(ranks)


def _factors(paths, factor: str) -> dict[str, dict[str, str] | None]:
    """Return, for each stimulus, the value of the factor by the name of the image; None where it has none."""
    from repscape.io import netcdf
    from repscape.stimuli.lib import factors

    found: dict[str, dict[str, str] | None] = {}
    for path in paths:
        with netcdf.open_file(path, "stimulus", rows=range(0)) as file:
            own = factors.read(file).get(factor)
            names = map(str, file["name"][:])
            found[str(file.stimulus)] = None if own is None else dict(zip(names, map(str, own), strict=True))
    return found


def _values(row, factor: str, known: Mapping, place: str) -> list[str]:
    """Return the value of the factor of each entry of an RDM."""
    entries = row["entries"]
    if factor in entries.names:
        return [str(value) for value in entries.get_level_values(factor)]
    names = [str(row["stimulus"])] if "stimulus" in row.index and row["stimulus"] else list(known)
    own = known.get(names[0]) if len(names) == 1 else None
    if own is None or "image" not in entries.names:
        raise DataError(
            f"{place}: expected entries with the factor '{factor}', found entries by "
            f"{', '.join(map(str, entries.names))}, and no images that have it. Name a factor of theirs, or "
            "choose other RDMs with 'where'."
        )
    return [own[str(name)] for name in entries.get_level_values("image")]


def _padded(values: list[np.ndarray]) -> np.ndarray:
    """Put arrays of different lengths in rows: NaN, or 0 of counts, at the end of shorter ones."""
    counts = values[0].dtype.kind == "i"
    shape = len(values), max(map(len, values))
    found = np.zeros(shape, np.int32) if counts else np.full(shape, np.nan)
    for row, own in zip(found, values, strict=True):
        row[: len(own)] = own
    return found
