"""Makes one file of the shards of a layer's activations, as if all images had been shown at once."""

from collections.abc import Iterable
from contextlib import ExitStack

import numpy as np

from repscape.activations.file import define
from repscape.core.chunks import slices
from repscape.core.labels import check_equal
from repscape.io import netcdf
from repscape.stimuli.lib import factors

_VALUES = 2**22  # copied at a time
# Attributes of a shard alone
_OF_SHARDS = ("repscape_version", "kind", "written_as", "batch", "factors")


def merge(shards: Iterable, stimulus, output) -> None:
    """Write one layer's activations out of its shards.

    Parameters
    ----------
    shards : paths, in the order of images
    stimulus, output : path

    Raises
    ------
    DataError
        The shards are not of the stimulus's images, each once.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(netcdf.open_file(path, "shard")) for path in shards]
        files = [file for file in files if "activation" in file.variables]
        shown = stack.enter_context(netcdf.open_file(stimulus, "stimulus", rows=range(0)))
        names = np.concatenate([file["name"][:] for file in files])
        check_equal("image", shown["name"][:], stimulus, names, files[0].filepath())
        first = files[0]
        varied = factors.read(shown)
        attributes = {name: first.getncattr(name) for name in first.ncattrs() if name not in _OF_SHARDS}
        attributes |= factors.attributes(varied)
        labels = {name: first[name][:] for name in first.variables if first[name].dimensions == ("unit",)}
        made = stack.enter_context(netcdf.create(output, kind="activations", attributes=attributes))
        define(made, names, varied, labels)
        done = 0
        for file in files:
            images, units = file["activation"].shape
            for block in slices(images, max(1, _VALUES // units)):
                made["activation"][done + block.start : done + block.stop] = file["activation"][block]
            done += images
        netcdf.set_attributes(made, {"batch": min(int(file.batch) for file in files)})
