"""What a process does with memory that it has freed."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

# As glibc's malloc.h numbers them.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
# What they are by themselves once large blocks were freed.
_USUAL = {_TRIM_THRESHOLD: 2**26, _MMAP_THRESHOLD: 2**25, _MMAP_MAX: 65_536}


@contextmanager
def kept() -> Iterator[None]:
    """Have glibc keep the large blocks that are freed meanwhile for their next use.

    It would give each back to the system, which clears every page that it gives anew: that took 5 to
    7 % of a recording on a virtual machine. What is kept lies in pieces that do not always fit, so that more
    is taken than is used at once. Other C libraries go on as they do.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        yield
        return
    for parameter, value in {_MMAP_MAX: 0, _TRIM_THRESHOLD: -1}.items():
        library.mallopt(parameter, value)
    try:
        yield
    finally:
        for parameter, value in _USUAL.items():
            library.mallopt(parameter, value)
        library.malloc_trim(0)
