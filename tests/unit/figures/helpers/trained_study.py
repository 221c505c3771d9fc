"""A made-up study that trains networks."""

import dataclasses

import numpy as np

from repscape.io import netcdf

TRAINING = {"kind": "sgd", "stimulus": "gratings", "held_out": "pictures"}


class Trained:
    """A study that trains networks, and the files of their trainings."""

    def __init__(self, made, *networks):
        self.made, self.root, self.style = made, made.root, made.style
        config = made.study.config
        alexnet = config["networks"]["mobilenet_v2"] | {"architecture": "alexnet", "weights": "random"}
        sections = {name: alexnet | {"training": TRAINING} for name in networks}
        self.study = dataclasses.replace(
            made.study, config=config | {"networks": config["networks"] | sections}
        )

    def write(self, network, *, lengths=(3, 3, 2), filters=(6, 1, 7, 7), measured=True, shared=0, low=0.01):
        random = np.random.default_rng(1)
        loss = np.geomspace(0.7, low, sum(lengths)) if low > 0 else np.linspace(1, low, sum(lengths))
        accuracy = np.clip(np.linspace(0.5, 1.02, len(lengths) + 1) * np.array([[1], [0.95]]), 0, 1)
        variables = {
            "loss": (("step",), loss * random.uniform(0.5, 2, sum(lengths))),
            "epoch_of_step": (("step",), np.repeat(np.arange(1, len(lengths) + 1), lengths).astype(np.int32)),
            "accuracy": (("set", "epoch"), accuracy if measured else accuracy * np.nan),
            "images": (("set", "class"), np.array([[600, 400], [70, 30]], np.int32)),
            "set": (("set",), ["training", "held_out"]),
            "class": (("class",), ["left", "right"]),
            "epoch": (("epoch",), np.arange(len(lengths) + 1, dtype=np.int32)),
        }
        if filters:
            before = random.normal(size=filters).astype(np.float32)
            after = before + random.normal(scale=0.1, size=filters).astype(np.float32)
            variables["filters"] = (("when", "filter", "channel", "y", "x"), np.stack([before, after]))
            variables["when"] = (("when",), ["before", "after"])
        attributes = {
            "plugin": "sgd", "stimulus": "gratings", "held_out": "pictures",
            "network": network, "target": "label", "shared_images": shared, "initial_weights": "random",
            "convolution": "conv" if filters else "",
        }  # fmt: skip
        path = self.root / self.study.path("training", source=network)
        netcdf.write(path, kind="training", variables=variables, attributes=attributes)
        return {name: values for name, (_, values) in variables.items()}
