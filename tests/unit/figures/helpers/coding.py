"""Files of decoded angles and of encoded neurons, and figures of them."""

from repscape.figures.lib.data import opened
from repscape.figures.lib.style import settings
from repscape.io import netcdf
from repscape.plugin import registry

LAYERS = ("input", "conv1", "conv2", "fc")


def drawn(path, name, **parameters):
    """Draw a figure of one file: figure, caption, and the file opened."""
    key = "encoding" if name.startswith("encoding") else "angle_decoding"
    plugin = registry.find("figures", name)(**parameters)
    plugin.check()
    with opened({key: str(path)}) as data, settings():
        return *plugin.draw(data), data[key].load()


def written(path, result):
    netcdf.write(path, kind="analysis", variables=result.variables, attributes=result.attributes)
    return path
