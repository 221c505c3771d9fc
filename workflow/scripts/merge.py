"""Make one file a layer of the shards of a network's activations."""

from repscape.core import job
from repscape.activations.merge import merge

if __name__ == "__main__":
    with job.run(snakemake):
        files, outputs = snakemake.input, snakemake.output
        each = len(files.shards) // len(outputs)
        for at, output in enumerate(outputs):
            merge(files.shards[at * each : (at + 1) * each], files.stimulus, output)
