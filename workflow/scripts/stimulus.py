"""Decode or generate one stimulus."""

from repscape import assets, logs, plugins
from repscape.stimuli.assemble import assemble, write_stimulus


def main(section, stimulus, output):
    frames = plugins.entry("stimuli", section["source"])
    arguments = assets.fetched(frames, section, where=f"stimuli.{stimulus}")
    images = assemble(frames(**arguments), size=section["size"], fit=section["fit"], where=stimulus)
    write_stimulus(output, images, stimulus=stimulus, section=section)


if __name__ == "__main__":
    with logs.job(snakemake):
        main(snakemake.params.job["section"], snakemake.wildcards.stimulus, snakemake.output[0])
