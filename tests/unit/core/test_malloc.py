"""What the system gives a process that frees large blocks and takes such again."""

import subprocess
import sys
from pathlib import Path

import pytest

from repscape.io import netcdf

PROGRAM = """
import re, resource
from pathlib import Path
from repscape.core import malloc

def given(size):  # bytes that the system gave, and cleared, for a block that is freed at once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    bytearray(size)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize()

def held():
    return int(re.search(r"VmRSS:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

with malloc.kept():
    print(given(2**27), given(2**27), given(2**26), held())
print(given(2**27), given(2**27), held())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="settings of glibc")
def test_what_is_freed_is_kept_for_its_next_use_until_the_end():
    environment = {"PYTHONPATH": str(Path(netcdf.__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True, env=environment
    )
    meanwhile, afterwards = ([int(size) for size in line.split()] for line in done.stdout.splitlines())
    first, *again, held = meanwhile
    assert first > 0.9 * 2**27
    assert max(again) < 2**20
    assert held > 2**27
    *anew, held = afterwards
    assert min(anew) > 0.9 * 2**27
    assert held < 2**26
