"""Draw one figure; write what it shows, where no other file holds it."""

from repscape.core import job
from repscape.figures.lib.render import render
from repscape.figures.lib.style import palette
from repscape.plugin import registry, schema


def main(section, colours, simulated, files, output):
    draw = registry.entry("figures", section["figure"])
    arguments = schema.arguments(draw, section)
    outputs = dict(output.items())
    render(draw, files, colours, arguments, name=section["figure"], simulated=simulated, **outputs)


if __name__ == "__main__":
    with job.run(snakemake):
        params = snakemake.params.job
        colours = palette(params["stimuli"], params["reference"]) if "stimuli" in params else None
        files = dict(snakemake.input.items())
        main(params["section"], colours, params.get("simulated", []), files, snakemake.output)
