"""Read one recording."""

import json

from repscape.core import job
from repscape.io import netcdf
from repscape.plugin import registry
from repscape.plugin.arguments import fetched, unchanged
from repscape.rdms.table.rdm_stack import without_rounding
from repscape.rdms.table.table import encoded
from repscape.recordings.lib.rdm_import import to_table


def main(section, recording, inputs, output):
    read = registry.entry("recordings", section["source"])
    with netcdf.open_file(inputs["stimulus"], "stimulus", rows=range(0)) as stimulus:
        images, checksum = list(stimulus["name"][:]), stimulus.sha256
    given = read(**fetched(read, section, f"recordings.{recording}", inputs))
    keys = {key: section[key] for key in ("stimulus", "area", "metric", "order")}
    table = to_table(given, images, source=recording, **keys)
    table["dissimilarity"] = without_rounding(table)
    variables, attributes, groups = encoded(table)
    attributes |= {
        "history": json.dumps({"recording": recording, "parameters": section}, sort_keys=True),
        "recording": recording,
        "source": section["source"],
        "stimulus": section["stimulus"],
        "stimulus_sha256": checksum,
        "parameters": json.dumps(section),
    }
    netcdf.write(output, kind="recording", variables=variables, attributes=attributes, groups=groups)


if __name__ == "__main__":
    with job.run(snakemake):
        params, inputs = snakemake.params.job, dict(snakemake.input.items())
        section = params["section"]
        with unchanged("recordings", section["source"], section, params["files"]):
            main(section, snakemake.wildcards.recording, inputs, snakemake.output[0])
