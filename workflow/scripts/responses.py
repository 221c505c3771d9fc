"""Read one recording of responses: a file a stimulus."""

import json
from pathlib import Path

from repscape.core import job
from repscape.plugin import registry
from repscape.plugin.arguments import fetched, unchanged
from repscape.recordings.lib import file
from repscape.recordings.lib.trials import recorded


def main(section, names, recording, stimuli, outputs):
    module = registry.find("recordings", section["source"], "recordings")
    stimuli, outputs = dict(zip(names, stimuli, strict=True)), dict(zip(names, outputs, strict=True))
    seen = {name: file.seen(path) for name, path in stimuli.items()}
    arguments = fetched(module.read, section, f"recordings.{recording}", {})
    policies = {key: section[key] for key in ("missing", "constant", "others", "trials", "order")}
    found = recorded(module.read(seen, **arguments), seen, section["area"], **policies)
    attributes = {
        "recording": recording,
        "source": section["source"],
        "simulated": getattr(module, "SIMULATED", None),
        "trials": section["trials"],
        "parameters": json.dumps(section),
    }
    file.write(outputs, found, stimuli, attributes)


if __name__ == "__main__":
    with job.run(snakemake):
        params, recording = snakemake.params.job, Path(snakemake.output[0]).parent.name
        section = params["section"]
        with unchanged("recordings", section["source"], section, params["files"]):
            main(section, params["stimuli"], recording, snakemake.input.stimuli, snakemake.output)
