"""Training curves: the loss of each step, and the accuracy after each epoch."""

from collections.abc import Mapping

import numpy as np

from repscape.figures.lib import captions, training_captions
from repscape.figures.lib.axes import EXPECTED, dotted_key, line_key
from repscape.figures.lib.style import COLOURS, figure, plain_powers
from repscape.plugin.contract import Figure, parameter
from repscape.study.study import Study

NAMES = {"training": "training", "held_out": "held out"}


class TrainingCurves(Figure):
    """Training curves: the loss of each step, and the accuracy after each epoch."""

    category = "Network"

    sources: list[str] | None = parameter(
        "Which of the networks that the study trains are shown; by default all.", None
    )

    def inputs(self, study: Study) -> dict:
        """Name the files and check the parameters."""
        return {"trainings": training_captions.files(study, self.sources)}

    def draw(self, data: Mapping):
        """Draw loss and accuracy by epoch, a row of two panels a network."""
        trainings = [training.load() for training in data["trainings"]]
        fig = figure(14 + 46 * len(trainings))
        panels = fig.subplots(len(trainings), 2, squeeze=False)
        for (left, right), training in zip(panels, trainings, strict=True):
            name = training.attrs["network"]
            _loss(left, training, name)
            _accuracy(right, training, name)
            left.set_title(captions.shorten(name, 40))
        for axes in panels[-1]:
            axes.set_xlabel("epoch")
        handles = [
            line_key("loss of a step", "0.7", lw=0.7),
            line_key("mean of an epoch", "0.1", lw=1.2),
            *(
                line_key(f"images {words}", colour)
                for words, colour in zip(NAMES.values(), COLOURS, strict=False)
            ),
            dotted_key("largest held-out class"),
        ]
        fig.legend(handles=handles, loc="outside right upper")
        plain_powers(fig)
        return fig, caption(trainings)


def at_epochs(epoch_of_step: np.ndarray) -> np.ndarray:
    """Return where steps end, in epochs: the last step of the first epoch ends at 1.

    Parameters
    ----------
    epoch_of_step : int array (step,)
        From 1, ascending.
    """
    _, first, counts = np.unique(epoch_of_step, return_index=True, return_counts=True)
    within = np.arange(len(epoch_of_step)) - np.repeat(first, counts)
    return epoch_of_step - 1 + (within + 1) / np.repeat(counts, counts)


def _loss(axes, training, name: str) -> None:
    """Draw the loss of each step, and its mean over each epoch."""
    loss, epoch = training["loss"].values, training["epoch_of_step"].values
    means = [loss[epoch == number].mean() for number in training["epoch"].values[1:]]
    axes.plot(at_epochs(epoch), loss, color="0.7", lw=0.7, gid=f"{name}/loss")
    axes.plot(training["epoch"].values[1:] - 0.5, means, color="0.1", lw=1.2, gid=f"{name}/mean_loss")
    axes.set_ylabel("loss")
    axes.set_xlim(0, training["epoch"].values[-1])
    if (loss > 0).all():
        axes.set_yscale("log")


def _accuracy(axes, training, name: str) -> None:
    """Draw the accuracy before training and after each epoch, where it was measured."""
    epochs, accuracy = training["epoch"].values, training["accuracy"]
    axes.set(xlim=(0, epochs[-1]), ylim=(0, 1.02), ylabel="accuracy")
    if accuracy.isnull().all():
        axes.text(
            0.5, 0.5, "not measured: the outputs\nare not the classes", ha="center", transform=axes.transAxes
        )
        return
    most = training["images"].sel(set="held_out")
    axes.axhline(float(most.max() / most.sum()), color="0.3", gid=f"{name}/largest", **EXPECTED)
    for which, colour in zip(NAMES, COLOURS, strict=False):
        axes.plot(
            epochs, accuracy.sel(set=which), color=colour, clip_on=False, zorder=3, gid=f"{name}/{which}"
        )


def caption(trainings: list) -> str:
    """Say what was trained, on what, and what is shown."""
    text = [
        f"How networks learned: {'; '.join(map(training_captions.sentence, trainings))}.",
        "Left: the loss of each step (grey) and its mean over an epoch (black, at the epoch's middle).",
        "Right: accuracy, the share of images that are classified correctly, before training (0) and "
        "after each epoch; dotted: accuracy of always choosing the largest class of the held-out images.",
    ]
    return " ".join(text)
