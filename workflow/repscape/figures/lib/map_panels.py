"""Maps of an analysis `mds` as panels: which RDMs are in each, their marks, and how panels are arranged."""

from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.map_labels import OWN, chains
from repscape.core.errors import ConfigError, unknown
from repscape.core.evenly_spaced import evenly_spaced
from repscape.figures.lib.entry_pictures import EntryPictures
from repscape.figures.lib.label_colours import by_depth, numbers, period_of
from repscape.figures.lib.map_panel import Mark, Panel
from repscape.figures.lib.rdm_names import labels_of, name, naming_labels
from repscape.rdms.labels import FOLLOWING, Where, indices_where

MOST = 30  # panels
MOST_ACROSS = 6


class Arranged(NamedTuple):
    """The maps that are shown.

    Attributes
    ----------
    labels, levels : list of str
        Labels of RDMs and of entries.
    chosen : int
        How many maps were chosen, of which some may be left out.
    panels : list of Panel
    across : int
        How many go side by side.
    titles : list of str
        One a panel, by the labels in which panels differ.
    """

    labels: list[str]
    levels: list[str]
    chosen: int
    panels: list[Panel]
    across: int
    titles: list[str]

    @property
    def values(self) -> dict[str, list[str]]:
        """The values that labels of marks have; layers are in order of depth."""
        every = [mark.labels for panel in self.panels for mark in panel.marks]
        values: dict[str, list[str]] = {}
        for labels in every:
            for label, value in labels.items():
                values.setdefault(label, []).append(value)
        if "layer" in values:
            every.sort(key=lambda own: float(own.get("layer_order") or 0))
            values["layer"] = by_depth((own.get("source", ""), own["layer"]) for own in every)
        return values


def arrange(maps, finder: EntryPictures, where: Where | None, trajectories: str | None) -> Arranged:
    """Choose maps by their labels and put them into panels.

    Parameters
    ----------
    maps : Dataset
        A file of the analysis `mds`.
    finder : EntryPictures
    where : mapping of label to a value or values, optional
    trajectories : str, optional
        A label along which RDMs, or entries, are connected.

    Raises
    ------
    ConfigError
        A label or value is unknown, maps are not aligned along `trajectories`, or there are too many panels.
    """
    labels = labels_of(maps, without=OWN)
    levels = [str(name) for name in maps.variables if maps[name].dims in (("entry",), ("rdm", "entry"))]
    chosen = indices_where(labels, where, what="map")
    groups = _groups(maps, list(labels), levels, chosen, trajectories)
    panels = [_panel(maps, group, list(labels), levels, finder, trajectories) for group in groups]
    shown = [at for group in groups for at in group]
    naming = naming_labels(
        {
            label: values[shown].tolist()
            for label, values in labels.items()
            if label not in (*FOLLOWING, trajectories)
        }
    )
    across, panels = _side_by_side(maps, panels, naming)
    titles = [name(labels, panel.rdms[0], naming) for panel in panels]
    return Arranged(list(labels), levels, len(chosen), panels, across, titles)


def _groups(maps, labels, levels, chosen: list[int], trajectories: str | None) -> list[list[int]]:
    """Put RDMs in panels, each in one of its own or those that trajectories go through in one."""
    check_trajectories(trajectories, levels, labels, maps.attrs["align"])
    if trajectories is None or trajectories in levels:
        groups = [[at] for at in chosen]
    else:
        import pandas as pd

        table = pd.DataFrame({label: maps[label].values[chosen] for label in labels})
        groups = [[chosen[at] for at in chain] for chain in chains(table, labels, trajectories)]
    if len(groups) > MOST and "layer" in labels:
        groups = _thinned(maps, groups)
    if len(groups) > MOST:
        different = [
            label
            for label in labels
            if label not in FOLLOWING
            and len({str(maps[label].values[at]) for group in groups for at in group}) > 1
        ]
        raise ConfigError(
            f"where: a figure has at most {MOST} maps, found {len(groups)}. Choose some of them by "
            f"{', '.join(different)}."
        )
    return groups


def check_trajectories(trajectories: str | None, levels, labels, align: str | None) -> None:
    """Refuse to connect what is neither in one map nor in maps that were aligned."""
    if trajectories is None or trajectories in levels:
        return
    if trajectories not in labels:
        raise ConfigError(f"trajectories: {unknown(trajectories, [*levels, *labels])}")
    if align != trajectories:
        raise ConfigError(
            f"trajectories: these maps are not aligned along '{trajectories}', so shifts from one to the "
            f"next are meaningless. Set `align: {trajectories}` in the analysis."
        )


def _thinned(maps, groups: list[list[int]]) -> list[list[int]]:
    """Keep evenly spaced layers, the same number of each source, so that there are few enough panels."""
    first = [group[0] for group in groups]
    layers = maps["layer"].values[first]
    sources = maps["source"].values[first] if "source" in maps else np.full(len(first), "")
    own = {source: list(dict.fromkeys(layers[sources == source])) for source in dict.fromkeys(sources)}
    for count in range(max(map(len, own.values())), 0, -1):
        kept = {name: {all_[at] for at in evenly_spaced(len(all_), count)} for name, all_ in own.items()}
        some = [group for group, s, layer in zip(groups, sources, layers, strict=True) if layer in kept[s]]
        if len(some) <= MOST:
            return some
    return groups


def _panel(maps, group: list[int], labels, levels, finder: EntryPictures, trajectories: str | None) -> Panel:
    marks: list[Mark] = []
    lines: dict[tuple, list[int]] = {}
    for at in group:
        one = maps.isel(rdm=at)
        of_rdm = {label: str(one[label].values) for label in labels}
        names = {level: one[level].values.astype(str) for level in levels}
        for entry in np.flatnonzero(np.isfinite(one["position"].values).all(-1)):
            of_entry = {level: str(values[entry]) for level, values in names.items()}
            picture = finder.find(of_rdm | of_entry)
            of_image = finder.labels(picture) if picture else {}
            same = tuple(value for level, value in of_entry.items() if level != trajectories)
            lines.setdefault(same, []).append(len(marks))
            marks.append(Mark(one["position"].values[entry, :2], of_image | of_rdm | of_entry, picture))
    return Panel(group, marks, list(lines.values()) if trajectories else [])


def join(panels: list[Panel], path: str, period: float | None) -> bool:
    """Join the entries of each panel in the order of a label's numbers; return whether as circles.

    Raises
    ------
    ConfigError
        Entries lack the label, or its values are no numbers.
    """
    closed = False
    for panel in panels:
        known = set.intersection(*(set(mark.labels) for mark in panel.marks))
        if path not in known:
            raise ConfigError(f"path: {unknown(path, known)}")
        texts = [mark.labels[path] for mark in panel.marks]
        values = numbers(texts)
        if values is None:
            raise ConfigError(
                f"path: expected numbers as values of '{path}', found '{texts[0]}'. Choose another label."
            )
        closed = bool(period or period_of(path, dict.fromkeys(texts)))
        order = np.argsort(values, kind="stable").tolist()
        panel.path = [*order, order[0]] if closed else order
    return closed


def _side_by_side(maps, panels: list[Panel], naming: list[str]) -> tuple[int, list[Panel]]:
    """Choose how many panels go side by side; what differs in two labels goes in rows and columns of these.

    Columns are layers, if these are among the two.
    """
    count = len(panels)
    if len(naming) == 2:
        across, down = sorted(naming, key=lambda label: label != "layer")
        cells = {label: [str(maps[label].values[panel.rdms[0]]) for panel in panels] for label in naming}
        columns, rows = (list(dict.fromkeys(cells[label])) for label in (across, down))
        if 1 < len(columns) <= MOST_ACROSS and count == len(columns) * len(rows):
            places = zip(map(rows.index, cells[down]), map(columns.index, cells[across]), strict=True)
            return len(columns), [panels[at] for _, at in sorted(zip(places, range(count), strict=True))]
    return count if count <= 4 else min(MOST_ACROSS, int(np.ceil(np.sqrt(1.3 * count)))), panels
