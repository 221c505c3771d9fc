"""A training of the study: from the stimuli's files to a trained network and the file of its history."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from repscape.core.errors import DataError, gpu_memory_ran_out
from repscape.core.logs import logger
from repscape.io import netcdf
from repscape.networks.lib.loaded import Loaded, weights_sha256
from repscape.plugin.contract import Training
from repscape.traced.device import choose_device, settings
from repscape.trainings.lib.dataset import Examples
from repscape.trainings.lib.history import History, follow

SETS = ("training", "held_out")


def record(
    loaded: Loaded,
    plugin: Training,
    section: Mapping,
    stimuli: Mapping[str, str | Path],
    output: str | Path,
    *,
    network: str,
) -> tuple[str, ...]:
    """Train a network in place and write what happened.

    Parameters
    ----------
    loaded : Loaded
        With its initial weights; on the CPU afterwards.
    plugin : Training
    section : mapping
        The network's section `training` of the config.
    stimuli : mapping of ``training`` and ``held_out`` to the stimuli's files
    output : path of training.nc
    network : str

    Returns
    -------
    tuple of str
        The classes that the network was trained to tell apart.

    Raises
    ------
    DataError
        The stimuli do not go together or with the network, or the training fails.
    """
    place = choose_device(section["device"])
    on_cpu = place.type == "cpu"
    training, held_out = _examples(loaded, stimuli, section["target"], place)
    shared = held_out.shared(training)
    if shared:
        logger.warning(
            "%d of the %d held-out images have the same pixels as an image of the training; their "
            "accuracy says little about new images",
            shared,
            len(held_out),
        )
    initial, start = weights_sha256(loaded.module), loaded.weights
    loaded.module.to(place)
    _check_runs(loaded.module, training, stimuli["training"])
    with settings(section["threads"] if on_cpu else None, "float32"):
        history = follow(loaded.module, plugin, training, held_out, seed=section["seed"])
    loaded.module.to("cpu")
    attributes = {
        "network": network,
        "plugin": section["kind"],
        **{key: section[key] for key in ("stimulus", "held_out", "target", "seed")},
        "parameters": json.dumps(section, sort_keys=True),
        "stimulus_sha256": training.sha256,
        "held_out_sha256": held_out.sha256,
        "shared_images": shared,
        "initial_weights": start,
        "initial_weights_sha256": initial,
        "weights_sha256": weights_sha256(loaded.module),
        "convolution": history.convolution,
        "device": place.type,
        "threads": section["threads"] if on_cpu else None,
    }
    netcdf.write(
        output, kind="training", variables=_variables(history, training, held_out), attributes=attributes
    )
    return training.classes


def _examples(loaded: Loaded, stimuli: Mapping, target: str, place) -> tuple[Examples, Examples]:
    """Open both stimuli; refuse sizes of images that give inputs of different sizes."""
    training = Examples(stimuli["training"], target, loaded.preprocess, place)
    held_out = Examples(stimuli["held_out"], target, loaded.preprocess, place, training.classes)
    if training.pixels.shape[1:] != held_out.pixels.shape[1:]:
        shapes = [f"{each.sizes[0][0]} x {each.sizes[0][1]}" for each in (training, held_out)]
        raise DataError(
            f"{stimuli['held_out']}: its images of {shapes[1]} pixels and those of {stimuli['training']}, "
            f"{shapes[0]}, give inputs of different sizes. Set preprocess.crop of the network, or one "
            "'size' for both stimuli."
        )
    return training, held_out


def _check_runs(network, examples: Examples, path) -> None:
    """Refuse images of a size that the network cannot process."""
    images, _ = next(examples.batches(2))
    try:
        with torch.no_grad():
            network.eval()(images)
    except (RuntimeError, AssertionError) as error:
        if gpu_memory_ran_out(error):
            raise
        raise DataError(
            f"{path}: its images give inputs of {images.shape[2]} x {images.shape[3]} pixels, which the "
            f"network cannot process: {str(error).splitlines()[0]}. Set preprocess (resize, crop) to a "
            "size that it takes, or 'size' of the stimulus."
        ) from error


def _variables(history: History, training: Examples, held_out: Examples) -> dict[str, tuple]:
    lengths = list(map(len, history.losses))
    counts = [
        np.bincount(each.targets.cpu().numpy(), minlength=len(training.classes))
        for each in (training, held_out)
    ]
    variables = {
        "loss": (("step",), np.concatenate(history.losses)),
        "epoch_of_step": (("step",), np.repeat(np.arange(1, len(lengths) + 1, dtype=np.int32), lengths)),
        "accuracy": (("set", "epoch"), np.array(history.accuracy).T),
        "images": (("set", "class"), np.array(counts, np.int32)),
        "set": (("set",), list(SETS)),
        "class": (("class",), list(training.classes)),
        "epoch": (("epoch",), np.arange(len(lengths) + 1, dtype=np.int32)),
    }
    if history.before is not None and history.after is not None:
        both = np.stack([history.before, history.after])
        variables["filters"] = (("when", "filter", "channel", "y", "x"), both)
        variables["when"] = (("when",), ["before", "after"])
    return variables
