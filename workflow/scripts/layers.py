"""Print the tables of layers."""

from repscape import jobs
from repscape.networks.tables import format_table, read_layers

if __name__ == "__main__":
    with jobs.run(snakemake):
        for network, path in snakemake.params.networks.items():
            print(f"\n{network}\n{format_table(read_layers(path))}")
