"""RDMs of networks, brains and observers as heat maps, side by side."""

from collections.abc import Mapping

import numpy as np

from repscape.analyses.lib import select_rdms
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.figures.lib import captions, rdm_labels
from repscape.figures.lib.entry_pictures import EntryPictures
from repscape.figures.lib.label_colours import label_colours
from repscape.figures.lib.millimetre_page import colour_scale, page
from repscape.figures.lib.rdm_names import telling
from repscape.figures.lib.style import WIDTH
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.compare.meta import DEPENDENT
from repscape.rdms.labels import Where
from repscape.study import defaults
from repscape.study.study import Study

MOST = 20  # panels
UNDEFINED = "#D9D9D9"
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
        "class. By default the class, if it has 2 to 15 values.",
        None,
    )
    ranked: bool = parameter(
        "Whether colours are ranks among the pairs of each RDM, as Kriegeskorte et al. (Neuron 60:1126, "
        "2008) draw them, so that RDMs of different scales can be compared; else dissimilarities, with a "
        "scale for each RDM.",
        True,
    )

    def inputs(self, study: Study) -> dict:
        """Name the files.

        Raises
        ------
        ConfigError
            The study has neither a recording nor an analysis `mean_rdm` of that name; a label is unknown.
        """
        of = self.of
        made = defaults.analyses_of(study, "mean_rdm")
        recordings = list(study.config.get("recordings", {}))
        if not made + recordings:
            raise ConfigError(
                "of: the study has no tables of RDMs; add an analysis `mean_rdm` of what is to be shown."
            )
        of = defaults.one_or_default(of, made + recordings, "of")
        known = select_rdms.labels(study, of)
        for label in self.where or {}:
            if label not in known:
                raise ConfigError(f"where: {unknown(label, known)}")
        (rdms,) = select_rdms.inputs(study, of)["collection"]
        stimuli = select_rdms.stimuli(study, of)
        if self.by is not None:
            levels, factors = rdm_labels.of_entries(study, of), rdm_labels.of_images(study, stimuli)
            if (
                levels is not None
                and factors is not None
                and self.by not in ("image", "label", *levels, *factors)
            ):
                raise ConfigError(f"by: {unknown(self.by, {*levels, *factors, 'label'})}")
        return {"rdms": rdms, "stimuli": [study.path("stimulus", stimulus=name) for name in stimuli]}

    def draw(self, data: Mapping):
        """Draw RDMs of the same entries, one a panel.

        Returns
        -------
        Figure, str
            The figure and its caption.
        """
        import matplotlib
        from matplotlib.patches import Rectangle

        if not hasattr(data["rdms"], "dims") or "entry" not in data["rdms"].dims:
            raise DataError("the RDMs do not have the same entries. Choose some that do, in the analysis.")
        table = _chosen(data["rdms"], self.where)
        if table.sizes["rdm"] > MOST:
            raise ConfigError(
                f"where: {table.sizes['rdm']} RDMs are chosen, there is room for {MOST}. Choose by their labels."
            )
        groups = _groups(table, EntryPictures(data["stimuli"]), self.by)
        paint = {} if groups is None else label_colours(self.by or "label", groups).colours
        order = np.arange(table.sizes["entry"]) if groups is None else _order(groups)
        matrices = [_matrix(table, rdm, order, self.ranked) for rdm in range(table.sizes["rdm"])]
        names, shared = titles(table)

        blocks = [] if groups is None else _blocks([groups[at] for at in order])
        words = {name: _word(name, self.by) for name, *_ in blocks}
        left = max((LETTER * len(word) for word in words.values()), default=0)
        left += BAND + 2 if blocks else MARGIN
        columns = _columns(len(matrices), left)
        side = min(LARGEST, (WIDTH - left - MARGIN - GAP * (columns - 1)) / columns)
        own = 0 if self.ranked else SCALE
        pitch = TITLE + side + GAP + own
        rows = -(-len(matrices) // columns)
        width = max(left + columns * (side + GAP) - GAP + MARGIN, left + BAR + 45)
        fig, axes = page(rows * pitch + (SCALE if self.ranked else 1), width)
        colours = matplotlib.colormaps["viridis"].with_extremes(bad=UNDEFINED)
        for at, (matrix, name) in enumerate(zip(matrices, names, strict=True)):
            x, y = left + at % columns * (side + GAP), at // columns * pitch + TITLE
            low, high = (0, 100) if self.ranked else _limits(matrix)
            axes.imshow(
                matrix, vmin=low, vmax=high, cmap=colours, extent=(x, x + side, y + side, y), aspect="auto",
                interpolation="none", gid=name,
            )  # fmt: skip
            axes.text(x, y - 1.5, captions.shorten(name, int(side / 1.45)))
            step = side / len(matrix)
            for group, first, count in blocks:
                axes.add_patch(
                    Rectangle(
                        (x - BAND + 0.5, y + first * step),
                        BAND - 1,
                        count * step,
                        facecolor=paint[group],
                        linewidth=0,
                    )
                )
                if at % columns == 0:
                    middle = y + (first + count / 2) * step
                    axes.text(x - BAND - 0.3, middle, words[group], ha="right", va="center", fontsize=6)
                if first:
                    for line in (
                        ([x, x + side], [y + first * step] * 2),
                        ([x + first * step] * 2, [y, y + side]),
                    ):
                        axes.plot(*line, color="white", linewidth=0.4)
            if not self.ranked:
                colour_scale(axes, x, y + side + 1.5, side, colours, low, high, 3)
        below = rows * pitch
        if self.ranked:
            colour_scale(axes, left, below, BAR, colours, 0, 100, 5)
            axes.text(left + BAR + 2, below + 1, "dissimilarity, percentile", va="center")
        else:
            axes.text(left, below - 1.5, "dissimilarity, a scale for each RDM", va="center")
        return fig, caption(table, names, shared, self.by or "label", blocks, self.ranked)


def titles(table) -> tuple[list[str], dict[str, str]]:
    """Name RDMs by the labels that tell them apart; return the labels that all have alike, too."""
    labels = [str(name) for name in table.variables if table[name].dims == ("rdm",)]
    labels = [name for name in labels if name not in DEPENDENT]
    cells = {name: table[name].values.astype(str).tolist() for name in labels}
    told = telling(cells) or labels[:1]
    names = [
        " · ".join(cells[name][at] for name in told if cells[name][at]) for at in range(len(table["rdm"]))
    ]
    kinds = {name: set(values) - {""} for name, values in cells.items()}
    shared = {name: values.pop() for name, values in kinds.items() if len(values) == 1}
    return names, shared


def _chosen(table, where: Where | None):
    """Choose RDMs by their labels."""
    keep = np.ones(table.sizes["rdm"], bool)
    for label, values in (where or {}).items():
        wanted = set(map(str, values if isinstance(values, list) else [values]))
        found = table[label].values.astype(str)
        for value in sorted(wanted - set(found)):
            raise ConfigError(f"where: {label}: {unknown(value, set(found))}")
        keep &= np.isin(found, list(wanted))
    if not keep.any():
        raise ConfigError("where: no RDM has all of these labels. Choose fewer of them.")
    return table.isel(rdm=np.flatnonzero(keep))


def _groups(table, finder: EntryPictures, by: str | None) -> list[str] | None:
    """Return the group of each entry; None if there are none."""
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
        few = "label" in shared and 2 <= len({labels["label"] for labels in found}) <= 15
        return [labels["label"] for labels in found] if few else None
    if by not in shared:
        raise ConfigError(f"by: {unknown(by, shared)}")
    return [labels[by] for labels in found]


def _order(groups: list[str]) -> np.ndarray:
    """Put entries of one group together, groups and entries as they come."""
    rank = {group: at for at, group in enumerate(dict.fromkeys(groups))}
    return np.argsort([rank[group] for group in groups], kind="stable")


def _word(group: str, by: str | None) -> str:
    """Name a group in a few letters; a number says nothing without its label."""
    return captions.shorten(f"{by} {group}" if by and group[:1].isdigit() else group, LONGEST)


def _blocks(groups: list[str]) -> list[tuple[str, int, int]]:
    """List groups in order: name, first entry, how many."""
    return [(group, groups.index(group), groups.count(group)) for group in dict.fromkeys(groups)]


def _matrix(table, rdm: int, order: np.ndarray, ranked: bool) -> np.ndarray:
    """Return an RDM as a square matrix in an order of entries: ranks from 0 to 100, or dissimilarities."""
    from scipy.spatial.distance import squareform
    from scipy.stats import rankdata

    values = table["dissimilarity"].values[rdm].astype(np.float64)
    if ranked:
        values = 100 * (rankdata(values, nan_policy="omit") - 1) / max(np.isfinite(values).sum() - 1, 1)
    return squareform(values, checks=False)[np.ix_(order, order)]


def _limits(matrix: np.ndarray) -> tuple[float, float]:
    shown = matrix[np.isfinite(matrix)]
    return min(0.0, shown.min(initial=0)), shown.max(initial=0) or 1.0


def _columns(panels: int, left: float) -> int:
    """Choose how many panels are in a row: as few as make rows of nearly equal length."""
    most = max(1, int((WIDTH - left + GAP) / (SMALLEST + GAP)))
    rows = -(-panels // min(most, 4 if panels > 5 else 5))
    return -(-panels // rows)


def caption(table, names: list[str], shared: dict, by: str, blocks: list, ranked: bool) -> str:
    """Say what is shown, how RDMs were averaged, and how alike they are."""
    from scipy.stats import spearmanr

    entries = table.sizes["entry"]
    text = [
        f"Representational dissimilarity matrices of {captions.number(entries)} entries: "
        f"{captions.listing([captions.escape(name) for name in names])}."
    ]
    if "averaged" in table:
        means = [
            f"{captions.escape(name)} of {int(count)}"
            for name, count in zip(names, table["averaged"].values, strict=True)
            if count > 1
        ]
        text += [f"Means of several RDMs: {captions.listing(means)}."] if means else []
    if shared:
        alike = [f"{captions.escape(name)} {captions.escape(value)}" for name, value in shared.items()]
        text.append(f"All that have these labels: {', '.join(alike)}.")
    if blocks:
        text.append(f"Entries are grouped by {captions.escape(by)} (bars at the left of each matrix).")
    if ranked:
        text.append(
            "Colours: rank of the dissimilarity among all pairs of the same RDM, in percent; equal ones have "
            "their mean rank."
        )
    else:
        text.append("Colours: dissimilarity, on a scale for each RDM; they do not compare RDMs.")
    values = table["dissimilarity"].values
    if 1 < len(names) <= 4 and np.isfinite(values).all():
        alike = [
            f"{captions.escape(names[i])} and {captions.escape(names[j])} "
            f"{spearmanr(values[i], values[j]).statistic:.3f}".replace("-", "−")
            for i, j in zip(*np.triu_indices(len(names), 1), strict=True)
        ]
        text.append(f"Spearman's ρ between RDMs, over pairs of entries: {captions.listing(alike)}.")
    if np.isnan(values).any():
        text.append("Grey: undefined.")
    return " ".join(text)
