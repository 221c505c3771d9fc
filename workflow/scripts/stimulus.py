"""Decode or generate one stimulus."""

import json

from repscape import logs, plugins, store
from repscape.arguments import fetched
from repscape.stimuli.assemble import assemble, pixels_sha256


def main(section, stimulus, output):
    frames = plugins.entry("stimuli", section["source"])
    arguments = fetched(frames, section, f"stimuli.{stimulus}")
    variables = assemble(frames(**arguments), section["size"], section["fit"])
    attributes = {
        "stimulus": stimulus,
        "source": section["source"],
        "sha256": pixels_sha256(variables["images"][1]),
        "parameters": json.dumps(section),
    }
    store.write(output, kind="stimulus", variables=variables, attributes=attributes)


if __name__ == "__main__":
    with logs.job(snakemake):
        main(snakemake.params.job["section"], snakemake.wildcards.stimulus, snakemake.output[0])
