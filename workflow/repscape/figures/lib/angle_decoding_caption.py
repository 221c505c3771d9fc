"""What figures of the analysis `angle_decoding` share: methods, units, the best layer, and a sentence."""

import numpy as np

from repscape.figures.lib import captions
from repscape.figures.lib.depth import layers_of
from repscape.figures.lib.style import COLOURS

NAMES = {"ridge": "ridge regression", "relu": "ReLU network"}
METHOD_COLOURS = dict(zip(NAMES, COLOURS, strict=False))
TESTED = {
    "values": "held-out values of {factor}",
    "images": "held-out images",
    "trials": "held-out trials of images that were also in the training data",
}


def unit(table) -> str:
    """Name the unit of an angle."""
    return "degrees" if table.attrs["period"] in (90, 180, 360) else f"{table.attrs['period']:g} a turn"


def best_layer(table, source: str) -> str:
    """Return the layer of a source with the least error of the first method."""
    layers = layers_of(table, source)
    return layers[int(table["error"].sel(source=source, layer=layers).values[:, 0].argmin())]


def procedure(table) -> str:
    """Say for a caption what was decoded from what, and how."""
    of = table.attrs
    factor = captions.escape(of["factor"])
    single = [captions.escape(name) for name in np.atleast_1d(of.get("single_trials", []))]
    rows = f"single trials of {captions.listing(single)}" if single else "the mean responses to each image"
    how = ["ridge regression"] if "ridge" in table["decoder"].values else []
    if "relu" in table["decoder"].values:
        how.append(
            "networks with one hidden layer of "
            f"{captions.plural(int(of['hidden']), 'ReLU unit', 'ReLU units')}, trained by gradient descent "
            f"for {captions.number(int(table['epoch'].values[-1]))} epochs"
        )
    units = captions.span(table["units"].values[table["order"].values >= 0])
    return (
        f"How well {factor} (period {of['period']:g}, "
        f"{captions.plural(int(of['values']), 'value', 'values')}), as its cosine and sine, is decoded "
        f"from responses to {captions.number(int(of['images']))} images of "
        f"{captions.escape(of['stimulus'])} by {captions.listing(how)}. Responses are {rows}, with {units} "
        f"units per layer (population ``{of['population']}``), standardised by the training data (SD at "
        f"least a tenth of the layer's). Decoders were tested on {TESTED[of['by']].format(factor=factor)} "
        f"in {int(of['folds'])} folds, with the penalty chosen within the training data."
    )
