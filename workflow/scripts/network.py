"""Build a network, freeze it and write the table of its layers."""

import json

from repscape.core import job
from repscape.networks.lib import freeze, layers_file, trained_weights
from repscape.plugin.arguments import ready, unchanged


def main(section, source, network, layers, weights=None):
    loaded = ready("networks", section, f"networks.{source}", {}).load()
    if weights is not None:
        loaded = trained_weights.put_into(loaded, weights)
    frozen = freeze.freeze(loaded, noise_seed=section.get("noise_seed"))
    freeze.save(frozen, network)
    layers_file.write(
        layers,
        frozen.rows,
        network=source,
        architecture=section.get("architecture") or section.get("factory") or section["kind"],
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
        with unchanged("networks", section, params["files"]):
            main(section, source, output.network, output.layers, weights)
