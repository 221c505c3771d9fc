"""What a gallery of RDMs says beneath it."""

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.gallery_rdms import Scale, Shown
from repscape.rdms.read import presentations

COLOURS: dict[Scale, str] = {
    "layer": (
        "Colours: one scale for each layer, from 0 to the largest dissimilarity of any stimulus; they can "
        "be compared between stimuli, not between layers."
    ),
    "panel": (
        "Colours: one scale for each matrix, from 0 to its largest dissimilarity; they cannot be compared "
        "between matrices."
    ),
    "ranks": (
        "Colours: rank of the dissimilarity among all pairs of the same matrix, in percent; equal ones have "
        "their mean rank."
    ),
}


def caption(shown: Shown, scale: Scale, chosen: list[str] | None, most: int) -> str:
    """Say what was measured and how.

    Parameters
    ----------
    shown : Shown
    scale : {"layer", "panel", "ranks"}
    chosen : list of str or None
        The layers that the config names.
    most : int
        So many layers are shown by default.
    """
    rdms, stimuli, layers = list(shown.rdms.values()), shown.stimuli, shown.layers
    words = captions.escape(captions.metric_of(rdms[0], shown.metric))
    counts = captions.counts(stimuli, [shown.images[name] for name in stimuli], "images")
    text = [
        "Representational dissimilarity matrices of "
        f"{captions.plural(len(stimuli), 'stimulus', 'stimuli')} (rows) in "
        f"{captions.layers(layers, chosen, most)} of {captions.escape(rdms[0].attrs['source'])} "
        f"(columns): the {words} between the activity patterns of any two images, {_order(shown)} "
        f"({counts}).",
        f"Activity was {captions.normalised(rdms[0], shown.metric)}.",
        captions.units_of_rdms(rdms),
    ]
    thinned = [name for name in stimuli if shown.images[name] > len(shown.matrices[name, layers[0]])]
    if thinned:
        several, shown_images = map(captions.escape, thinned), len(shown.matrices[thinned[0], layers[0]])
        text.append(
            f"Of {captions.listing(several)}, {shown_images} images at equal distances are shown, the first "
            "and the last among them."
        )
    shown_each = max(presentations(rdm.attrs) for rdm in rdms)
    averaged = ["all draws"] if any(rdm.sizes["repeat"] > shown_each for rdm in rdms) else []
    averaged += [f"the {shown_each} presentations of each image"] if shown_each > 1 else []
    if averaged:
        text.append(f"The RDMs of {captions.listing(averaged)} were averaged.")
    text.append(COLOURS[scale])
    undefined = _undefined(shown)
    if undefined:
        text.append(f"Grey: undefined, because activity was constant: {captions.listing(undefined)}.")
    return " ".join(text)


def _undefined(shown: Shown) -> list[str]:
    """Say of which layers, and of which stimuli, dissimilarities are undefined."""
    found = []
    for layer in shown.layers:
        where = [name for name in shown.stimuli if np.isnan(shown.matrices[name, layer]).any()]
        every = len(where) == len(shown.stimuli) > 1
        whose = "all stimuli" if every else captions.listing(map(captions.escape, where))
        found += [f"{captions.escape(layer)} ({whose})"] if where else []
    return found


def _order(shown: Shown) -> str:
    """Say in which order images are."""
    grouped = [stimulus for stimulus in shown.stimuli if shown.groups[stimulus].blocks]
    if shown.colours is None or not grouped:
        return "images in the order of the stimulus"
    by = captions.escape(shown.colours.label)
    every = len(grouped) == len(shown.stimuli)
    of = "" if every else f" of {captions.listing(map(captions.escape, grouped))}"
    return f"images{of} grouped by {by} (bars)" + ("" if every else ", others in the order of the stimulus")
