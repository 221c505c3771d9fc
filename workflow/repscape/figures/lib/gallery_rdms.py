"""What a gallery of RDMs shows: the RDMs of stimuli and layers, their images in groups, limits of colours."""

from typing import Any, Literal, NamedTuple

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, unknown
from repscape.figures.lib import entry_groups, rdm_data, rdm_matrix
from repscape.figures.lib.entry_groups import Groups
from repscape.figures.lib.entry_pictures import EntryPictures
from repscape.figures.lib.label_colours import LabelColours, label_colours

Scale = Literal["layer", "panel", "ranks"]
Limits = dict[tuple[str, str], tuple[float, float]]


class Shown(NamedTuple):
    """The RDMs that are drawn.

    Attributes
    ----------
    rdms : dict of (stimulus, layer) to Dataset
        With labelled pairs, of fewer images where there are thousands.
    metric : str
    means : dict of (stimulus, layer) to array (pair,)
        Means over draws and presentations.
    matrices : dict of (stimulus, layer) to array (image, image)
        What is drawn: means, or their ranks in percent, images in the order of their groups.
    images : dict of stimulus to its number of images, shown or not
    groups : dict of stimulus to Groups
        Of the images that are shown.
    colours : LabelColours or None
        Of the groups.
    """

    rdms: dict[tuple[str, str], Any]
    metric: str
    means: dict[tuple[str, str], np.ndarray]
    matrices: dict[tuple[str, str], np.ndarray]
    images: dict[str, int]
    groups: dict[str, Groups]
    colours: LabelColours | None

    @property
    def stimuli(self) -> list[str]:
        """The stimuli, in the order of rows."""
        return list(dict.fromkeys(stimulus for stimulus, _ in self.rdms))

    @property
    def layers(self) -> list[str]:
        """The layers, in the order of columns."""
        return list(dict.fromkeys(layer for _, layer in self.rdms))


def read(
    opened: list, metric: str, most: int, finder: EntryPictures, by: str | bool | None, scale: Scale
) -> Shown:
    """Read opened RDMs.

    Parameters
    ----------
    opened : list of Dataset
        Files of RDMs.
    metric : str
    most : int
        So many images are shown of a stimulus whose pairs are not labelled.
    finder : EntryPictures
        Of stimuli whose images may be grouped.
    by : str, False or None
        What groups images; None: see `entry_groups.category_label`.
    scale : {"layer", "panel", "ranks"}

    Raises
    ------
    ConfigError
        No images have the label `by`.
    """
    rdms = {(rdm.attrs["stimulus"], rdm.attrs["layer"]): rdm_data.of_fewer(rdm, most) for rdm in opened}
    means = {key: rdm["dissimilarity"].sel(metric=metric).mean("repeat").values for key, rdm in rdms.items()}
    first = {stimulus: rdm for (stimulus, _), rdm in reversed(rdms.items())}
    chosen = {stimulus: _images(rdm) for stimulus, rdm in first.items()}
    counts = {stimulus: len(images) for stimulus, images in chosen.items()}
    counts |= {rdm.attrs["stimulus"]: rdm.sizes["image"] for rdm in opened if "image" in rdm.sizes}
    label, values = _grouping({stimulus: finder.images(stimulus) for stimulus in first}, by)
    groups = {
        stimulus: entry_groups.grouped(values[stimulus][images] if stimulus in values else None, len(images))
        for stimulus, images in chosen.items()
    }
    matrices = {}
    for key, rdm in rdms.items():
        order = groups[key[0]].order
        drawn = rdm_matrix.percent_ranks(means[key]) if scale == "ranks" else means[key]
        matrices[key] = square(rdm, drawn)[np.ix_(order, order)]
    every = [str(value) for own in values.values() for value in own]
    colours = None if label is None else label_colours(label, every)
    return Shown(rdms, metric, means, matrices, counts, groups, colours)


def _grouping(
    labels: dict[str, dict[str, np.ndarray]], by: str | bool | None
) -> tuple[str | None, dict[str, np.ndarray]]:
    """Return what groups images, and its value for each image of the stimuli that have it."""
    if by is None:
        found = filter(None, (entry_groups.category_label(own) for own in labels.values()))
        by = next(found, False)
    if by is False:
        return None, {}
    label = str(by)
    values = {stimulus: own[label] for stimulus, own in labels.items() if label in own}
    if not values:
        raise ConfigError(f"by: {unknown(label, {name for own in labels.values() for name in own})}")
    return label, values


def limits(shown: Shown, scale: Scale) -> Limits:
    """Return the limits of the colours of each matrix; NaN where nothing is defined."""
    found = {}
    for stimulus, layer in shown.rdms:
        row = shown.stimuli if scale == "layer" else [stimulus]
        values = np.concatenate([shown.matrices[name, layer].ravel() for name in row])
        own = (0.0, 100.0) if scale == "ranks" else rdm_matrix.limits(values)
        found[stimulus, layer] = own if np.isfinite(values).any() else (np.nan, np.nan)
    return found


def _images(rdm) -> np.ndarray:
    """Return the numbers of the images that labelled pairs are of, int (image,)."""
    return np.unique([rdm["image_i"].values, rdm["image_j"].values])


def square(rdm, values: np.ndarray) -> np.ndarray:
    """Return an RDM's values (pair,) as a symmetric (image, image) matrix with a zero diagonal.

    What is undefined is NaN.
    """
    images = _images(rdm)
    first, second = (np.searchsorted(images, rdm[name].values) for name in ("image_i", "image_j"))
    matrix = np.full((len(images),) * 2, np.nan)
    if np.isfinite(values).any():
        np.fill_diagonal(matrix, 0)
    matrix[first, second] = matrix[second, first] = values
    return matrix


def result(shown: Shown, limits: Limits, scale: Scale) -> Result:
    """Describe what is shown, for the figure's file."""
    groups = {}
    for stimulus in shown.stimuli:
        of = [(stimulus, layer) for layer in shown.layers]
        low, high = np.array([limits[key] for key in of]).T
        images = _images(shown.rdms[of[0]])[shown.groups[stimulus].order]
        variables = rdm_data.variables([shown.rdms[key] for key in of], [shown.means[key] for key in of])
        variables |= {
            "low": (("layer",), low, {"long_name": "where colours begin"}),
            "high": (("layer",), high, {"long_name": "where colours end"}),
            "image": (("image",), images.astype(np.int32), {"long_name": "images, as rows of matrices"}),
        }
        attributes = {"stimulus": stimulus}
        if shown.groups[stimulus].blocks and shown.colours is not None:
            names = [block.group for block in shown.groups[stimulus].blocks for _ in range(block.count)]
            variables["group"] = (("image",), names)
            attributes["by"] = shown.colours.label
        groups[stimulus] = (variables, attributes)
    about = rdm_data.attributes(list(shown.rdms.values()), shown.metric)
    return Result({"layer": (("layer",), shown.layers)}, about | {"scale": scale}, groups)
