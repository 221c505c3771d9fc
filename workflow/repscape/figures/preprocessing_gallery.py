"""How pixels are preprocessed for a network, step by step."""

import json
from collections.abc import Mapping

import numpy as np

from repscape.core.natural_order import natural
from repscape.figures.lib import captions
from repscape.figures.lib.millimetre_page import LEFT, colour_scale, fit, page, picture, row_label, write
from repscape.figures.lib.shown import OfSource, OfStimuli
from repscape.figures.lib.style import WIDTH
from repscape.plugin.contract import Figure
from repscape.study import defaults
from repscape.study.study import Study

GAP, TALLEST = 2.0, 26.0  # mm
HEADER, BELOW, LEGEND = 5.0, 5.5, 10.0  # mm: column titles, a row's text and gap, the colour scale
COLUMNS = ("original", "resized", "cropped", "normalised R", "normalised G", "normalised B")


class PreprocessingGallery(OfSource, OfStimuli, Figure):
    """How pixels are preprocessed for a network, step by step."""

    category = "Stimuli"
    shows_stimuli = True

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters."""
        defaults.one_or_default(self.source, study.config["networks"], "source")
        defaults.many_or_all(self.stimuli, study.stimuli, "stimuli")
        return {"preprocessing": study.path("analysis", analysis="preprocessing")}

    def draw(self, data: Mapping):
        """Draw an image of each stimulus (rows) at each step of the preprocessing (columns).

        Normalised pixels have no colours, so each channel is shown alone, on one
        diverging scale for all, whose limits are what a black or a white pixel can become.
        """
        network = self.source or min(data["preprocessing"].children)
        steps = data["preprocessing"][network]
        stimuli = self.stimuli or sorted(steps.children, key=natural)
        preprocess = json.loads(steps.attrs["preprocess"])
        mean, sd = np.array(preprocess["mean"]), np.array(preprocess["std"])
        limit = float(np.abs([-mean / sd, (1 - mean) / sd]).max())
        scale = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}

        width = (WIDTH - LEFT) / len(COLUMNS) - GAP
        lefts = LEFT + np.arange(len(COLUMNS)) * (width + GAP)
        pictures = {
            stimulus: [steps[stimulus][step] for step in ("original", "resized", "rgb")]
            for stimulus in stimuli
        }
        heights = [max(fit(step.shape, width, TALLEST)[1] for step in row) for row in pictures.values()]
        fig, axes = page(HEADER + sum(heights) + BELOW * len(heights) + LEGEND)
        for left, title in zip(lefts, COLUMNS, strict=True):
            write(axes, left, 1, title, fontweight="bold", fontsize=6.5)
        top = HEADER
        for (stimulus, row), height in zip(pictures.items(), heights, strict=True):
            row_label(axes, self.style, stimulus, top, height)
            normalised = steps[stimulus]["normalised"].values
            _row(axes, stimulus, [*row, *normalised], (top, width, height), lefts, scale)
            top += height + BELOW
        bar = colour_scale(axes, lefts[3], top + 0.5, WIDTH - GAP - lefts[3], scale["cmap"], -limit, limit, 6)
        bar.set_xlabel("normalised value: (pixel − mean) / SD", labelpad=1)
        return fig, caption(network, preprocess, stimuli, {s: steps[s].attrs["name"] for s in stimuli})


def _row(axes, stimulus: str, steps: list, box: tuple, lefts: np.ndarray, scale: Mapping) -> None:
    """Draw an image at each step, with its size, or the range of a normalised channel, beneath it."""
    top, width, height = box
    for left, title, step in zip(lefts, COLUMNS, steps, strict=True):
        gid = f"{stimulus}/{title}"
        if title.startswith("normalised"):
            end = picture(axes, step, left, top, width, height, gid=gid, **scale)
            below = f"{signed(step.min())} to {signed(step.max())}"
        else:
            end = picture(axes, step.values, left, top, width, height, gid=gid)
            grey = " grey" if step.attrs.get("grey") else ""
            below = f"{step.shape[1]} × {step.shape[0]}{grey}"
        write(axes, left, end + 0.6, below, fontsize=6, color="0.35")


def signed(value: float) -> str:
    """Write a number with one decimal and a true minus."""
    return f"{value:.1f}".replace("-", "−")


def caption(network: str, preprocess: dict, stimuli: list[str], names: dict[str, str]) -> str:
    """Say what was done."""
    resize, crop = preprocess["resize"], preprocess["crop"]
    antialias = " with antialiasing" if preprocess["antialias"] else ""
    if resize is None:
        resized = "not further"
    else:
        to = f"a shorter side of {resize}" if isinstance(resize, int) else " × ".join(map(str, resize[::-1]))
        resized = f"to {to} pixels ({captions.escape(preprocess['interpolation'])}{antialias})"
    cut = "nothing" if crop is None else f"its central {' × '.join(map(str, pair(crop)[::-1]))} pixels"
    shown = captions.listing(
        f"{captions.escape(stimulus)}: {captions.escape(names[stimulus])}" for stimulus in stimuli
    )
    mean, sd = (captions.listing(f"{value:g}" for value in preprocess[key]) for key in ("mean", "std"))
    return (
        f"How stimuli are preprocessed for {captions.escape(network)}, shown with one image of each "
        f"({shown}). Original: as decoded or generated. Resized: to the size of the stimulus, if one is "
        f"set, then {resized}. Cropped: {cut}. Normalised: scaled to 0…1, minus the mean ({mean}), divided "
        f"by the SD ({sd}) for R, G and B. Under each panel: width × height in pixels, or the smallest and "
        "the largest value. The colour scale is the same for all images and spans all possible values."
    )


def pair(size) -> tuple:
    """Height and width of a size given as one number or two."""
    return (size, size) if isinstance(size, int) else tuple(size)
