"""Compute the RDMs of one stimulus, population and sample size: a file a layer."""

from repscape import jobs
from repscape.rdms.compute import write_rdms

if __name__ == "__main__":
    with jobs.run(snakemake):
        job = snakemake.params.job
        activations, samples, outputs = (
            dict(zip(job["layers"], files, strict=True))
            for files in (snakemake.input.activations, snakemake.input.samples, snakemake.output)
        )
        memory = snakemake.resources.mem_mb * 10**6
        write_rdms(activations, samples, outputs, metrics=job["metrics"], sets=job["sets"], memory=memory)
