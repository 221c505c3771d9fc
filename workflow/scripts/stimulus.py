"""Decode or generate one stimulus."""

import json
import os

from repscape import jobs, plugins, schema, store
from repscape.arguments import fetched, unchanged
from repscape.stimuli import factors, mother
from repscape.stimuli.assemble import assemble, factors_of, pixels_of
from repscape.stimuli.frame import Frames


def main(section, stimulus, inputs, output):
    function = plugins.entry("stimuli", section["source"])
    frames = Frames(function(**fetched(function, section, f"stimuli.{stimulus}", inputs)))
    variables = assemble(frames, section["size"], section["fit"], os.path.dirname(output))
    attributes = {
        **frames.attributes,
        **mother.checksums(schema.made_arguments(function, inputs)),
        **factors.attributes(factors_of(variables)),
        "stimulus": stimulus,
        "source": section["source"],
        "sha256": pixels_of(variables),
        "parameters": json.dumps(section),
    }
    store.write(output, kind="stimulus", variables=variables, attributes=attributes)


if __name__ == "__main__":
    with jobs.run(snakemake):
        job, inputs = snakemake.params.job, dict(snakemake.input.items())
        section = job["section"]
        with unchanged("stimuli", section["source"], section, job["files"]):
            main(section, snakemake.wildcards.stimulus, inputs, snakemake.output[0])
