"""Draw units from every layer of a population."""

from repscape.core import job
from repscape.samples.draw import write_samples


def main(population, outputs, size, repeats, seed, how):
    size = size if size == "all" else int(size)
    write_samples(population, outputs, size=size, repeats=repeats, seed=seed, how=how)


if __name__ == "__main__":
    with job.run(snakemake):
        params = snakemake.params.job
        outputs = dict(zip(params["layers"], snakemake.output, strict=True))
        main(
            snakemake.input[0],
            outputs,
            snakemake.wildcards.size,
            params["repeats"],
            params["seed"],
            params["draw"],
        )
