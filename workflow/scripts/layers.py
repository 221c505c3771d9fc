"""Print the tables of layers."""

from repscape import jobs
from repscape.networks import tables

if __name__ == "__main__":
    with jobs.run(snakemake):
        for network, path in snakemake.params.networks.items():
            table = tables.format_table(tables.read_layers(path))
            print(f"\n{network}\n{table}{tables.format_left_out(tables.read_left_out(path))}")
