"""Select the units of each layer that are recorded."""

from pathlib import Path

from repscape.core import job
from repscape.networks.lib import layers_file
from repscape.networks.lib.layer_table import find
from repscape.plugin import registry, schema
from repscape.populations.lib import areas, file
from repscape.populations.lib.layer import Layer
from repscape.recordings.lib.file import is_simulated


def of_network(inputs, names, labels):
    rows = layers_file.read(inputs["layers"])
    image = rows[0].height, rows[0].width
    layers = []
    for name, label in zip(names, labels, strict=True):
        row = find(rows, label)[1]
        shape = row.channels, row.height, row.width, row.units
        field = row.receptive_field_stride, row.receptive_field_offset
        layers.append(Layer(name, *shape, label, *field, image))
    return layers


def main(inputs, names, labels, section, source, population, output):
    responses = inputs.get("responses")
    layers = of_network(inputs, names, labels) if responses is None else areas.layers(responses)
    network = Path(inputs["network"]) if "network" in inputs else None
    file.write(
        output,
        layers,
        section=section,
        files=schema.made_arguments(registry.find("populations", section["kind"]), inputs),
        source=source,
        population=population,
        network=network,
        simulated=None if responses is None else is_simulated(responses),
    )


if __name__ == "__main__":
    with job.run(snakemake):
        params, keys = snakemake.params.job, snakemake.wildcards
        inputs, output = dict(snakemake.input.items()), snakemake.output[0]
        layers = params["layers"], params["labels"]
        main(inputs, *layers, params["section"], keys.source, keys.population, output)
