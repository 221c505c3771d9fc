"""Maps of RDMs: pictures of the stimuli, or points, placed by MDS; trajectories through layers."""

from collections.abc import Mapping

import numpy as np

from repscape.analyses.lib import select_rdms
from repscape.analyses.mds import OWN, chains
from repscape.core.errors import ConfigError, unknown
from repscape.figures.lib import captions, legend_items, map_layout, mds_caption, rdm_labels
from repscape.figures.lib.entry_pictures import EntryPictures
from repscape.figures.lib.label_colours import (
    LabelColours,
    LabelSizes,
    by_depth,
    label_colours,
    label_sizes,
    numbers,
    period_of,
)
from repscape.figures.lib.map_panel import DOT, MARGIN, PLAIN, Look, Mark, Panel, draw_panel
from repscape.figures.lib.millimetre_page import page
from repscape.figures.lib.rdm_names import telling
from repscape.figures.lib.style import WIDTH
from repscape.plugin.contract import Figure, parameter
from repscape.plugin.parameter_types import Period
from repscape.rdms.labels import FOLLOWING, REPEATED, Where
from repscape.stimuli.lib.evenly_spaced import evenly_spaced
from repscape.study import defaults
from repscape.study.study import Study

MOST = 30  # panels
EDGE, GAP = 0.8, 3.0  # mm: around the page, between panels
TITLE, LINE = 3.8, 3.2  # mm, above panels: what tells how well they do; the line with names
OWN_SCALE = 3.0  # mm, beneath panels
SINGLE = 110.0  # mm, the width of a map alone
SMALLEST, LARGEST = 2.9, 10.0  # mm, pictures
MOST_ACROSS = 6  # panels


class Mds(Figure):
    """Maps of RDMs: pictures of the stimuli, or points, placed by MDS; trajectories through layers."""

    category = "RDMs"

    analysis: str | None = parameter("An analysis ``mds``, by its name.", None)
    where: Where | None = parameter(
        "Which of its maps. Of more than 30, evenly spaced layers are shown.", None
    )
    pictures: bool | None = parameter(
        "Whether entries are shown by pictures; by default where there is room for them.", None
    )
    colour: str | None = parameter(
        "The label that colours stand for: of entries, of the factors of their images, or of RDMs. By "
        "default the first of the entries' that has 2 to 15 values.",
        None,
    )
    size: str | None = parameter("The label that sizes stand for.", None)
    trajectories: str | None = parameter(
        "A label whose values are connected: of the entries, as in a map of all layers; or the one along "
        "which maps were aligned, which are then shown in one panel.",
        None,
    )
    path: str | None = parameter(
        "A label of the entries or of the factors of their images, numbers: a line joins entries in the "
        "order of their values, and the last with the first where these go around a circle.",
        None,
    )
    period: Period | None = parameter(
        "After which the values of `colour` and `path` repeat, say 180 for orientations. By default they "
        "are taken to go around a circle where they go once around 180 or 360.",
        None,
    )
    shared: bool | None = parameter(
        "Whether all panels have one scale; by default they do, but of t-SNE, whose scale means nothing.",
        None,
    )

    def inputs(self, study: Study) -> dict:
        """Name the files, and check the labels.

        Raises
        ------
        ConfigError
            No analysis of that name makes maps, they have one dimension, or a label is unknown.
        """
        file = defaults.analysis_file(study, self.analysis, "mds")
        section = study.config["analyses"][self.analysis or "mds"]
        if section["dims"] < 2:
            raise ConfigError("analysis: a map needs two dimensions; set `dims: 2` in the analysis.")
        labels = [label for label in select_rdms.labels(study, section["of"]) if label not in REPEATED] + [
            "draws"
        ]
        rdm_labels.check_where(study, self.analysis or "mds", self.where, labels)
        stimuli = select_rdms.stimuli(study, section["of"], section["where"])
        levels, factors = rdm_labels.of_entries(study, section["of"]), rdm_labels.of_images(study, stimuli)
        if levels is not None:
            _check_trajectories(self.trajectories, levels, labels, section["align"])
        if levels is not None and factors is not None:
            for key, label in (("colour", self.colour), ("size", self.size), ("path", self.path)):
                if label not in (None, "image", "label", *levels, *factors, *labels):
                    raise ConfigError(f"{key}: {unknown(label, {*levels, *factors, *labels})}")
        return {"mds": file, "stimuli": [study.path("stimulus", stimulus=name) for name in stimuli]}

    def check(self) -> None:
        """Refuse keys that do not go together."""
        if self.trajectories is not None and self.path is not None:
            raise ConfigError("path: lines through a map's entries would cross `trajectories`. Choose one.")

    def draw(self, data: Mapping):
        """Draw a map for each RDM, or trajectories through several in one.

        Returns
        -------
        Figure, str
            The figure and its caption.
        """
        pictures = self.pictures
        shared = self.shared
        maps = data["mds"].load()
        shared = maps.attrs["method"] != "tsne" if shared is None else shared
        labels = [str(name) for name in maps.variables if maps[name].dims == ("rdm",) and name not in OWN]
        levels = [str(name) for name in maps.variables if maps[name].dims in (("entry",), ("rdm", "entry"))]
        finder = EntryPictures(data["stimuli"])
        chosen = select(maps, labels, self.where)
        groups = _groups(maps, labels, levels, chosen, self.trajectories)
        panels = [_panel(maps, group, labels, levels, finder, self.trajectories) for group in groups]
        closed = _join(panels, self.path, self.period) if self.path is not None else False
        drawn = [at for group in groups for at in group]
        cells = {label: maps[label].values[drawn].astype(str).tolist() for label in labels}
        told = telling(
            {label: cells[label] for label in labels if label not in (*FOLLOWING, self.trajectories)}
        )

        across, panels = _arranged(maps, panels, told)
        width = SINGLE if len(panels) == 1 else WIDTH
        side = (width - 2 * EDGE - (across - 1) * GAP) / across
        picture = (
            (0.42 if self.trajectories is None else 0.25) * side / np.sqrt(max(len(p.ends) for p in panels))
        )
        if pictures is None:
            pictures = picture >= SMALLEST
        pictures = pictures and any(panel.marks[mark].picture for panel in panels for mark in panel.ends)
        colours = _colours(panels, levels, self.colour, self.trajectories, self.period)
        sizes = _sizes(panels, self.size)
        shown = (colours.label if colours else None, self.trajectories)
        naming = tuple(level for level in levels if level not in shown)
        look = Look(
            colours, sizes, float(np.clip(picture, SMALLEST, LARGEST)) if pictures else None, naming, finder
        )

        room = side - 2 * MARGIN - look.largest
        windows, height = map_layout.windows(
            [panel.points for panel in panels],
            room,
            room,
            shared=shared,
            together=shared and bool(maps.attrs["align"]),
        )
        high, above = height + 2 * MARGIN + look.largest, TITLE + (LINE if told else 0)
        own_scale = not shared and maps.attrs["method"] != "tsne"
        pitch = above + high + (OWN_SCALE if own_scale else 0) + GAP
        under = EDGE + -(-len(panels) // across) * pitch
        placed = legend_items.rows(
            _keys(maps, panels, look, self.trajectories, windows[0] if shared else None, side), width
        )
        fig, axes = page(under + len(placed) * legend_items.ROW, width)
        for number, (panel, window) in enumerate(zip(panels, windows, strict=True)):
            left, top = EDGE + (number % across) * (side + GAP), EDGE + (number // across) * pitch
            name = " · ".join(filter(None, (str(maps[label].values[panel.rdms[0]]) for label in told)))
            axes.text(left, top + LINE - 0.6, captions.shorten(name, int(side / 1.3)), fontsize=7)
            axes.text(left, top + above - 1.2, goodness(maps, panel.rdms), fontsize=5.8, color="0.35")
            draw_panel(axes, panel, window, (left, top + above, side, high), look)
            if own_scale:
                _own_scale(axes, window, left, top + above + high, side)
        legend_items.put(axes, placed, EDGE, under - GAP + 1.5)
        text = mds_caption.caption(
            maps,
            panels,
            look,
            labels=labels,
            levels=levels,
            chosen=len(chosen),
            trajectories=self.trajectories,
            shared=shared,
        )
        return fig, " ".join(filter(None, (text, mds_caption.path(self.path, closed))))


def select(maps, labels: list[str], where: Where | None) -> list[int]:
    """Return the places of the RDMs with these labels.

    Raises
    ------
    ConfigError
        A label or value is unknown, or no RDM has all of them.
    """
    chosen = np.ones(maps.sizes["rdm"], bool)
    for label, values in (where or {}).items():
        if label not in labels:
            raise ConfigError(f"where: {unknown(label, labels)}")
        own = maps[label].values.astype(str)
        wanted = {str(value) for value in (values if isinstance(values, list) else [values])}
        for value in sorted(wanted - set(own)):
            raise ConfigError(f"where: {label}: {unknown(value, set(own))}")
        chosen &= np.isin(own, list(wanted))
    if not chosen.any():
        raise ConfigError("where: no map has all of these labels. Choose fewer of them.")
    return [int(at) for at in np.flatnonzero(chosen)]


def goodness(maps, rdms: list[int]) -> str:
    """Say briefly how well maps do: the shares explained, or by what the method minimises."""
    if "explained" in maps:
        shares = 100 * maps["explained"].values[rdms, :2]
        if len(rdms) == 1:
            return f"{shares[0, 0]:.0f} + {shares[0, 1]:.0f}% explained"
        low, high = (f"{limit(shares.sum(1)):.0f}" for limit in (np.min, np.max))
        return f"{low}% explained" if low == high else f"{low}–{high}% explained"
    name = "stress_1" if "stress_1" in maps else "divergence"
    values = maps[name].values[rdms]
    low, high = f"{values.min():.2f}", f"{values.max():.2f}"
    return f"{name.replace('_', '-')} {low}" if low == high else f"{name.replace('_', '-')} {low}–{high}"


def _groups(maps, labels, levels, chosen: list[int], trajectories: str | None) -> list[list[int]]:
    """Put RDMs in panels, each in one of its own or those that trajectories go through in one."""
    _check_trajectories(trajectories, levels, labels, maps.attrs["align"])
    if trajectories is None or trajectories in levels:
        groups = [[at] for at in chosen]
    else:
        import pandas as pd

        table = pd.DataFrame({label: maps[label].values[chosen] for label in labels})
        groups = [[chosen[at] for at in chain] for chain in chains(table, labels, trajectories)]
    if len(groups) > MOST and "layer" in labels:
        groups = _thinned(maps, groups)
    if len(groups) > MOST:
        different = [label for label in labels if _differ(maps, label, groups) and label not in FOLLOWING]
        raise ConfigError(
            f"where: a figure has at most {MOST} maps, found {len(groups)}. Choose some of them by "
            f"{', '.join(different)}."
        )
    return groups


def _check_trajectories(trajectories: str | None, levels, labels, align: str | None) -> None:
    """Refuse to connect what is neither in one map nor in maps that were aligned."""
    if trajectories is None or trajectories in levels:
        return
    if trajectories not in labels:
        raise ConfigError(f"trajectories: {unknown(trajectories, [*levels, *labels])}")
    if align != trajectories:
        raise ConfigError(
            f"trajectories: these maps are not aligned along '{trajectories}': what moves from one to the "
            f"next means nothing. Set `align: {trajectories}` in the analysis."
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


def _differ(maps, label: str, groups: list[list[int]]) -> bool:
    """Whether RDMs that are shown differ in a label."""
    return len({str(maps[label].values[at]) for group in groups for at in group}) > 1


def _values(panels: list[Panel]) -> dict[str, list[str]]:
    """What values labels of marks have; layers are in order of depth."""
    values: dict[str, list[str]] = {}
    for panel in panels:
        for mark in panel.marks:
            for label, value in mark.labels.items():
                values.setdefault(label, []).append(value)
    if "layer" in values:
        every = [mark.labels for panel in panels for mark in panel.marks]
        every.sort(key=lambda own: float(own.get("layer_order") or 0))
        values["layer"] = by_depth((own.get("source", ""), own["layer"]) for own in every)
    return values


def _join(panels: list[Panel], path: str, period: float | None) -> bool:
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
            raise ConfigError(f"path: the values of '{path}' are no numbers, such as '{texts[0]}'.")
        closed = bool(period or period_of(path, dict.fromkeys(texts)))
        order = np.argsort(values, kind="stable").tolist()
        panel.path = [*order, order[0]] if closed else order
    return closed


def _colours(
    panels: list[Panel], levels, colour: str | None, trajectories: str | None, period: float | None
) -> LabelColours | None:
    """Choose the label that colours stand for, and give its values colours."""
    values = _values(panels)
    if colour is not None:
        if colour not in values:
            raise ConfigError(f"colour: {unknown(colour, values)}")
        return label_colours(colour, values[colour], period)
    within = [{label: {m.labels.get(label) for m in panel.marks} for label in values} for panel in panels]
    usual = [
        label for label in values if all(len(own[label]) > 1 for own in within) and label not in FOLLOWING
    ]
    usual.sort(key=lambda label: label not in levels)
    for label in usual:
        if label not in ("image", trajectories) and len(set(values[label])) <= 15:
            return label_colours(label, values[label])
    return None


def _sizes(panels: list[Panel], size: str | None) -> LabelSizes | None:
    if size is None:
        return None
    values = _values(panels)
    if size not in values:
        raise ConfigError(f"size: {unknown(size, values)}")
    return label_sizes(size, values[size])


def _arranged(maps, panels: list[Panel], told: list[str]) -> tuple[int, list[Panel]]:
    """Choose how many panels go side by side; what differs in two labels goes in rows and columns of these.

    Columns are layers, if these are among the two.
    """
    count = len(panels)
    if len(told) == 2:
        across, down = sorted(told, key=lambda label: label != "layer")
        cells = {label: [str(maps[label].values[panel.rdms[0]]) for panel in panels] for label in told}
        columns, rows = (list(dict.fromkeys(cells[label])) for label in (across, down))
        if 1 < len(columns) <= MOST_ACROSS and count == len(columns) * len(rows):
            places = zip(map(rows.index, cells[down]), map(columns.index, cells[across]), strict=True)
            return len(columns), [panels[at] for _, at in sorted(zip(places, range(count), strict=True))]
    return count if count <= 4 else min(MOST_ACROSS, int(np.ceil(np.sqrt(1.3 * count)))), panels


def _keys(maps, panels, look: Look, trajectories, window, side: float) -> list[list[legend_items.Item]]:
    """What is told beneath the panels: colours, where trajectories begin and end, sizes, the scale."""
    found = [legend_items.colour_key(look.colours)] if look.colours else []
    if trajectories is not None:
        first, last = (_at_end(panels, trajectories, at) for at in (0, -1))
        found.append(
            [
                legend_items.heading(trajectories),
                legend_items.together(
                    legend_items.dot(0.8 * DOT, facecolor="white", edgecolor=PLAIN, linewidth=0.8),
                    legend_items.words(first or "first"),
                ),
                legend_items.together(
                    legend_items.line(6, color=PLAIN, linewidth=0.8),
                    legend_items.dot(DOT, facecolor=PLAIN, linewidth=0),
                    legend_items.words(last or "last"),
                ),
            ]
        )
    if look.sizes:
        values = list(look.sizes.sizes)
        several = values if len(values) <= 8 else [values[0], values[-1]]
        key = [legend_items.heading(look.sizes.label)]
        for value in several:
            dot = legend_items.dot(DOT * look.sizes.sizes[value], facecolor=PLAIN, linewidth=0)
            key.append(legend_items.together(dot, legend_items.words(captions.shorten(value, 22))))
        found.append(key)
    if window is not None and maps.attrs["method"] != "tsne":
        length = map_layout.round_length(0.3 * side / window.scale)
        what = mds_caption.distance(maps, panels[0].rdms[0])
        what = "of maps brought to one size" if maps.attrs["scale"] else f"in {what}"
        found.append([legend_items.bar(length * window.scale), legend_items.words(f"{length:g} {what}")])
    return found


def _at_end(panels: list[Panel], label: str, at: int) -> str | None:
    """Return where all trajectories begin (0) or end (-1), if it is the same place."""
    ends = {panel.marks[line[at]].labels[label] for panel in panels for line in panel.lines}
    return ends.pop() if len(ends) == 1 else None


def _own_scale(axes, window: map_layout.Window, left: float, bottom: float, side: float) -> None:
    length = map_layout.round_length(0.3 * side / window.scale)
    right, middle = left + length * window.scale, bottom + 1.8
    axes.plot([left, right], [middle, middle], color="black", linewidth=1, solid_capstyle="butt")
    axes.text(right + 1, middle, f"{length:g}", fontsize=5.8, va="center_baseline")
