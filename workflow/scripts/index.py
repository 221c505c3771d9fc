"""Write the page of a study."""

from repscape.core import job
from repscape.report import page

if __name__ == "__main__":
    with job.run(snakemake):
        files = {name: list(snakemake.input.get(name, [])) for name in ("stimuli", "png", "rst")}
        page.write(snakemake.output[0], snakemake.params.job["contents"], files)
