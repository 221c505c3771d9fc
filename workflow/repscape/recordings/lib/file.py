"""Files of responses: the trials of one stimulus, the neurons of each area in a group."""

import hashlib
import json
from collections.abc import Mapping

import numpy as np

from repscape.core.errors import DataError
from repscape.io import netcdf
from repscape.recordings.lib.responses import ShownStimulus
from repscape.recordings.lib.trials import Recorded
from repscape.stimuli.lib import factors


def shown_stimulus(path) -> ShownStimulus:
    """Read what a recording may need of a stimulus."""
    with netcdf.open_file(path, "stimulus", rows=range(0)) as file:
        times = file["time"][:] if "time" in file.variables else None
        varied = {name: list(values) for name, values in factors.read(file).items()}
        return ShownStimulus(list(file["name"][:]), varied, times)


def write(outputs: Mapping, recorded: Recorded, stimuli: Mapping, attributes: Mapping) -> None:
    """Write a file a stimulus.

    Parameters
    ----------
    outputs : mapping of stimulus to path
    recorded : Recorded
    stimuli : mapping of stimulus to the path of its file
    attributes : mapping
        Of the recording, for all files.
    """
    checksum = _sha256(recorded)
    frequencies = recorded.frequencies
    for stimulus, path in outputs.items():
        trials = recorded.trials[stimulus]
        with netcdf.open_file(stimuli[stimulus], "stimulus", rows=range(0)) as shown:
            names, pixels = shown["name"][:], shown.sha256
        groups = {}
        for area, neurons in recorded.neurons.items():
            response = trials.response[:, neurons]
            features = response.shape[2]
            variables: dict[str, tuple] = {
                "response": (("trial", "unit"), response.reshape(len(response), -1)),
                "neuron": (("unit",), np.repeat(neurons, features)),
            }
            if frequencies is not None:
                hertz = np.tile(frequencies, len(neurons))
                variables["frequency"] = (("unit",), hertz, {"units": "Hz"})
            groups[area] = (variables, {"neurons": len(neurons), "features": features})
        netcdf.write(
            path,
            kind="responses",
            variables={
                "name": (("image",), names),
                "trial_image": (("trial",), trials.image),
                "trial_repeat": (("trial",), trials.repeat),
            },
            attributes={
                **attributes,
                "stimulus": stimulus,
                "stimulus_sha256": pixels,
                "sha256": checksum,
                "left_out": recorded.left_out or None,
                "areas": json.dumps(list(recorded.neurons)),
            },
            groups=groups,
        )


def is_simulated(path) -> int | None:
    """Return 1 for a file of simulated responses."""
    with netcdf.open_file(path, "responses") as file:
        return getattr(file, "simulated", None)


def check_stimulus(file, path, stimulus, stimulus_path) -> None:
    """Refuse responses to another version of a stimulus."""
    if file.stimulus_sha256 != stimulus.sha256:
        raise DataError(
            f"{path}: the images of its trials differ from those that {stimulus_path} has now. Delete it "
            "and run again."
        )


def _sha256(recorded: Recorded) -> str:
    """Sum the responses that are used, and which image each trial showed."""
    total = hashlib.sha256()
    for stimulus, trials in sorted(recorded.trials.items()):
        total.update(stimulus.encode())
        for values in (trials.image, trials.repeat):
            total.update(np.ascontiguousarray(values).tobytes())
        for area, neurons in recorded.neurons.items():
            total.update(area.encode())
            total.update(np.ascontiguousarray(trials.response[:, neurons]).tobytes())
    return total.hexdigest()
