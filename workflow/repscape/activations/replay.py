"""Activations of a recording: mean responses of the neurons of a population to each image.

The files are like those of networks. Where images were shown more than once, they have single trials too.
"""

import json
from collections.abc import Mapping

import numpy as np

from repscape.io import netcdf
from repscape.populations.lib import file as population_file
from repscape.recordings.lib.file import check_stimulus
from repscape.stimuli.lib import factors


def replay(responses, stimulus, population, outputs: Mapping) -> None:
    """Write the activations of the areas named in `outputs`, each into its file.

    Parameters
    ----------
    responses, stimulus, population : str or Path
        Files of the earlier steps.
    outputs : mapping of area to path

    Raises
    ------
    DataError
        The responses are to other images than those of the stimulus.
    """
    with (
        netcdf.open_file(responses, "responses") as recording,
        netcdf.open_file(stimulus, "stimulus", rows=range(0)) as shown,
        netcdf.open_file(population, "population") as units,
    ):
        check_stimulus(recording, responses, shown, stimulus)
        varied, names = factors.read(shown), shown["name"][:]
        image, repeat = recording["trial_image"][:], recording["trial_repeat"][:]
        attributes = {
            **factors.attributes(varied),
            "source": units.source,
            "stimulus": shown.stimulus,
            "stimulus_sha256": shown.sha256,
            "population": units.population,
            "selected": json.dumps({"kind": units.plugin, **json.loads(units.parameters)}),
            "recording_sha256": recording.sha256,
            "simulated": getattr(recording, "simulated", None),
            "trials": recording.trials,
            "statistic": "unit",
            "positions": 1,
        }
        areas = json.loads(recording.areas)
        for area, path in outputs.items():
            group = recording[area]
            unit = population_file.read(units, area).unit
            response = group["response"][:][:, unit]
            labels = {
                name: group[name][:][unit] for name in ("neuron", "frequency") if name in group.variables
            }
            coordinates = " ".join(["name", *varied, *labels])
            variables = {
                "name": (("image",), names),
                **{name: (("image",), values) for name, values in varied.items()},
                "unit": (("unit",), unit),
                **{name: (("unit",), values) for name, values in labels.items()},
                "activation": (("image", "unit"), means(response, image), {"coordinates": coordinates}),
            }
            if repeat.any():
                variables |= {
                    "response": (("trial", "unit"), response),
                    "trial_image": (("trial",), image),
                    "trial_repeat": (("trial",), repeat),
                }
            netcdf.write(
                path,
                kind="activations",
                variables=variables,
                attributes=attributes | {"layer": area, "order": areas.index(area)},
            )


def means(response: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Average the trials of each image, in float64.

    Parameters
    ----------
    response : float32 array (trial, unit)
        Sorted by image.
    image : int array (trial,)
        From 0, each at least once.

    Returns
    -------
    float32 array (image, unit)
    """
    first = np.flatnonzero(np.diff(image, prepend=-1))
    sums = np.add.reduceat(response, first, axis=0, dtype=np.float64)
    return (sums / np.diff(first, append=len(image))[:, None]).astype(np.float32)
