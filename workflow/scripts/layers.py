"""Print the tables of layers."""

from repscape.core import job
from repscape.networks.lib import layer_table

if __name__ == "__main__":
    with job.run(snakemake):
        for network, path in snakemake.params.networks.items():
            table = layer_table.format_table(layer_table.read_layers(path))
            print(f"\n{network}\n{table}{layer_table.format_left_out(layer_table.read_left_out(path))}")
