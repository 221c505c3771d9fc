"""Filter-mean profiles: the mean activation of each filter, a panel a layer, for a few images."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from repscape.analyses.lib.result import Result
from repscape.figures.lib import activation_panels, captions
from repscape.figures.lib.axes import plain_ticks
from repscape.figures.lib.millimetre_page import inset, page, write
from repscape.figures.lib.style import PAGE, WIDTH, plain_powers

MOST, COLUMNS, IMAGES = 24, 4, 3
MANY = 20  # a logarithmic axis where the largest mean is so many times the median
PICTURE, KEY, TOP = 13.0, 22.0, 22.0  # mm: side of the pictures, from one to the next, height of the legend
LEFT, ABOVE, BELOW = 11.0, 5.5, 6.5  # mm around a panel: for its axis, its title, its axis


class Profile(NamedTuple):
    """A layer's filter means.

    Attributes
    ----------
    means : (image, filter) array
        Of the images shown, filters in the order shown.
    average : (filter,) array
        Over all images of the stimulus.
    order : (filter,) array of int
        The filters' numbers.
    logarithmic : bool
        Whether all means are above 0 and some far above the others.
    """

    means: np.ndarray
    average: np.ndarray
    order: np.ndarray
    logarithmic: bool


def draw(data, images: int | Sequence[int] | None, ranked: bool, layers: Sequence[str] | None) -> tuple:
    """Draw the filter means of a few images, a panel a layer, a dot a filter."""
    (stimulus,) = data["stimuli"]
    shown = activation_panels.image_numbers(stimulus, images or IMAGES)
    recordings = activation_panels.by_layer(data["activations"])[stimulus.attrs["stimulus"]]
    pitch = min(36.0, (PAGE - TOP - 4) / -(-len(recordings) // COLUMNS))
    bottom = TOP + pitch * -(-len(recordings) // COLUMNS)
    fig, axes = page(bottom + 4)
    legend(axes, stimulus, shown, ranked)
    labels = activation_panels.labels(stimulus, shown)
    groups, logarithmic = {}, []
    for index, (layer, recording) in enumerate(recordings.items()):
        activation_panels.check_images(stimulus, recording)
        profile = profile_of(recording["activation"].values, shown, ranked)
        groups[layer] = data_of(profile, recording, labels), {"layer": layer}
        logarithmic += [layer] * profile.logarithmic
        left, top = index % COLUMNS * WIDTH / COLUMNS + LEFT, TOP + index // COLUMNS * pitch
        place = inset(axes, left, top + ABOVE, WIDTH / COLUMNS - LEFT - 3, pitch - ABOVE - BELOW)
        panel(place, profile, ranked, layer)
        title = captions.shorten(layer, 20) + " (units)" * (activation_panels.parts(recording) == "units")
        write(axes, left, top + 1.8, title, fontsize=7)
    order = "from the highest to the lowest mean" if ranked else "in the layer's order"
    write(axes, WIDTH / 2, bottom, f"filter, {order}", ha="center", fontsize=7)
    middle = (TOP + bottom) / 2
    axes.text(2, middle, "mean activation", rotation=90, ha="center", va="center", fontsize=7)
    plain_powers(fig)
    attributes = activation_panels.keys(next(iter(recordings.values())), "stimulus") | {"ranked": ranked}
    words = caption(stimulus, recordings, shown, ranked, logarithmic, layers)
    return fig, words, Result({}, attributes, groups)


def profile_of(activity: np.ndarray, images: list[int], ranked: bool) -> Profile:
    """Arrange the filter means of a layer (image, filter).

    Ties keep the layer's order.
    """
    average = activity.mean(0)
    order = np.argsort(-average, kind="stable") if ranked else np.arange(len(average))
    logarithmic = bool(activity.min() > 0 and average.max() > MANY * np.median(average))
    return Profile(activity[images][:, order], activity[:, order].mean(0), order, logarithmic)


def legend(axes, stimulus, images: list[int], ranked: bool) -> None:
    """Draw the images with their colours, and the line of their mean."""
    activation_panels.key(axes, stimulus, images, top=1, left=LEFT, pitch=KEY, side=PICTURE)
    if ranked:
        left = LEFT + KEY * len(images)
        axes.plot([left, left + 5], [1 + PICTURE / 2] * 2, color="black", linewidth=1)
        words = f"mean of all\n{stimulus.sizes['image']} images"
        write(axes, left + 6.5, PICTURE / 2 - 0.3, words, fontsize=6)


def panel(axes, profile: Profile, ranked: bool, layer: str) -> None:
    """Draw a dot a filter and image of a layer."""
    images, filters = profile.means.shape
    x = np.arange(1, filters + 1) if ranked else profile.order
    # One image's dots must not hide another's: they are drawn in a random order, always the same.
    mixed = np.random.default_rng(0).permutation(images * filters)
    axes.scatter(
        np.tile(x, images)[mixed],
        profile.means.ravel()[mixed],
        s=float(np.clip(14 / np.sqrt(filters), 0.8, 2.5)) ** 2,
        c=np.repeat(activation_panels.image_colours(images), filters)[mixed],
        linewidths=0,
        alpha=0.7,
        rasterized=True,
        gid=layer,
    )
    if profile.logarithmic:
        axes.set_yscale("log")
    if ranked:
        axes.plot(x, profile.average, color="black", linewidth=0.8, gid=f"{layer}/mean")
    axes.margins(x=0.03)
    axes.set_xticks([x[0], x[-1]], [captions.number(x[0]), captions.number(x[-1])])
    for label, side in zip(axes.get_xticklabels(), ("left", "right"), strict=True):
        label.set_ha(side)
    axes.tick_params(length=2, pad=1.5, labelsize=6)
    if not profile.logarithmic:
        axes.axhline(0, color="0.7", linewidth=0.4, zorder=0)
        plain_ticks(axes.yaxis)


def data_of(profile: Profile, recording, labels: dict) -> dict:
    """Describe a layer's profile as variables of the figure's file."""
    return {
        "activation": activation_panels.variable(
            ("image", "filter"), profile.means, activation_panels.MEAN, labels
        ),
        "mean": activation_panels.variable(
            ("filter",), profile.average, "mean over all images of the stimulus"
        ),
        "filter": (("filter",), recording["unit"].values[profile.order]),
        **labels,
    }


def caption(stimulus, recordings: dict, images: list[int], ranked: bool, logarithmic: list, layers) -> str:
    """Say what was measured and how."""
    first = next(iter(recordings.values())).attrs
    own_scale = (
        f", logarithmic for {captions.listing(map(captions.escape, logarithmic))}" if logarithmic else ""
    )
    text = [
        f"Filter-mean profiles of {captions.layers(recordings, layers, MOST)} of "
        f"{captions.escape(first['source'])} for {captions.plural(len(images), 'image', 'images')} of "
        f"{captions.escape(first['stimulus'])} ({activation_panels.titles(stimulus, images)}): the "
        "activation of each filter, averaged over positions.",
        activation_panels.single_units(recordings.values()),
        f"Black line: the mean over all {captions.number(stimulus.sizes['image'])} images, by which "
        "filters are ranked in each panel."
        if ranked
        else "Filters are in the layer's order.",
        f"Activity is not normalised; the axes of panels differ{own_scale}.",
    ]
    return " ".join(filter(None, text))
