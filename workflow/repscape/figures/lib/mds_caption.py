"""What a figure of maps says beneath it."""

import numpy as np

from repscape.figures.lib import captions
from repscape.rdms.compare.comparison import COMPARISONS
from repscape.rdms.labels import FOLLOWING

METHODS = {
    "classical": "by classical multidimensional scaling of the {distance}",
    "smacof": "by metric multidimensional scaling (SMACOF): distances between points are as close as "
    "possible, in the sum of squared differences, to the {distance}",
    "tsne": "by t-SNE of the {distance}, which keeps neighbours together",
    "pca": "by the first two principal components of the patterns with these distances: {distance}",
}
_LISTED = 6


def metric(maps, rdm: int) -> str:
    """Say what the dissimilarity of an RDM is."""
    name = str(maps["metric"].values[rdm])
    if "metric_sub" in maps:
        return f"{COMPARISONS[name].dissimilarity} of RDMs"
    measure = str(maps["measure"].values[rdm]) if "measure" in maps else name
    return captions.metric(measure or name)


def distance(maps, rdm: int) -> str:
    """Say what distances between points are like."""
    root = "square root of " if maps["rooted"].values[rdm] else ""
    return f"{root}{metric(maps, rdm)}"


def caption(maps, panels, look, *, labels, levels, chosen: int, trajectories, shared: bool) -> str:
    """Say what was placed and how, what marks mean, and what was left out."""
    rdms = [at for panel in panels for at in panel.rdms]
    method = maps.attrs["method"]
    entries = captions.listing(f"``{level}``" for level in levels)
    what = captions.listing(dict.fromkeys(distance(maps, at) for at in rdms))
    several = f"Maps of {len(rdms)} representational dissimilarity matrices: the entries ({entries}) of each"
    one = f"Map of a representational dissimilarity matrix: its entries ({entries})"
    text = [
        f"{several if len(rdms) > 1 else one} as points in a plane, {METHODS[method].format(distance=what)}.",
        "Square roots are used because these dissimilarities are squared distances up to a factor."
        if maps["rooted"].values[rdms].any()
        else "",
        _goodness(method, any(len(panel.rdms) > 1 for panel in panels)),
        f"The first two of {maps.sizes['dim']} dimensions are shown." if maps.sizes["dim"] > 2 else "",
        _orientation(maps, len(rdms)),
    ]
    if method != "tsne":
        each = "the same for all panels" if shared else "different for each panel"
        text.append(
            f"Bar: scale{f', {each}' if len(panels) > 1 else ''}; the directions of the axes are arbitrary."
        )
    if look.picture:
        text.append(
            "Each entry is shown by the first image with its labels. Pictures that would overlap are "
            "moved aside, with a dot at their point."
        )
    if trajectories is not None:
        text.append(
            f"Lines connect entries that agree in all labels except ``{trajectories}``. They begin at a "
            "hollow circle and end at the entry that is drawn in full."
        )
    for scale, which in ((look.colours, "Colours"), (look.sizes, "Sizes")):
        if scale is not None:
            text.append(f"{which}: ``{scale.label}``.")
    if len(rdms) < chosen:
        text.append(f"{len(rdms)} of {chosen} maps are shown, of evenly spaced layers.")
    text += [*_common(maps, rdms, labels), *_left_out(maps)]
    return " ".join(filter(None, text))


def path(label: str | None, closed: bool) -> str:
    """Say what a line through the entries of a map is."""
    if label is None:
        return ""
    ends = ", and the last with the first, since its values are circular" if closed else ""
    return f"Lines join entries in the order of ``{label}``{ends}."


def _goodness(method: str, several: bool) -> str:
    if method == "tsne":
        return (
            "Above each: the remaining Kullback-Leibler divergence. Distances between points that are not "
            "neighbours and the scale (arbitrary units) are meaningless."
        )
    if method == "smacof":
        return (
            "Above each: Kruskal's stress-1, √(Σ (δ − d)² / Σ d²) over pairs, with δ the dissimilarities "
            "and d the distances in the map."
        )
    together = " (summed over the maps of a panel)" if several else ""
    return (
        f"Above each: the shares of the two dimensions{together} in the sum of all \\|eigenvalues\\|, the "
        "variance explained if distances are Euclidean."
    )


def _orientation(maps, count: int) -> str:
    text = []
    if maps.attrs["scale"]:
        text.append("All maps were scaled to a root mean square distance of 1 from their centre.")
    if maps.attrs["align"]:
        text.append(
            f"Along ``{maps.attrs['align']}``, each map was rotated, reflected and shifted onto the one "
            "before it (orthogonal Procrustes), which does not change distances."
        )
    elif count > 1:
        text.append("Maps were not aligned, so positions cannot be compared between maps.")
    return " ".join(text)


def _common(maps, rdms: list[int], labels) -> list[str]:
    """Say which labels all RDMs that are shown share."""
    shared = []
    for label in labels:
        values = {str(maps[label].values[at]) for at in rdms} - {""}
        if len(values) == 1 and label not in FOLLOWING:
            shared.append(f"{label} {captions.escape(*values)}")
    shared += captions.averaged(maps, rdms)
    return [f"{'All RDMs' if len(rdms) > 1 else 'The RDM'}: {', '.join(shared)}."] if shared else []


def _left_out(maps) -> list[str]:
    left_out = [str(what) for what in np.atleast_1d(maps.attrs.get("left_out", []))]
    if not left_out:
        return []
    several = [captions.escape(what) for what in left_out[:_LISTED]]
    more = f"; and {len(left_out) - _LISTED} more" if len(left_out) > _LISTED else ""
    listed = f"{'; '.join(several)}{more}"
    return [f"Not included, since dissimilarities are undefined (constant activity): {listed}."]
