"""Compute one analysis; write it, and its table where it has one."""

import csv

from repscape.core import job
from repscape.analyses.lib.result import cells, checked
from repscape.io import netcdf
from repscape.plugin import schema


def main(analysis, section, simulated, files, output):
    plugin = schema.make("analyses", section, analysis)
    result = checked(plugin.compute(files), plugin, "compute")
    attributes = {"plugin": section["kind"], "simulated": simulated, **result.attributes}
    netcdf.write(
        output.data, kind="analysis", variables=result.variables, attributes=attributes, groups=result.groups
    )
    if "table" in output.keys():  # noqa: SIM118 (Snakemake's lists of files are no mappings)
        with (
            netcdf.replacing(output.table) as temporary,
            open(temporary, "w", newline="", encoding="utf-8") as stream,
        ):
            csv.writer(stream, lineterminator="\n").writerows(map(cells, plugin.rows(result)))


if __name__ == "__main__":
    with job.run(snakemake):
        params, files = snakemake.params.job, dict(snakemake.input.items())
        main(snakemake.rule, params["section"], params.get("simulated"), files, snakemake.output)
