"""What figures of the analysis `encoding` share: models by source, and a sentence on the procedure."""

import numpy as np

from repscape.figures.lib import captions


def by_source(table) -> dict[str, list[int]]:
    """Return the models of each source, from input to output."""
    found: dict[str, list[int]] = {}
    for at in np.argsort(table["order"].values, kind="stable"):
        found.setdefault(str(table["source"].values[at]), []).append(int(at))
    first = {source: min(models) for source, models in found.items()}
    return {source: found[source] for source in sorted(found, key=first.__getitem__)}


def procedure(table) -> str:
    """Say for a caption what was predicted from what, and how."""
    of = table.attrs
    total, constant = table.sizes["neuron"], int(of["constant"])
    left = "values of " + captions.escape(of["groups"]) if "groups" in of else "images"
    text = (
        f"How well the mean responses of {captions.plural(total - constant, 'neuron', 'neurons')} of "
        f"{captions.escape(of['recording'])}, {captions.escape(of['area'])}, to "
        f"{captions.number(table.sizes['image'])} images of {captions.escape(of['stimulus'])} are "
        f"predicted by ridge regression from layers ({captions.span(table['units'].values)} units, "
        f"population ``{of['population']}``), standardised by the training images (SD at least a tenth of "
        f"the layer's). {int(of['folds'])} folds of {left} are held out in turn, and the penalty is chosen "
        "for each neuron within the other folds. R² is 1 − the squared errors of held-out images / their "
        "squared differences from the training mean: 0 without predictors, negative if worse."
    )
    if constant:
        further = captions.plural(constant, "further neuron", "further neurons")
        text += f" {further} responded the same to all images."
    return text
