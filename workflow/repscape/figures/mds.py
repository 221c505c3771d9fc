"""Maps of RDMs: pictures of the stimuli, or points, placed by MDS; trajectories through layers."""

from collections.abc import Mapping

import numpy as np

from repscape.analyses.lib.entry_categories import CATEGORY
from repscape.core.errors import ConfigError, unknown
from repscape.figures.lib import captions, legend_items, map_layout, mds_caption, rdm_labels
from repscape.figures.lib.entry_pictures import EntryPictures
from repscape.figures.lib.label_colours import (
    LabelColours,
    LabelSizes,
    label_colours,
    label_sizes,
)
from repscape.figures.lib.map_keys import keys, own_scale
from repscape.figures.lib.map_panel import MARGIN, Look, draw_panel
from repscape.figures.lib.map_panels import Arranged, arrange, check_trajectories, join
from repscape.figures.lib.millimetre_page import page
from repscape.figures.lib.style import WIDTH
from repscape.plugin.contract import Figure, parameter
from repscape.plugin.parameter_types import Period
from repscape.rdms.labels import FOLLOWING
from repscape.study.study import Study

EDGE, GAP = 0.8, 3.0  # mm: around the page, between panels
TITLE, LINE = 3.8, 3.2  # mm, above panels: how well they do; the line with names
OWN_SCALE = 3.0  # mm, beneath panels
SINGLE = 110.0  # mm, the width of a map alone
SMALLEST, LARGEST = 2.9, 10.0  # mm, pictures


class Mds(rdm_labels.OfRdmAnalysis, Figure):
    """Maps of RDMs: pictures or points, and trajectories through layers (analysis `mds`)."""

    category = "RDMs"

    _kind = "mds"

    pictures: bool | None = parameter(
        "Whether entries are shown by pictures; by default if there is room for them.", None
    )
    colour: str | None = parameter(
        "The label that colours stand for: of entries, of the factors of their images, or of RDMs. By "
        "default the first of the entries' that has 2 to 15 values, else ``category`` or another factor.",
        None,
    )
    size: str | None = parameter(
        "The label that sizes show, chosen as `colour`; by default all have the same size.", None
    )
    trajectories: str | None = parameter(
        "A label whose values are connected by lines: a label of the entries, as in a map of all layers; "
        "or the label along which maps were aligned, which are then shown in one panel.",
        None,
    )
    path: str | None = parameter(
        "A label of the entries or of the factors of their images, whose values are numbers: a line joins "
        "entries in the order of their values, and the last with the first if the values are circular.",
        None,
    )
    period: Period | None = parameter(
        "The period after which the values of `colour` and `path` repeat, such as 180 for orientations. "
        "By default values are circular if they go once around 180 or 360.",
        None,
    )
    shared: bool | None = parameter(
        "Whether all panels have one scale; by default they do, except for t-SNE, whose scale is "
        "meaningless.",
        None,
    )

    def check(self) -> None:
        """Refuse keys that do not go together."""
        if self.trajectories is not None and self.path is not None:
            raise ConfigError("path: lines through a map's entries would cross `trajectories`. Choose one.")

    def inputs(self, study: Study) -> dict:
        """Name the files, and check the labels.

        Raises
        ------
        ConfigError
            No analysis of that name makes maps, they have one dimension, or a label is unknown.
        """
        files = super().inputs(study)
        section, labels, stimuli = self._section(study), self._labels(study), self._stimuli(study)
        if section["dims"] < 2:
            raise ConfigError("analysis: a map needs two dimensions. Set `dims: 2` in the analysis.")
        levels, factors = rdm_labels.of_entries(study, section["of"]), rdm_labels.of_images(study, stimuli)
        if levels is not None:
            check_trajectories(self.trajectories, levels, labels, section["align"])
        if levels is not None and factors is not None:
            known = {*levels, *factors, *labels}
            for key, label in (("colour", self.colour), ("size", self.size), ("path", self.path)):
                if label not in (None, "image", "label", *known):
                    raise ConfigError(f"{key}: {unknown(label, known)}")
        return files | {"stimuli": [study.path("stimulus", stimulus=name) for name in stimuli]}

    def draw(self, data: Mapping):
        """Draw a map for each RDM, or trajectories through several in one."""
        maps = data["mds"].load()
        shared = maps.attrs["method"] != "tsne" if self.shared is None else self.shared
        finder = EntryPictures(data["stimuli"])
        arranged = arrange(maps, finder, self.where, self.trajectories)
        closed = join(arranged.panels, self.path, self.period) if self.path is not None else False

        width = SINGLE if len(arranged.panels) == 1 else WIDTH
        side = (width - 2 * EDGE - (arranged.across - 1) * GAP) / arranged.across
        look = self._look(arranged, side, finder)
        fig = self._draw(maps, arranged, look, width, side, shared)
        text = mds_caption.caption(
            maps,
            arranged.panels,
            look,
            labels=arranged.labels,
            levels=arranged.levels,
            chosen=arranged.chosen,
            trajectories=self.trajectories,
            shared=shared,
        )
        return fig, " ".join(filter(None, (text, mds_caption.path(self.path, closed))))

    def _look(self, arranged: Arranged, side: float, finder: EntryPictures) -> Look:
        """Choose how marks look in panels of a side in mm."""
        panels = arranged.panels
        share = 0.42 if self.trajectories is None else 0.25
        picture = share * side / np.sqrt(max(len(panel.ends) for panel in panels))
        pictures = picture >= SMALLEST if self.pictures is None else self.pictures
        pictures = pictures and any(panel.marks[mark].picture for panel in panels for mark in panel.ends)
        colours = self._colours(arranged)
        shown = (colours.label if colours else None, self.trajectories)
        naming = tuple(level for level in arranged.levels if level not in shown)
        size = float(np.clip(picture, SMALLEST, LARGEST)) if pictures else None
        return Look(colours, self._sizes(arranged), size, naming, finder)

    def _colours(self, arranged: Arranged) -> LabelColours | None:
        """Give the values of a label colours, by default of one that has several in every panel."""
        values = arranged.values
        if self.colour is not None:
            if self.colour not in values:
                raise ConfigError(f"colour: {unknown(self.colour, values)}")
            return label_colours(self.colour, values[self.colour], self.period)
        within = [
            {label: {mark.labels.get(label) for mark in panel.marks} for label in values}
            for panel in arranged.panels
        ]
        usual = [
            label for label in values if all(len(own[label]) > 1 for own in within) and label not in FOLLOWING
        ]
        for label in sorted(usual, key=lambda label: (label not in arranged.levels, label != CATEGORY)):
            if label not in ("image", self.trajectories) and len(set(values[label])) <= 15:
                return label_colours(label, values[label])
        # images of some panels alone have categories
        few = 2 <= len(set(values.get(CATEGORY, []))) <= 15
        return label_colours(CATEGORY, values[CATEGORY]) if few else None

    def _sizes(self, arranged: Arranged) -> LabelSizes | None:
        if self.size is None:
            return None
        if self.size not in arranged.values:
            raise ConfigError(f"size: {unknown(self.size, arranged.values)}")
        return label_sizes(self.size, arranged.values[self.size])

    def _draw(self, maps, arranged: Arranged, look: Look, width: float, side: float, shared: bool):
        """Draw the panels, and the keys beneath them."""
        panels, across = arranged.panels, arranged.across
        room = side - 2 * MARGIN - look.largest
        windows, height = map_layout.windows(
            [panel.points for panel in panels],
            room,
            room,
            shared=shared,
            together=shared and bool(maps.attrs["align"]),
        )
        high, above = height + 2 * MARGIN + look.largest, TITLE + (LINE if any(arranged.titles) else 0)
        scaled = not shared and maps.attrs["method"] != "tsne"
        pitch = above + high + (OWN_SCALE if scaled else 0) + GAP
        below = EDGE + -(-len(panels) // across) * pitch
        window = windows[0] if shared else None
        placed = legend_items.rows(keys(maps, panels, look, self.trajectories, window, side), width)
        fig, axes = page(below + len(placed) * legend_items.ROW, width)
        for number, (panel, name, window) in enumerate(zip(panels, arranged.titles, windows, strict=True)):
            left, top = EDGE + (number % across) * (side + GAP), EDGE + (number // across) * pitch
            axes.text(left, top + LINE - 0.6, captions.shorten(name, int(side / 1.3)), fontsize=7)
            axes.text(left, top + above - 1.2, goodness(maps, panel.rdms), fontsize=5.8, color="0.35")
            draw_panel(axes, panel, window, (left, top + above, side, high), look)
            if scaled:
                own_scale(axes, window, left, top + above + high, side)
        legend_items.put(axes, placed, EDGE, below - GAP + 1.5)
        return fig


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
