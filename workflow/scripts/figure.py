"""Draw one figure; write what it shows, where no other file holds it."""

from repscape import jobs, plugins, schema
from repscape.figures.render import render
from repscape.figures.style import palette


def main(section, colours, simulated, files, output):
    draw = plugins.entry("figures", section["figure"])
    arguments = schema.arguments(draw, section)
    outputs = dict(output.items())
    render(draw, files, colours, arguments, name=section["figure"], simulated=simulated, **outputs)


if __name__ == "__main__":
    with jobs.run(snakemake):
        job = snakemake.params.job
        colours = palette(job["stimuli"], job["reference"]) if "stimuli" in job else None
        files = dict(snakemake.input.items())
        main(job["section"], colours, job.get("simulated", []), files, snakemake.output)
