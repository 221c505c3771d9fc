"""Record a population of all layers of a network while it sees one stimulus."""

from repscape import jobs
from repscape.activations.record import record

if __name__ == "__main__":
    with jobs.run(snakemake):
        job, files = snakemake.params.job, snakemake.input
        settings = {key: job[key] for key in ("batch", "cuda_batch", "threads", "precision", "device")}
        number, _, shards = snakemake.wildcards.get("shard", "0-of-1").partition("-of-")
        settings["shard"] = int(number), int(shards)
        outputs = dict(zip(job["layers"], snakemake.output, strict=True))
        record(files.network, files.stimulus, files.population, outputs, **settings)
