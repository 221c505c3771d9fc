"""Print the tables of layers."""

from repscape.core import job
from repscape.networks.lib import layers_file

if __name__ == "__main__":
    with job.run(snakemake):
        for network, path in snakemake.params.networks.items():
            table = layers_file.format_table(layers_file.read(path))
            print(f"\n{network}\n{table}{layers_file.format_left_out(layers_file.read_left_out(path))}")
