"""Remove what earlier configs of a study have left in its results."""

from repscape.core import job
from repscape.planning import leftovers

if __name__ == "__main__":
    with job.run(snakemake):
        leftovers.remove(snakemake.params.files)
        print(f"repscape: removed {len(snakemake.params.files)} files that the config no longer has.")
