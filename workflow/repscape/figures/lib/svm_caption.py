"""What captions of figures of the analysis `svm` share: what was decoded, how, and what chance is."""

import numpy as np

from repscape.figures.lib import captions


def procedure(table) -> str:
    """Say for a caption what was decoded, of which images and units, and how."""
    of = table.attrs
    target, stimulus = captions.escape(of["target"]), captions.escape(of["stimulus"])
    counts, grid = table["images"].values, np.atleast_1d(of["grid"])
    grid_words = captions.listing(f"{c:g}" for c in grid)
    choice = (
        f"C chosen from {grid_words} within the training images" if len(grid) > 1 else f"C = {grid_words}"
    )
    return (
        f"How well {target} ({counts.shape[1]} classes) is decoded from the responses of "
        f"{captions.escape(of['source'])} to images of {stimulus} by linear support vector machines "
        f"({captions.span(table['units'].values)} units per layer, population ``{of['population']}``, "
        f"standardised by the training images; {choice}). {_folds(table)}"
    )


def _folds(table) -> str:
    """Say what was left out of training."""
    of, folds = table.attrs, int(table.attrs["folds"])
    counts = table["images"].values
    few = f"{captions.span(counts.flat)} {'image' if counts.max() == 1 else 'images'}"
    if "across" in of:
        across = captions.escape(of["across"])
        within = f" and tested within it in {folds} folds, and" if folds > 1 else " and tested"
        text = (
            f"Machines are trained on the images of one {across} ({counts.shape[0]} values, {few} of each "
            f"class){within} on the images of another {across}."
        )
        if "groups" not in of:
            text += f" An image of another {across} may be equal to a training image in everything else."
    else:
        text = f"{folds} folds are held out in turn ({few} of each class)."
    if "groups" in of:
        text += f" No value of {captions.escape(of['groups'])} is in both training and test."
    return text


def chance(table) -> str:
    """Say for a caption what chance is."""
    if not table.sizes["permutation"]:
        return "Labels were not permuted, so there are no p-values."
    return (
        f"Chance: the same procedure with {captions.number(table.sizes['permutation'])} permutations of "
        "the labels"
    )
