"""Makes a network's table, for layer_table_cache.py: ``python -m repscape.networks.lib.layer_table_job``."""

import json
import sys
from pathlib import Path

from repscape.core.errors import RepscapeError
from repscape.networks.lib.factory import told
from repscape.networks.lib.layer_table_export import shapes_of_any, write
from repscape.plugin import registry, schema


def main(source: str, arguments: str, table: Path, error_file: Path) -> None:
    """Write the table, or what is wrong with the network.

    Parameters
    ----------
    source : str
        The plugin.
    arguments : str
        As json: what its `untrained` takes.
    table, error_file : Path
        One of the two is written.
    """
    plugin = registry.find("networks", source, "networks")
    section = schema.arguments(plugin.load, json.loads(arguments))
    try:
        write(shapes_of_any(lambda: plugin.untrained(**section)), table)
    except RepscapeError as error:
        error_file.write_text(str(error), encoding="utf-8")
    except Exception as error:
        error_file.write_text(f"the network cannot be built or run: {told(error)}.", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
