"""RDMs of networks, brains and observers as heat maps, side by side."""

from collections.abc import Mapping

import numpy as np

from repscape.analyses.lib import select_rdms
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.figures.lib import captions, entry_groups, rdm_labels, rdm_matrix, rdm_names
from repscape.figures.lib.entry_pictures import EntryPictures
from repscape.figures.lib.millimetre_page import colour_scale, page
from repscape.figures.lib.style import WIDTH
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.compare.meta import DEPENDENT
from repscape.rdms.labels import Where, indices_where
from repscape.study import defaults
from repscape.study.study import Study

MOST = 20  # panels
BAND, GAP, TITLE, SCALE, MARGIN, LETTER = 2.0, 4.0, 5.0, 9.0, 1.0, 1.15  # mm
SMALLEST, LARGEST = 24.0, 60.0  # mm, of a panel
LONGEST = 24  # letters of a group's name
BAR = 55.0  # mm, the colour scale of ranks


class RdmsSideBySide(Figure):
    """RDMs of networks, brains and observers as heat maps, side by side."""

    category = "RDMs"

    of: str | None = parameter("A recording, or an analysis made by `mean_rdm`; by default the first.", None)
    where: Where | None = parameter("Which of its RDMs.", None)
    by: str | None = parameter(
        "What groups entries: one of their labels, a factor of their images or ``label``, the images' "
        "class. By default their factor ``category``, else their class, if it has 2 to 15 values, else their "
        "only factor, if its values are no numbers.",
        None,
    )
    ranked: bool = parameter(
        "Whether colours are ranks among the pairs of each RDM (Kriegeskorte et al., Neuron 60:1126, "
        "2008), so that RDMs of different scales can be compared; otherwise dissimilarities, scaled for "
        "each RDM.",
        True,
    )

    def inputs(self, study: Study) -> dict:
        """Name the files.

        Raises
        ------
        ConfigError
            The study has neither a recording nor an analysis `mean_rdm` of that name; a label is unknown.
        """
        valid = defaults.analyses_of(study, "mean_rdm") + list(study.config.get("recordings", {}))
        if not valid:
            raise ConfigError(
                "of: the study has no tables of RDMs. Add an analysis `mean_rdm` of the RDMs to show."
            )
        of = defaults.one_or_default(self.of, valid, "of")
        known = select_rdms.labels(study, of)
        for label in self.where or {}:
            if label not in known:
                raise ConfigError(f"where: {unknown(label, known)}")
        (rdms,) = select_rdms.inputs(study, of)["collection"]
        stimuli = select_rdms.stimuli(study, of)
        if self.by is not None:
            levels, factors = rdm_labels.of_entries(study, of), rdm_labels.of_images(study, stimuli)
            if levels is not None and factors is not None:
                defaults.one_or_default(self.by, dict.fromkeys([*levels, *factors, "label", "image"]), "by")
        return {"rdms": rdms, "stimuli": [study.path("stimulus", stimulus=name) for name in stimuli]}

    def draw(self, data: Mapping):
        """Draw RDMs of the same entries, one a panel.

        Raises
        ------
        ConfigError
            More RDMs are chosen than there is room for, or a label is unknown.
        DataError
            The RDMs have different entries.
        """
        table = self._chosen(data["rdms"])
        by, groups = _groups(table, EntryPictures(data["stimuli"]), self.by)
        order, blocks = entry_groups.grouped(groups, table.sizes["entry"])
        paint = {} if groups is None else entry_groups.colours_of(by, groups)
        matrices = [_matrix(table, rdm, order, self.ranked) for rdm in range(table.sizes["rdm"])]
        names, shared = titles(table)

        words = {name: _word(name, self.by) for name, *_ in blocks}
        left = max((LETTER * len(word) for word in words.values()), default=0)
        left += BAND + 2 if blocks else MARGIN
        columns = _columns(len(matrices), left)
        side = min(LARGEST, (WIDTH - left - MARGIN - GAP * (columns - 1)) / columns)
        pitch = TITLE + side + GAP + (0 if self.ranked else SCALE)
        below = -(-len(matrices) // columns) * pitch
        width = max(left + columns * (side + GAP) - GAP + MARGIN, left + BAR + 45)
        fig, axes = page(below + (SCALE if self.ranked else 1), width)
        for at, (matrix, name) in enumerate(zip(matrices, names, strict=True)):
            x, y = left + at % columns * (side + GAP), at // columns * pitch + TITLE
            self._panel(axes, matrix, name, x, y, side)
            entry_groups.mark(axes, blocks, paint, x, y, side)
            if at % columns == 0:
                _name_groups(axes, blocks, words, x, y, side / len(matrix))
        if self.ranked:
            colour_scale(axes, left, below, BAR, rdm_matrix.colours(), 0, 100, 5)
            axes.text(left + BAR + 2, below + 1, "dissimilarity, percentile", va="center")
        else:
            axes.text(left, below - 1.5, "dissimilarity, a scale for each RDM", va="center")
        return fig, caption(table, names, shared, by, blocks, self.ranked)

    def _chosen(self, table):
        """Choose RDMs by their labels."""
        if not hasattr(table, "dims") or "entry" not in table.dims:
            raise DataError(
                "the RDMs do not have the same entries. Choose RDMs with the same entries in the analysis."
            )
        table = table.isel(rdm=indices_where(rdm_names.labels_of(table), self.where))
        if table.sizes["rdm"] > MOST:
            raise ConfigError(
                f"where: expected at most {MOST} RDMs, found {table.sizes['rdm']}. Choose some by their "
                "labels."
            )
        return table

    def _panel(self, axes, matrix: np.ndarray, name: str, x: float, y: float, side: float) -> None:
        """Draw one RDM below its name, and above a separate colour scale where these are no ranks."""
        low, high = (0, 100) if self.ranked else rdm_matrix.limits(matrix)
        rdm_matrix.draw(axes, matrix, x, y, side, low, high, gid=name)
        axes.text(x, y - 1.5, captions.shorten(name, int(side / 1.45)))
        if not self.ranked:
            colour_scale(axes, x, y + side + 1.5, side, rdm_matrix.colours(), low, high, 3)


def _name_groups(axes, blocks: list, words: Mapping, x: float, y: float, step: float) -> None:
    for group, first, count in blocks:
        middle = y + (first + count / 2) * step
        axes.text(x - BAND - 0.3, middle, words[group], ha="right", va="center", fontsize=6)


def titles(table) -> tuple[list[str], dict[str, str]]:
    """Name RDMs by the labels that tell them apart; return the labels that all have alike, too."""
    cells = rdm_names.labels_of(table, without=DEPENDENT)
    naming = rdm_names.naming_labels(cells) or list(cells)[:1]
    names = [rdm_names.name(cells, at, naming) for at in range(table.sizes["rdm"])]
    values = {name: set(own) - {""} for name, own in cells.items()}
    return names, {name: own.pop() for name, own in values.items() if len(own) == 1}


def _groups(table, finder: EntryPictures, by: str | None) -> tuple[str, list[str] | None]:
    """Return what groups entries, and the group of each; None if there are none."""
    levels = [str(name) for name in table.variables if table[name].dims == ("entry",)]
    stimuli = set(map(str, table["stimulus"].values)) if "stimulus" in table else set()
    of_rdm = {"stimulus": stimuli.pop()} if len(stimuli) == 1 else {}
    found = []
    for entry in range(table.sizes["entry"]):
        labels = {level: str(table[level].values[entry]) for level in levels}
        picture = finder.find(labels | of_rdm)
        found.append((finder.labels(picture) if picture else {}) | labels)
    shared = set.intersection(*(set(labels) for labels in found))
    if by is None:
        of_images = [label for label in found[0] if label in shared and label not in levels]
        by = entry_groups.category_label({label: [own[label] for own in found] for label in of_images})
        if by is None:
            return "", None
    if by not in shared:
        raise ConfigError(f"by: {unknown(by, shared)}")
    return by, [labels[by] for labels in found]


def _word(group: str, by: str | None) -> str:
    """Name a group in a few letters; a number says nothing without its label."""
    return captions.shorten(f"{by} {group}" if by and group[:1].isdigit() else group, LONGEST)


def _matrix(table, rdm: int, order: np.ndarray, ranked: bool) -> np.ndarray:
    """Return an RDM as a square matrix in an order of entries: ranks from 0 to 100, or dissimilarities."""
    from scipy.spatial.distance import squareform

    values = table["dissimilarity"].values[rdm].astype(np.float64)
    values = rdm_matrix.percent_ranks(values) if ranked else values
    return squareform(values, checks=False)[np.ix_(order, order)]


def _columns(panels: int, left: float) -> int:
    """Choose how many panels are in a row: as few as make rows of nearly equal length."""
    most = max(1, int((WIDTH - left + GAP) / (SMALLEST + GAP)))
    rows = -(-panels // min(most, 4 if panels > 5 else 5))
    return -(-panels // rows)


def caption(table, names: list[str], shared: dict, by: str, blocks: list, ranked: bool) -> str:
    """Say what is shown, how RDMs were averaged, and how alike they are."""
    text = [
        f"Representational dissimilarity matrices of {captions.number(table.sizes['entry'])} entries: "
        f"{captions.listing([captions.escape(name) for name in names])}.",
        _averaged(table, names),
    ]
    if shared:
        labels = [f"{captions.escape(name)} {captions.escape(value)}" for name, value in shared.items()]
        text.append(f"All RDMs with these labels: {', '.join(labels)}.")
    if blocks:
        text.append(f"Entries are grouped by {captions.escape(by)} (bars at the left of each matrix).")
    if ranked:
        text.append(
            "Colours: rank of the dissimilarity among all pairs of the same RDM, in percent; ties have "
            "their mean rank."
        )
    else:
        text.append("Colours: dissimilarity, scaled for each RDM; colours cannot be compared between RDMs.")
    text.append(_correlations(table["dissimilarity"].values, names))
    if np.isnan(table["dissimilarity"].values).any():
        text.append("Grey: undefined.")
    return " ".join(filter(None, text))


def _averaged(table, names: list[str]) -> str:
    """Say which RDMs are means of several."""
    counts = table["averaged"].values if "averaged" in table else np.ones(len(names))
    means = [
        f"{captions.escape(name)} of {int(count)}"
        for name, count in zip(names, counts, strict=True)
        if count > 1
    ]
    return f"Means of several RDMs: {captions.listing(means)}." if means else ""


def _correlations(values: np.ndarray, names: list[str]) -> str:
    """Say how alike a few RDMs are, from their values (rdm, pair)."""
    from scipy.stats import spearmanr

    if not (1 < len(names) <= 4 and np.isfinite(values).all()):
        return ""
    found = [
        f"{captions.escape(names[i])} and {captions.escape(names[j])} "
        f"{spearmanr(values[i], values[j]).statistic:.3f}".replace("-", "−")
        for i, j in zip(*np.triu_indices(len(names), 1), strict=True)
    ]
    return f"Spearman's ρ between RDMs, over pairs of entries: {captions.listing(found)}."
