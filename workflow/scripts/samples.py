"""Draw units from every layer of a population."""

from repscape import jobs
from repscape.samples.draw import write_samples


def main(population, outputs, size, repeats, seed, how):
    size = size if size == "all" else int(size)
    write_samples(population, outputs, size=size, repeats=repeats, seed=seed, how=how)


if __name__ == "__main__":
    with jobs.run(snakemake):
        job = snakemake.params.job
        outputs = dict(zip(job["layers"], snakemake.output, strict=True))
        main(snakemake.input[0], outputs, snakemake.wildcards.size, job["repeats"], job["seed"], job["draw"])
