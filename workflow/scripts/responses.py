"""Read one recording of responses: a file a stimulus."""

import json
from pathlib import Path

from repscape.core import job
from repscape.plugin.arguments import ready, unchanged
from repscape.recordings.lib import file
from repscape.recordings.lib.trials import match_trials


def main(section, names, recording, stimuli, outputs):
    stimuli, outputs = dict(zip(names, stimuli, strict=True)), dict(zip(names, outputs, strict=True))
    shown = {name: file.shown_stimulus(path) for name, path in stimuli.items()}
    plugin = ready("recordings", section, f"recordings.{recording}", {})
    policies = {key: section[key] for key in ("missing", "constant", "others", "trials", "order")}
    found = match_trials(plugin.read(shown), shown, section["area"], **policies)
    attributes = {
        "recording": recording,
        "plugin": section["kind"],
        "simulated": plugin.simulated or None,
        "trials": section["trials"],
        "parameters": json.dumps(section),
    }
    file.write(outputs, found, stimuli, attributes)


if __name__ == "__main__":
    with job.run(snakemake):
        params, recording = snakemake.params.job, Path(snakemake.output[0]).parent.name
        section = params["section"]
        with unchanged("recordings", section, params["files"]):
            main(section, params["stimuli"], recording, snakemake.input.stimuli, snakemake.output)
