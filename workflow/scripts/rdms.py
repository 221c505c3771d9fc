"""Compute the RDMs of one stimulus, population and sample size: a file a layer."""

from repscape.core import job
from repscape.rdms.write import write_rdms

if __name__ == "__main__":
    with job.run(snakemake):
        params = snakemake.params.job
        activations, samples, outputs = (
            dict(zip(params["layers"], files, strict=True))
            for files in (snakemake.input.activations, snakemake.input.samples, snakemake.output)
        )
        memory = snakemake.resources.mem_mb * 10**6
        write_rdms(
            activations, samples, outputs, metrics=params["metrics"], sets=params["sets"], memory=memory
        )
