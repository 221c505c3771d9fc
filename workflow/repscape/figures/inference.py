"""How like a reference the layers are: similarity by depth, with intervals, noise ceiling and tests."""

import json
from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np

from repscape.analyses.lib import inference_summary
from repscape.figures.lib import captions
from repscape.figures.lib.depth import depth_axis, label_height, labelled
from repscape.figures.lib.style import COLOURS, RAMP, along, figure
from repscape.plugin.contract import Figure, parameter
from repscape.rdms.labels import Where, indices_where
from repscape.study import defaults
from repscape.study.study import Study

P = 0.05
CEILING = "0.86"
# Labels, also of lower levels, that tell no lines apart: the place on a line, and what follows from others
_ALONG = ("layer", "measure", "normalisation")
_OF_NETWORKS = (
    "source", "population", "size", "metric", "population_sub", "size_sub", "metric_sub", "source_sub",
)  # fmt: skip

Correction = Literal["fdr", "holm"]

CORRECTIONS = {
    "fdr": "so that the expected share of false ones among them is at most 5% (Benjamini and Hochberg)",
    "holm": "so that the chance of any false one is at most 5% (Holm)",
}


class Inference(Figure):
    """How like a reference the layers are: similarity by depth, with intervals, noise ceiling and tests."""

    category = "RDMs"

    analysis: str | None = parameter("An analysis ``inference``, by its name.", None)
    where: Where | None = parameter("Which of its models are shown. Corrections are for all of them.", None)
    correction: Correction = parameter(
        "By which markers are full, and layers as good as the best one.", "fdr"
    )

    def inputs(self, study: Study) -> dict:
        """Name the file.

        Raises
        ------
        ConfigError
            No analysis of that name compares RDMs with a reference.
        """
        return {"inference": defaults.analysis_file(study, self.analysis, "inference")}

    def draw(self, data: Mapping):
        """Draw similarity to the reference by layer: a line a source, a panel for each list of layers.

        Returns
        -------
        Figure, str
            The figure and its caption.
        """
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        table = data["inference"].load()
        labels = {
            str(name): table[name].values
            for name in table.variables  # a label may be called as the dimension
            if table[name].dims == ("model",) and table[name].dtype.kind in "OU"
        }
        shown = indices_where(labels, self.where, what="model")
        spots = _spots(table, labels, shown)
        lines = _lines(labels, spots, shown)
        panels = _panels(spots, lines)
        of_layers = all(spot.of_layer for spot in spots.values())
        colours = COLOURS if len(lines) <= len(COLOURS) else along(RAMP, len(lines))
        best = shown[int(np.argmax(table["similarity"].values[shown]))]
        ceiling = table["ceiling"].values
        p_best = table[f"p_pair_{self.correction}"].values[best]

        height = sum(62 + label_height(layers) for layers in panels.values())
        fig = figure(max(height, 3.6 * (len(lines) + 9)))
        shown_marks: set[str] = set()  # the legend names these
        axes = fig.subplots(len(panels), 1, squeeze=False, sharey=True)[:, 0]
        for panel, (names, layers) in zip(axes, panels.items(), strict=True):
            if np.isfinite(ceiling).all():
                panel.axhspan(*ceiling, color=CEILING, linewidth=0, zorder=0, gid="ceiling")
            panel.axhline(0, color="0.5", linewidth=0.6, zorder=0)
            size = 3.4 if len(layers) <= 60 else 2
            for row, name in enumerate(names):
                models = lines[name]
                colour = colours[list(lines).index(name)]
                x = np.array([layers.index(spots[at].name) for at in models])
                values, low, high = (np.full(len(layers), np.nan) for _ in range(3))  # no line where none is
                for key, line in (("similarity", values), ("low", low), ("high", high)):
                    line[x] = table[key].values[models]
                every = np.arange(len(layers))
                joined = all(spots[at].of_layer for at in models)
                if joined:
                    panel.fill_between(every, low, high, color=colour, alpha=0.18, linewidth=0)
                alone = x[
                    [not (joined and {at - 1, at + 1} & set(x)) for at in x]
                ]  # a band needs a neighbour
                panel.vlines(alone, low[alone], high[alone], color=colour, alpha=0.4, linewidth=1.4)
                panel.plot(every, values, "-" if joined else "", color=colour, gid=name)
                sure = table[f"p_zero_{self.correction}"].values[models] < P
                for which, face in ((sure, colour), (~sure, "white")):
                    if which.any():
                        points = panel.plot(x[which], values[x[which]], "o", color=colour, markersize=size)[0]
                        points.set(markerfacecolor=face, markeredgewidth=0.7)
                        points.set_gid(f"{name}/{'sure' if face == colour else 'unsure'}")
                        shown_marks.add("sure" if face == colour else "unsure")
                # Above the panel: the best of all, and what cannot be told from it.
                alike = x[(p_best[models] >= P) & (np.array(models) != best)]
                above = [(alike, "_", f"{name}/alike")]
                if best in models:
                    above.append((x[[models.index(best)]], "v", "best"))
                for places, mark, gid in above:
                    if len(places):  # the bounding box of nothing would be at the page's corner
                        height = np.full(len(places), 1.03 + 0.035 * (len(names) - 1 - row))
                        panel.plot(
                            places,
                            height,
                            mark,
                            color=colour,
                            markersize=4.5,
                            transform=panel.get_xaxis_transform(),
                            clip_on=False,
                            gid=gid,
                        )
                        shown_marks.add(gid.removeprefix(f"{name}/"))
            for source, places in _more_alike(
                table, labels, spots, names, lines, layers, self.correction
            ).items():
                panel.plot(
                    places,
                    np.full(len(places), 0.025),
                    "*",
                    color=colours[list(lines).index(source)],
                    markersize=4.5,
                    markeredgewidth=0,
                    transform=panel.get_xaxis_transform(),
                    gid=f"{source}/more",
                )
                shown_marks.add("more")
            panel.set_xlim(-0.6, len(layers) - 0.4)
            depth_axis(panel, layers)
            panel.set_ylabel(
                f"similarity to {_reference(table)}\n({captions.SIMILARITIES[table.comparison]} of RDMs)"
            )
        axes[-1].set_xlabel("layer, from input to output" if of_layers else "model")
        handles = [
            Line2D([], [], color=colour, marker="o", markersize=3.4)
            for _, colour in zip(lines, colours, strict=False)
        ]
        names = [captions.shorten(name, 26) for name in lines]
        handles += [Patch(color=colours[0], alpha=0.25, linewidth=0)]
        names += ["95% interval"]
        if np.isfinite(ceiling).all():
            handles.append(Patch(color=CEILING, linewidth=0))
            names.append("noise ceiling")
        marks = {
            "sure": ({"marker": "o", "ms": 3.4, "mew": 0.7}, f"above 0, p < {P:g}"),
            "unsure": ({"marker": "o", "ms": 3.4, "mew": 0.7, "mfc": "white"}, f"p ≥ {P:g}"),
            "best": ({"marker": "v", "ms": 4.5}, "most similar"),
            "alike": ({"marker": "_", "ms": 4.5}, "not different from it"),
            "more": ({"marker": "*", "ms": 4.5, "mew": 0}, "more like it than the other"),
        }
        for mark, (look, text) in marks.items():
            if mark in shown_marks:
                handles.append(Line2D([], [], color="0.2", ls="none", **look))
                names.append(text)
        fig.legend(handles, names, loc="outside right upper", handlelength=2.4)
        return fig, caption(
            table, labels, lines, shown, panels, self.correction, best, shown_marks, of_layers
        )


class _Spot(NamedTuple):
    """Where a model is along its line."""

    name: str
    depth: int
    of_layer: bool  # and not by another label


def _spots(table, labels, shown: list[int]) -> dict[int, _Spot]:
    """Place each model by its layer; those of a source of one layer by the labels in which they differ."""
    by_source: dict[str, list[int]] = {}
    for at in shown:
        by_source.setdefault(str(labels["source"][at]), []).append(at)
    order = table["layer_order"].values
    found: dict[int, _Spot] = {}
    for models in by_source.values():
        own = [label for label in _telling(labels, models) if label not in _OF_NETWORKS]
        by_label = own and len(set(labels["layer"][models])) == 1
        for depth, at in enumerate(models):
            if by_label:
                found[at] = _Spot(" ".join(str(labels[label][at]) for label in own), depth, False)
            else:
                found[at] = _Spot(str(labels["layer"][at]), int(order[at]), True)
    return found


def _telling(labels, models: list[int]) -> list[str]:
    """Name the labels, beside that of the layer and those that follow, in which models differ."""
    return [
        label
        for label, values in labels.items()
        if label.removesuffix("_sub") not in _ALONG and len(set(values[models])) > 1
    ]


def _lines(labels, spots: dict[int, _Spot], shown: list[int]) -> dict[str, list[int]]:
    """Return the models of each line in order of depth, by the labels in which lines differ."""
    by_layer = [at for at in shown if spots[at].of_layer]
    different = [label for label in _telling(labels, shown) if label in _OF_NETWORKS]
    different += [label for label in _telling(labels, by_layer) if label not in _OF_NETWORKS]
    different = different or ["source"]
    lines: dict[str, list[int]] = {}
    for at in sorted(shown, key=lambda at: spots[at].depth):
        words = [str(labels[label][at]) for label in different]
        lines.setdefault(" · ".join(filter(None, words)), []).append(at)
    named = sorted(lines, key=lambda name: min(lines[name]))
    return {name: lines[name] for name in named}


def _panels(spots: dict[int, _Spot], lines: dict[str, list[int]]) -> dict[tuple[str, ...], list[str]]:
    """Put lines through the same layers in one panel, also where one lacks a few: {lines: layers}."""
    depths = [{spots[at].name: spots[at].depth for at in models} for models in lines.values()]
    panels: list[tuple[list[str], dict[str, int]]] = []
    for name, own in zip(lines, depths, strict=True):
        for names, layers in panels:
            shared = own.keys() & layers.keys()
            if 2 * len(shared) > min(len(own), len(layers)) and all(own[k] == layers[k] for k in shared):
                names.append(name)
                layers.update(own)
                break
        else:
            panels.append(([name], dict(own)))
    return {tuple(names): sorted(layers, key=layers.__getitem__) for names, layers in panels}


def _more_alike(table, labels, spots, names, lines, layers, correction: Correction) -> dict[str, list[int]]:
    """Find where one of two sources in a panel is more like the reference than the other: {line: places}."""
    if len(names) != 2 or "other_source" not in table:
        return {}
    sources = {name: set(labels["source"][lines[name]]) for name in names}
    others = table["other_source"].values.tolist()
    found = {}
    for name, other in zip(names, reversed(names), strict=True):
        if len(sources[other]) > 1 or sources[other] == sources[name] or not sources[other] <= set(others):
            return {}
        column = others.index(*sources[other])
        more = [
            layers.index(spots[at].name)
            for at in lines[name]
            if table[f"p_source_{correction}"].values[at, column] < P
            and table["source_difference"].values[at, column] > 0
        ]
        if more:
            found[name] = more
    return found


def _reference(table) -> str:
    """Name the reference in a few words."""
    chosen = json.loads(table.reference)
    words = [
        " + ".join(map(str, value)) if isinstance(value, list) else str(value) for value in chosen.values()
    ]
    return captions.shorten(" ".join(words), 30)


def _between(table, labels, shown: list[int], correction: Correction) -> list[str]:
    """Say how sources with the same layers differ, of those shown."""
    if "other_source" not in table:
        return []
    names = ("similarity", "source_difference", f"p_source_{correction}")
    told = [
        " ".join(str(labels[label][at]) for label in labels if label in ("layer", *_different(labels, shown)))
        for at in shown
    ]
    return inference_summary.between(
        labels["source"][shown],
        told,
        table["other_source"].values.tolist(),
        {name: table[name].values[shown] for name in names},
        correction,
    )


def _different(labels, shown: list[int]) -> list[str]:
    """Name the labels, beside source and layer, in which models differ."""
    return [label for label in _telling(labels, shown) if label != "source"]


def caption(
    table, labels, lines, shown, panels, correction: Correction, best: int, marks: set, of_layers: bool
) -> str:
    """Say what was compared and how sure it is."""
    layers, layer = ("layers", "layer") if of_layers else ("models", "model")
    several = table.sizes["entry_set"] > 1
    repeats = table.sizes["data_repeat"]
    halves = bool(table.attrs.get("halves", 0))
    entries = sorted(set(table["entries"].values.tolist()))
    count = str(entries[0]) if len(entries) == 1 else f"{entries[0]} to {entries[-1]}"
    reference = ", ".join(
        f"{captions.escape(label)} {captions.escape(captions.listing(np.atleast_1d(value)))}"
        for label, value in json.loads(table.reference).items()
    )
    over = f", mean over {table.sizes['entry_set']} sets of entries" if several else ""
    if halves:
        over += (
            f"{' and' if several else ', mean'} over both halves of the reference's trials, divided at "
            f"random {captions.plural(repeats // 2, 'time', 'times')}"
        )
    elif repeats > 1:
        over += f"{' and' if several else ', mean'} over {repeats} repeats of the reference"
    text = [
        f"How like the RDM{'s' if several or repeats > 1 else ''} of {reference} those of the {layers} of "
        f"{captions.listing(map(captions.escape, lines))} are: {captions.SIMILARITIES[table.comparison]} "
        f"over pairs of {count} entries{over}. The reference is not compared with itself.",
    ]
    averaged = [captions.escape(label) for label in np.atleast_1d(table.attrs.get("averaged_over", []))]
    if averaged:
        most = table["rdms_averaged"].values[shown].max()
        text.append(
            f"Each {layer} is the mean of its RDMs over {captions.listing(averaged)} (at most {most})."
        )
    factors = {
        "entries": "entries (images)", "sets": "sets of entries", "repeats": "repeats of the reference",
        "units": "units of the reference",
    }  # fmt: skip
    resampled = [factors[str(name)] for name in np.atleast_1d(table.resampled_factors)]
    text.append(
        f"{'Bands' if of_layers else 'Bars'}: 95% intervals by Student's t ({table.dof} degrees of freedom) "
        "with the standard error of "
        f"{captions.number(table.resamples)} bootstrap samples of {captions.listing(resampled)}; they speak "
        f"of other {captions.listing(name.split(' (')[0] for name in resampled)} of the same kind."
    )
    if table.attrs.get("bootstrap") == "repeats":
        text.append(captions.escape(inference_summary.OF_THESE_ENTRIES))
    ceiling = table["ceiling"].values
    tests = table.sizes["model"]
    if np.isfinite(ceiling).all():
        surely_not_at = table[f"p_ceiling_{correction}"].values[shown] < P
        reach = int((~surely_not_at | (table["similarity"].values[shown] >= ceiling[0])).sum())
        what = (
            "how like the halves are to each other (lower limit) and to the mean of both (upper)"
            if halves
            else "how like the repeats are to the mean of the others (lower limit) and of all (upper)"
        )
        text.append(
            f"Grey: the noise ceiling, {ceiling[0]:.2f} to {ceiling[1]:.2f}: {what}. Of the "
            f"{len(shown)} {layers} shown {reach} do not lie below its lower limit (two-sided t-test, "
            "corrected as below)."
        )
        if "reliability" in table.attrs:
            text.append(
                f"Two RDMs of all trials would correlate by {table.reliability:.2f} (Spearman and Brown)."
            )
    naming = ["source", "layer", *_different(labels, shown)]
    naming = naming[:2] if of_layers else naming
    name = ", ".join(str(labels[label][best]) for label in naming if label in labels and labels[label][best])
    corrected = ""
    if tests > 1:
        corrected = f" after correction for all {captions.number(tests)} {layers}, {CORRECTIONS[correction]}"
    text.append(
        f"Full markers: above 0 (one-sided t-test), p < {P:g}{corrected}. "
        f"Triangle: the most similar {layer} ({captions.escape(name)}, "
        f"{table['similarity'].values[best]:.2f}, 95% interval {table['low'].values[best]:.2f} to "
        f"{table['high'].values[best]:.2f})."
    )
    if tests > 1:
        pairs = captions.plural(tests * (tests - 1) // 2, "pair", "pairs")
        alike = f"Dashes: {layers} whose similarity does not differ"
        others = alike if "alike" in marks else "All others shown differ"
        text.append(
            f"{others} from its (two-sided t-test of the difference, corrected for all {pairs} in the same "
            "way)."
        )
    if "p_permutation_max" in table:
        chance = int((table["p_permutation_max"].values[shown] < P).sum())
        text.append(
            f"By permuting entries of the reference, {chance} of the {len(shown)} {layers} shown are more "
            f"like it than by chance (p < {P:g}; {captions.number(table.permutations)} permutations, "
            f"corrected by the largest similarity of any {layer} in each)."
        )
    text += map(captions.escape, _between(table, labels, shown, correction))
    if "more" in marks:
        text.append("Stars: which of the two is more like the reference in that layer.")
    if table.attrs.get("left_out") is not None:
        left = [captions.escape(each) for each in np.atleast_1d(table.left_out)]
        text.append(f"Left out: {'; '.join(left[:4])}{' …' if len(left) > 4 else ''}.")
    of_lines = {names[0]: own for names, own in panels.items()}
    return " ".join(filter(None, [*text, labelled(of_lines)]))
