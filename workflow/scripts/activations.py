"""Record a population of all layers of a network while it sees one stimulus."""

from repscape.core import job
from repscape.activations.record import record

if __name__ == "__main__":
    with job.run(snakemake):
        params, files = snakemake.params.job, snakemake.input
        settings = {key: params[key] for key in ("batch", "cuda_batch", "threads", "precision", "device")}
        number, _, shards = snakemake.wildcards.get("shard", "0-of-1").partition("-of-")
        settings["shard"] = int(number), int(shards)
        outputs = dict(zip(params["layers"], snakemake.output, strict=True))
        record(files.network, files.stimulus, files.population, outputs, **settings)
