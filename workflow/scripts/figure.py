"""Draw one figure; write what it shows, where no other file holds it."""

from repscape import logs, plugins
from repscape.figures.render import render
from repscape.figures.style import palette


def main(section, colours, files, output):
    draw = plugins.entry("figures", section["figure"])
    arguments = plugins.section_arguments(draw, section)
    render(draw, files, colours, arguments, name=section["figure"], **dict(output.items()))


if __name__ == "__main__":
    with logs.job(snakemake):
        job = snakemake.params.job
        colours = palette(job["stimuli"], job["reference"]) if "stimuli" in job else None
        main(job["section"], colours, dict(snakemake.input.items()), snakemake.output)
