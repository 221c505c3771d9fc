"""How decoders of an angle learn and generalise: errors in training and test, by epoch and by penalty."""

import numpy as np

from repscape.figures.decoding_error import procedure
from repscape.figures.lib import captions
from repscape.figures.lib.depth import own
from repscape.figures.lib.style import figure, plain_powers
from repscape.study import defaults
from repscape.study.study import Study

CATEGORY = "Units"
PARTS = {"train": ("#56B4E9", "training"), "test": ("#D55E00", "test (left out)")}

LOWEST = 1e-6  # loss; decoders that know their training rows by heart come as close to 0 as numbers can
BELOW = {"marker": 7, "ls": "", "ms": 4, "mew": 0}  # a caret that points down: a mean below the axis


def inputs(study: Study, *, analysis: str | None = None) -> dict:
    """Name the file."""
    return {"angle_decoding": defaults.analysis(study, analysis, "angle_decoding")}


def draw(data: dict, *, analysis: str | None = None, source: str | None = None, layer: str | None = None):
    """Draw the circular loss of one layer's decoders in training and test.

    Parameters
    ----------
    analysis : str, optional
        An analysis made by `angle_decoding`, by default that of its name.
    source : str, optional
        By default the first.
    layer : str, optional
        By default the one with the least error of the first method.

    Returns
    -------
    Figure, str
        The figure and its caption.

    Raises
    ------
    ConfigError
        The analysis does not have the source or the layer.
    """
    from matplotlib.lines import Line2D

    table = data["angle_decoding"].load()
    source = defaults.one(source, table["source"].values, "source")
    layers = own(table, source)
    if layer is None:
        layer = layers[int(table["error"].sel(source=source, layer=layers).values[:, 0].argmin())]
    layer = defaults.one(layer, layers, "layer")
    table = table.sel(source=source, layer=layer)
    panels = []
    if "relu_loss" in table:
        decays = table["decay"].values
        chosen = table["chosen"].sel(decoder="relu").values
        usual = decays[np.argmax([(chosen == decay).sum() for decay in decays])]
        panels.append(("epochs", table["relu_loss"].sel(decay=usual), "epoch", usual))
        panels.append(("ReLU network", table["relu_loss"].isel(epoch=-1), "decay", chosen))
    if "ridge_loss" in table:
        panels.append(
            ("ridge regression", table["ridge_loss"], "strength", table["chosen"].sel(decoder="ridge").values)
        )
    fig = figure(62)
    axes = fig.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    below: list[str] = []
    for panel, letter, (name, loss, dim, chosen) in zip(axes, "abc", panels, strict=False):
        loss = loss.transpose("part", "fold", dim)
        steps = loss[dim].values
        x = steps if dim == "epoch" else np.arange(len(steps))
        for part, (colour, _) in PARTS.items():
            of = loss.sel(part=part).values
            for fold, line in enumerate(of):
                panel.plot(x, line, color=colour, lw=0.5, alpha=0.45, gid=f"{name}/{part}/{fold}")
            mean = of.mean(0)
            panel.plot(x, mean, color=colour, lw=1.4, gid=f"{name}/{part}")
            if (mean < LOWEST).any():
                below.append(letter)
                panel.plot(
                    x[mean < LOWEST], np.full((mean < LOWEST).sum(), 0.1), color=colour, **BELOW,
                    transform=panel.get_xaxis_transform(), gid=f"{name}/{part}/below",
                )  # fmt: skip
        panel.axhline(1, color="0.3", lw=0.8, ls=(0, (1, 1.5)), zorder=0)
        panel.set_yscale("log")
        if dim == "epoch":
            panel.set_xscale("symlog", linthresh=1, linscale=0.3)
            ticks = [step for step in (0, 1, 10, 100, 1000, 10_000) if step <= steps[-1]]
            panel.set_xticks(ticks, [captions.number(step) for step in ticks])
            panel.set_xticks([], minor=True)
            panel.set_xlim(-0.15, steps[-1] * 1.1)
            panel.set_xlabel("epoch")
            panel.set_title(
                f"{bold(letter)}  ReLU network, weight decay {captions.plain(float(chosen))}", parse_math=True
            )
        else:
            panel.set_xticks(x, captions.alike(steps), rotation=45, ha="right", rotation_mode="anchor")
            panel.set_xlabel("weight decay" if dim == "decay" else "strength of the penalty")
            panel.set_title(f"{bold(letter)}  {name}", parse_math=True)
            for place, step in enumerate(steps):
                count = int(np.isclose(chosen, step).sum())
                if count:
                    panel.plot(
                        place, 0.02, "^", color="0.2", ms=2.5 + count, mew=0, clip_on=False,
                        transform=panel.get_xaxis_transform(), gid=f"{name}/chosen/{place}",
                    )  # fmt: skip
    axes[0].set_ylim(bottom=max(LOWEST, axes[0].get_ylim()[0]))
    axes[0].set_ylabel("circular loss, 1 − cos")
    handles = [Line2D([], [], color=colour, lw=1.4, label=words) for colour, words in PARTS.values()]
    handles.append(Line2D([], [], color="0.5", lw=0.5, label="single folds"))
    handles.append(Line2D([], [], color="0.3", lw=0.8, ls=(0, (1, 1.5)), label="chance, 1"))
    handles.append(Line2D([], [], color="0.2", marker="^", ls="", ms=5, label="chosen in training"))
    if below:
        handles.append(Line2D([], [], color="0.2", **BELOW, label="mean below the axis"))
    fig.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    plain_powers(fig)
    return fig, caption(table, source, layer, [dim for _, _, dim, _ in panels], below)


def bold(letter: str) -> str:
    """Write a panel's letter in bold, in front of other words."""
    return f"$\\mathbf{{{letter}}}$"


def caption(table, source: str, layer: str, dims: list[str], below: list[str]) -> str:
    """Say what was measured and how."""
    words = {
        "epoch": "over the epochs of training (0: before any), with the weight decay chosen most often",
        "decay": "after the last epoch, by weight decay",
        "strength": "by strength of the penalty",
    }
    parts = [f"**{letter}**, {words[dim]}" for letter, dim in zip("abc", dims, strict=False)]
    where = captions.listing(f"**{letter}**" for letter in dict.fromkeys(below))
    carets = f"; carets: means that are, in {where}" if below else ""
    return (
        f"Learning and generalisation of the decoders of {captions.escape(layer)} of "
        f"{captions.escape(source)}: circular loss, 1 − cos of the error as a phase, averaged over the rows "
        "that decoders were trained on, and over those left out. "
        f"{'; '.join(parts)}. {procedure(table)} Thin lines: folds; thick lines: their mean. Triangles: "
        "what was chosen within the training rows, larger where in more folds. Losses below 10⁻⁶ are "
        f"beyond the axis{carets}."
    )
