"""How well the differentiation of images (SD) predicts that of each layer (CD): R² by depth."""

from collections.abc import Mapping

import numpy as np

from repscape.core.errors import DataError
from repscape.figures.lib import captions
from repscape.figures.lib.depth import depth_axis, label_height, labelled, layers_of
from repscape.figures.lib.differentiation_curves import measured, same_pixels
from repscape.figures.lib.shown import OfAnalysis, OfOneSize
from repscape.figures.lib.style import figure
from repscape.plugin.contract import Figure
from repscape.study.study import Study

PANEL = 80  # mm, about how wide one of two panels is


class SdCdR2ByDepth(OfAnalysis, OfOneSize, Figure):
    """How well differentiation of images predicts that of layers: R² by depth (analysis `sd_cd`)."""

    category = "Differentiation"
    _kind = "sd_cd"

    def inputs(self, study: Study) -> dict:
        """Name the file and check the parameters."""
        self._check(study, study.samples)
        return super().inputs(study)

    def draw(self, data: Mapping):
        """Draw R² of SD and CD over stimuli by layer, a row a source; beside it, without the reference.

        Raises
        ------
        DataError
            No source was shown enough stimuli.
        """
        table = self._selected(data["sd_cd"].load())
        layers = {
            source: layers_of(table, source)
            for source in map(str, table["source"].values)
            if table["r2"].sel(source=source).notnull().any()  # of too few stimuli there is none
        }
        if not layers:
            raise DataError(
                "sd_cd_r2_by_depth: no source has an R², since differentiation does not vary over "
                "stimuli. Choose other stimuli."
            )
        overs = list(map(str, table["over"].values))
        fig = figure(sum(48 + label_height(names, PANEL) for names in layers.values()))
        panels = fig.subplots(len(layers), len(overs), squeeze=False, sharey=True)
        for row, (source, names) in zip(panels, layers.items(), strict=True):
            for axes, over in zip(row, overs, strict=True):
                _panel(axes, table.sel(source=source, over=over, layer=names))
                if len(layers) > 1:
                    axes.set_title(f"{source}: {axes.get_title('left')}")
            row[0].set_ylabel(f"R² of D over stimuli,\nlayer and {table.attrs['against']}")
        for axes in panels[-1]:
            axes.set_xlabel("layer, from input to output")
        table = table.sel(source=list(layers))
        table = table.isel(stimulus=(table["shown"] > 0).any("source").values)
        return fig, caption(table, layers)


def _panel(axes, fits) -> None:
    """Draw the R² of one source's layers, over all stimuli or without the reference."""
    layers = list(map(str, fits["layer"].values))
    x, gid = np.arange(len(layers)), f"{fits['source'].values}/{fits['over'].values}"
    axes.fill_between(x, fits["r2_low"], fits["r2_high"], color="0.85", lw=0, gid=f"{gid}/range")
    axes.plot(x, fits["r2"], color="black", marker=".", markersize=3 if len(layers) <= 60 else 1, gid=gid)
    depth_axis(axes, layers, PANEL)
    axes.set_ylim(0, 1.02)
    title = "all stimuli" if fits["over"] == "all" else f"without {fits.attrs['reference']}"
    axes.set_title(f"{title} ({int(fits['stimuli'].max())})")


def caption(table, layers: Mapping) -> str:
    """Say what was measured and how, of one metric, population and size."""
    against = captions.escape(table.attrs["against"])
    images = captions.images_of(table)
    text = [
        f"How well differentiation in the layer {against} (SD) predicts that in the other layers (CD) of "
        f"{captions.listing(map(captions.escape, layers))}: R² of a least-squares line over "
        f"{captions.of_stimuli(images)}; in {against} it is 1 by construction.",
        "Grey: the range of R² if any one stimulus is left out; a wide range means that R² depends on one "
        "stimulus.",
    ]
    if table.sizes["over"] > 1:
        reference = captions.escape(table.attrs["reference"])
        text.append(f"Right: without {reference}, which differs from the other stimuli.")
    text += [
        f"Differentiation {measured(table)}",
        same_pixels(table),
        "Dividing D by that of a reference in the same layer would not change R².",
    ]
    return " ".join(filter(None, [*text, labelled(layers, PANEL)]))
