"""Select the units of each layer that are recorded."""

from repscape import logs, plugins
from repscape.networks.tables import find, read_layers
from repscape.populations import file
from repscape.populations.layer import Layer


def main(inputs, chosen, section, source, population, output):
    rows = read_layers(inputs["layers"])
    found = [find(rows, label)[1] for label in chosen]
    file.write(
        output,
        [
            Layer(label, row.channels, row.height, row.width, row.units)
            for label, row in zip(chosen, found, strict=True)
        ],
        section=section,
        files=plugins.made_arguments(plugins.entry("populations", section["select"]), inputs),
        source=source,
        population=population,
    )


if __name__ == "__main__":
    with logs.job(snakemake):
        job, keys = snakemake.params.job, snakemake.wildcards
        inputs, output = dict(snakemake.input.items()), snakemake.output[0]
        main(inputs, job["layers"], job["section"], keys.source, keys.population, output)
