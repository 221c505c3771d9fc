"""Whether a circle in the stimuli stays a circle in a representation, and where it is stretched or opened."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from repscape.analyses.lib import select_rdms
from repscape.analyses.lib.circle import Circle, OfFactorOnCircle, on_circle
from repscape.analyses.lib.circle_fit import NUMBERS, CircleFit, fit_circle
from repscape.analyses.lib.of_rdms import OneRdm, each, leave_out
from repscape.analyses.lib.result import Result
from repscape.analyses.lib.squared_distances import OfDistances, is_squared
from repscape.analyses.lib.stimulus_factors import check_factor
from repscape.core.errors import ConfigError, DataError
from repscape.study.study import Study

if TYPE_CHECKING:
    import pandas as pd

# Values by lag, and by gap between neighbours
BY = {"lag": ("lag", "mean", "sd", "pairs"), "gap": ("gap", "neighbours", "stretch", "line")}
FEWEST = 3  # entries


class Ring(OfFactorOnCircle, OfDistances):
    """Whether a circular factor of the stimuli is a circle in the RDMs, and where it is stretched or open.

    RDMs of several draws of units, and of several presentations, are averaged first. The factor is that
    of the entries, or of their images; entries are put in its order.
    """

    def inputs(self, study: Study) -> dict[str, Any]:
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
                    f"{error} To choose RDMs of other stimuli, set `where: {{stimulus: …}}`."
                ) from None
        files = [study.path("stimulus", stimulus=name) for name in stimuli]
        return super().inputs(study) | {"stimuli": files}

    def compute(self, files: Mapping) -> Result:
        """Describe each RDM by where its entries lie on a circle; see `circle_fit.fit_circle`.

        Returns
        -------
        Result
            float64 (rdm, lag): ``lag_at``, ``mean``, ``sd`` and int32 ``pairs``; (rdm, gap): ``gap_at``,
            ``neighbours``, ``stretch``, ``line``; (rdm): ``closing``, ``r_circle``, ``r_line``, ``r_opened``,
            ``opened_at`` and int8 ``rooted``; as in `circle_fit.CircleFit`. NaN at the end of shorter ones.
            Every label of the RDMs (rdm). RDMs of which nothing is defined are left out; the log and the
            file say which.

        Raises
        ------
        DataError
            Entries lack the factor, its values are no numbers or do not go around the circle.
        """
        from repscape.rdms.table import table as tables

        table = self.read_averaged(files)
        found, left_out = self._fits(table, _factors(files["stimuli"], self.factor))
        if not found:
            raise DataError(
                f"{files['collection'][0]}: no RDM has defined dissimilarities: {'; '.join(left_out)}."
            )
        rdms, circles, squared, fits = zip(*found, strict=True)
        table = table.loc[[rdm.at for rdm in rdms]]
        labels = {label: list(table[label]) for label in tables.labels(table)}
        attributes = {name: getattr(self, name) for name in ("of", "factor", "period", "root")}
        attributes |= {"begin": min(circle.begin for circle in circles), "left_out": left_out or None}
        rooted = {"rooted": (("rdm",), np.array(squared, np.int8))}
        return Result(_variables(fits, labels) | rooted, attributes)

    def _fits(
        self, table: "pd.DataFrame", factors: Mapping
    ) -> tuple[list[tuple[OneRdm, Circle, bool, CircleFit]], list[str]]:
        """Describe each RDM of a table; say which are left out."""
        from scipy.spatial.distance import squareform

        found = []
        left_out: list[str] = []
        for rdm in each(table):
            texts = _values(rdm, self.factor, factors)
            enough = rdm.defined.sum() >= FEWEST
            if not rdm.defined.all():
                leave_out(left_out, rdm, f"{np.sum(~rdm.defined)} entries" if enough else "all of it")
            if not enough:
                continue
            used = [text for text, defined in zip(texts, rdm.defined, strict=True) if defined]
            circle = on_circle(used, self.period, self.factor, rdm.name)
            squared = is_squared(rdm.row, self.root)
            square = squareform(rdm.values.astype(np.float64), checks=False)
            fit = fit_circle(np.sqrt(square.clip(0)) if squared else square, circle)
            found.append((rdm, circle, squared, fit))
        return found, left_out

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
    "lag": {"long_name": "distance of values on the circle, the shorter way"},
    "mean": {"long_name": "mean dissimilarity of values at this distance"},
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


def _variables(fits: Sequence[CircleFit], labels: Mapping[str, list]) -> dict[str, tuple]:
    """Return what RDMs are like as variables over them."""
    coordinates = {"coordinates": " ".join(labels)}
    variables: dict[str, tuple] = {}
    for dim, names in BY.items():
        for name in names:
            # Another name: a variable named as a dimension is its coordinate
            values = _padded([getattr(fit, name) for fit in fits])
            variables[f"{dim}_at" if name == dim else name] = (
                ("rdm", dim),
                values,
                WORDS[name] | coordinates,
            )
    for name in NUMBERS:
        values = np.array([getattr(fit, name) for fit in fits])
        variables[name] = (("rdm",), values, WORDS[name] | coordinates)
    return variables | {label: (("rdm",), values) for label, values in labels.items()}


def _factors(paths, factor: str) -> dict[str, dict[str, str] | None]:
    """Return, for each stimulus, the value of the factor by the name of the image; None where it has none."""
    from repscape.io import netcdf
    from repscape.stimuli.lib import factors

    found: dict[str, dict[str, str] | None] = {}
    for path in paths:
        with netcdf.open_file(path, "stimulus", rows=range(0)) as file:
            of_images = factors.read(file).get(factor)
            names = map(str, file["name"][:])
            found[str(file.stimulus)] = (
                None if of_images is None else dict(zip(names, map(str, of_images), strict=True))
            )
    return found


def _values(rdm: OneRdm, factor: str, known: Mapping) -> list[str]:
    """Return the value of the factor of each entry of an RDM; `known` has those of images, by stimulus."""
    entries = rdm.row["entries"]
    if factor in entries.names:
        return [str(value) for value in entries.get_level_values(factor)]
    stimulus = rdm.row.get("stimulus")
    names = [str(stimulus)] if stimulus else list(known)
    of_images = known.get(names[0]) if len(names) == 1 else None
    if of_images is None or "image" not in entries.names:
        raise DataError(
            f"{rdm.name}: expected entries with the factor '{factor}', found entries labelled by "
            f"{', '.join(map(str, entries.names))}, and no images with this factor. Choose one of these, "
            "or other RDMs with 'where'."
        )
    return [of_images[str(name)] for name in entries.get_level_values("image")]


def _padded(values: list[np.ndarray]) -> np.ndarray:
    """Put arrays of different lengths in rows: NaN, or 0 of counts, at the end of shorter ones."""
    counts = values[0].dtype.kind == "i"
    shape = len(values), max(map(len, values))
    found = np.zeros(shape, np.int32) if counts else np.full(shape, np.nan)
    for row, one in zip(found, values, strict=True):
        row[: len(one)] = one
    return found
