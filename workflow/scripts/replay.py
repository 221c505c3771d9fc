"""Take what a population of a recording answered to one stimulus."""

from repscape.core import job
from repscape.activations.replay import replay

if __name__ == "__main__":
    with job.run(snakemake):
        files = snakemake.input
        outputs = dict(zip(snakemake.params.job["areas"], snakemake.output, strict=True))
        replay(files.responses, files.stimulus, files.population, outputs)
