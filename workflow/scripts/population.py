"""Select the units of each layer that are recorded."""

from repscape import logs
from repscape.networks.tables import find, read_layers
from repscape.populations import file
from repscape.populations.layer import Layer


def main(layers, chosen, section, source, population, output):
    rows = read_layers(layers)
    found = [find(rows, label)[1] for label in chosen]
    file.write(
        output,
        [
            Layer(label, row.channels, row.height, row.width, row.units)
            for label, row in zip(chosen, found, strict=True)
        ],
        select=section["select"],
        parameters={key: section[key] for key in section if key not in ("select", "seed")},
        seed=section.get("seed", 0),
        source=source,
        population=population,
    )


if __name__ == "__main__":
    with logs.job(snakemake):
        job, keys = snakemake.params.job, snakemake.wildcards
        layers, output = snakemake.input[0], snakemake.output[0]
        main(layers, job["layers"], job["section"], keys.source, keys.population, output)
