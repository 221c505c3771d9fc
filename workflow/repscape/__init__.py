"""repscape: the representational landscape of neural networks, layer by layer.

The subpackages follow the way of the data: stimuli, networks, populations, activations,
samples, rdms, analyses, figures. Nothing heavy is imported here, so that planning stays fast.
"""

import os

# HDF5, of which netCDF4 and h5py bring one each, locks what it opens, and fails where a file system has no
# locks. Files are renamed when they are complete, so none is needed. HDF5 reads this when it is first used.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

__version__ = "0.1.0"
