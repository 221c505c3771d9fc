"""Build a network, freeze it and write the table of its layers."""

import json

from repscape import jobs, plugins
from repscape.arguments import fetched, unchanged
from repscape.networks import freeze, tables, trained


def main(section, source, network, layers, weights=None):
    load = plugins.entry("networks", section["source"])
    loaded = load(**fetched(load, section, f"networks.{source}", {}))
    if weights is not None:
        loaded = trained.put_into(loaded, weights)
    frozen = freeze.freeze(loaded, noise_seed=section.get("noise_seed"))
    freeze.save(frozen, network)
    tables.write_layers(
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
    with jobs.run(snakemake):
        job, source, output = snakemake.params.job, snakemake.wildcards.source, snakemake.output
        section, weights = job["section"], snakemake.input.get("trained")
        with unchanged("networks", section["source"], section, job["files"]):
            main(section, source, output.network, output.layers, weights)
