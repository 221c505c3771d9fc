"""How decoders of an angle learn and generalise: errors in training and test, by epoch and by penalty."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.angle_decoding_caption import best_layer, procedure
from repscape.figures.lib.axes import EXPECTED, dot_key, dotted_key, line_key
from repscape.figures.lib.depth import layers_of
from repscape.figures.lib.shown import OfAnalysis, OfSource
from repscape.figures.lib.style import figure, plain_powers
from repscape.plugin.contract import Figure, parameter
from repscape.study import defaults

PARTS = {"train": ("#56B4E9", "training"), "test": ("#D55E00", "test (held out)")}

LOWEST = 1e-6  # loss; decoders that fit their training rows exactly come as close to 0 as numbers can
BELOW = {"marker": 7, "ls": "", "ms": 4, "mew": 0}  # a caret that points down: a mean below the axis


class Curves(NamedTuple):
    """Losses of decoders by what they are drawn against.

    Attributes
    ----------
    letter : str
        Of the panel.
    name : str
    loss : DataArray (part, fold, dim)
    dim : {"epoch", "decay", "strength"}
    chosen : array
        What was chosen in each fold; by epoch, the weight decay that is shown.
    """

    letter: str
    name: str
    loss: Any
    dim: str
    chosen: np.ndarray


class DecodingCurves(OfAnalysis, OfSource, Figure):
    """How decoders of an angle learn and generalise (analysis `angle_decoding`): training and test loss."""

    category = "Units"
    _kind = "angle_decoding"

    layer: str | None = parameter(
        "The layer that is shown; by default the layer with the smallest error of the first method.", None
    )

    def draw(self, data: Mapping):
        """Draw the circular loss of one layer's decoders in training and test.

        Raises
        ------
        ConfigError
            The analysis does not have the source or the layer.
        """
        table = data["angle_decoding"].load()
        source = defaults.one_or_default(self.source, table["source"].values, "source")
        layer = self.layer or best_layer(table, source)
        layer = defaults.one_or_default(layer, layers_of(table, source), "layer")
        table = table.sel(source=source, layer=layer)
        curves = curves_of(table)
        fig = figure(62)
        panels = fig.subplots(1, len(curves), sharey=True, squeeze=False)[0]
        below = []
        for axes, shown in zip(panels, curves, strict=True):
            below += [shown.letter] * _lines(axes, shown)
            axes.axhline(1, color="0.3", zorder=0, **EXPECTED)
            axes.set_yscale("log")
            if shown.dim == "epoch":
                _epochs(axes, shown)
            else:
                _penalties(axes, shown)
        panels[0].set_ylim(bottom=max(LOWEST, panels[0].get_ylim()[0]))
        panels[0].set_ylabel("circular loss, 1 − cos")
        handles = [
            *(line_key(words, colour, lw=1.4) for colour, words in PARTS.values()),
            line_key("each fold", "0.5", lw=0.5),
            dotted_key("chance, 1"),
            dot_key("chosen in training", "0.2", marker="^", ms=5),
            *([line_key("mean below the axis", "0.2", **BELOW)] if below else []),
        ]
        fig.legend(handles=handles, loc="outside upper center", ncols=len(handles))
        plain_powers(fig)
        return fig, caption(table, source, layer, curves, below)


def curves_of(table) -> list[Curves]:
    """Return what is drawn of a layer, a panel each."""
    found: list[tuple] = []
    if "relu_loss" in table:
        decays = table["decay"].values
        chosen = table["chosen"].sel(decoder="relu").values
        usual = decays[np.argmax([(chosen == decay).sum() for decay in decays])]
        found.append(("epochs", table["relu_loss"].sel(decay=usual), "epoch", usual))
        found.append(("ReLU network", table["relu_loss"].isel(epoch=-1), "decay", chosen))
    if "ridge_loss" in table:
        chosen = table["chosen"].sel(decoder="ridge").values
        found.append(("ridge regression", table["ridge_loss"], "strength", chosen))
    return [
        Curves(letter, name, loss.transpose("part", "fold", dim), dim, chosen)
        for letter, (name, loss, dim, chosen) in zip("abc", found, strict=False)
    ]


def _lines(axes, shown: Curves) -> bool:
    """Draw a line a fold and their mean; mark means below the axis, and return whether there are any."""
    steps = shown.loss[shown.dim].values
    x = steps if shown.dim == "epoch" else np.arange(len(steps))
    any_below = False
    for part, (colour, _) in PARTS.items():
        of, gid = shown.loss.sel(part=part).values, f"{shown.name}/{part}"
        for fold, line in enumerate(of):
            axes.plot(x, line, color=colour, lw=0.5, alpha=0.45, gid=f"{gid}/{fold}")
        axes.plot(x, of.mean(0), color=colour, lw=1.4, gid=gid)
        below = x[of.mean(0) < LOWEST]
        if len(below):
            _at_height(axes, below, 0.1, color=colour, gid=f"{gid}/below", **BELOW)
            any_below = True
    return any_below


def _at_height(axes, x, height: float, **style) -> None:
    """Draw markers at a height in shares of the panel's."""
    axes.plot(x, np.full(len(x), height), transform=axes.get_xaxis_transform(), **style)


def _epochs(axes, shown: Curves) -> None:
    """Label a panel by epoch, on a logarithmic axis that has 0."""
    last = shown.loss["epoch"].values[-1]
    axes.set_xscale("symlog", linthresh=1, linscale=0.3)
    ticks = [step for step in (0, 1, 10, 100, 1000, 10_000) if step <= last]
    axes.set_xticks(ticks, [captions.number(step) for step in ticks])
    axes.set_xticks([], minor=True)
    axes.set_xlim(-0.15, last * 1.1)
    axes.set_xlabel("epoch")
    decay = captions.plain(float(shown.chosen))
    axes.set_title(f"{bold(shown.letter)}  ReLU network, weight decay {decay}", parse_math=True)


def _penalties(axes, shown: Curves) -> None:
    """Label a panel by the strength of the penalty, and mark what was chosen, larger where in more folds."""
    steps = shown.loss[shown.dim].values
    indices = np.arange(len(steps))
    axes.set_xticks(indices, captions.alike(steps), rotation=45, ha="right", rotation_mode="anchor")
    axes.set_xlabel("weight decay" if shown.dim == "decay" else "strength of the penalty")
    axes.set_title(f"{bold(shown.letter)}  {shown.name}", parse_math=True)
    for index, step in enumerate(steps):
        count = int(np.isclose(shown.chosen, step).sum())
        if count:
            look = {"marker": "^", "color": "0.2", "ms": 2.5 + count, "mew": 0, "clip_on": False}
            _at_height(axes, [index], 0.02, gid=f"{shown.name}/chosen/{index}", **look)


def bold(letter: str) -> str:
    """Write a panel's letter in bold, in front of other words."""
    return f"$\\mathbf{{{letter}}}$"


def caption(table, source: str, layer: str, curves: list[Curves], below: list[str]) -> str:
    """Say what was measured and how."""
    words = {
        "epoch": "over the epochs of training (0: before training), with the weight decay chosen most often",
        "decay": "after the last epoch, by weight decay",
        "strength": "by strength of the penalty",
    }
    parts = [f"**{shown.letter}**, {words[shown.dim]}" for shown in curves]
    carets = captions.listing(f"**{letter}**" for letter in below)
    return (
        f"Learning and generalisation of the decoders of {captions.escape(layer)} of "
        f"{captions.escape(source)}: circular loss, 1 − cos of the error as a phase, averaged over the "
        f"training data and over the held-out data. {'; '.join(parts)}. {procedure(table)} Thin lines: "
        "folds; thick lines: their mean. Triangles: values chosen within the training data, larger if "
        "chosen in more folds. Losses below 10⁻⁶ are beyond the "
        f"axis{f'; carets mark such means, in {carets}' if below else ''}."
    )
