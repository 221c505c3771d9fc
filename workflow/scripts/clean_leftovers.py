"""Remove what earlier configs of a study have left in its results."""

from repscape import jobs, leftovers

if __name__ == "__main__":
    with jobs.run(snakemake):
        leftovers.remove(snakemake.params.files)
        print(f"repscape: removed {len(snakemake.params.files)} files that the config no longer has.")
