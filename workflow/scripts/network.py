"""Build a network, freeze it and write the table of its layers."""

import json

from repscape.core import job
from repscape.networks.lib import freeze, layer_table, trained_weights
from repscape.plugin import registry
from repscape.plugin.arguments import fetched, unchanged


def main(section, source, network, layers, weights=None):
    load = registry.entry("networks", section["source"])
    loaded = load(**fetched(load, section, f"networks.{source}", {}))
    if weights is not None:
        loaded = trained_weights.put_into(loaded, weights)
    frozen = freeze.freeze(loaded, noise_seed=section.get("noise_seed"))
    freeze.save(frozen, network)
    layer_table.write_layers(
        layers,
        frozen.rows,
        network=source,
        architecture=section.get("architecture") or section.get("factory") or section["source"],
        weights=loaded.weights,
        weights_sha256=frozen.weights_sha256,
        preprocess=json.dumps(loaded.preprocess.to_dict()),
        categories=loaded.categories,
        left_out=frozen.left_out,
        noise_seed=frozen.noise_seed,
    )


if __name__ == "__main__":
    with job.run(snakemake):
        params, source, output = snakemake.params.job, snakemake.wildcards.source, snakemake.output
        section, weights = params["section"], snakemake.input.get("trained")
        with unchanged("networks", section["source"], section, params["files"]):
            main(section, source, output.network, output.layers, weights)
