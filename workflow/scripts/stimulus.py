"""Decode or generate one stimulus."""

import json
import os

from repscape.core import job
from repscape.io import netcdf
from repscape.plugin import schema
from repscape.plugin.arguments import ready, unchanged
from repscape.stimuli.lib import factors, parent_stimulus
from repscape.stimuli.lib.assemble import assemble, factors_of, pixels_of
from repscape.stimuli.lib.frame import Frames
from repscape.stimuli.lib.image_buffer import ImageBuffer


def main(section, stimulus, inputs, output):
    plugin = ready("stimuli", section, f"stimuli.{stimulus}", inputs)
    frames = Frames(plugin.images())
    variables = assemble(frames, section["size"], section["fit"], ImageBuffer(os.path.dirname(output)))
    attributes = {
        **frames.attributes,
        **parent_stimulus.checksums(schema.made_arguments(type(plugin), inputs)),
        **factors.attributes(factors_of(variables)),
        "stimulus": stimulus,
        "plugin": section["kind"],
        "sha256": pixels_of(variables),
        "parameters": json.dumps(section),
    }
    netcdf.write(output, kind="stimulus", variables=variables, attributes=attributes)


if __name__ == "__main__":
    with job.run(snakemake):
        params, inputs = snakemake.params.job, dict(snakemake.input.items())
        section = params["section"]
        with unchanged("stimuli", section, params["files"]):
            main(section, snakemake.wildcards.stimulus, inputs, snakemake.output[0])
