"""The log of a job and its progress."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from shutil import get_terminal_size

logger = logging.getLogger("repscape")

INTERRUPTED = "interrupted"
NO_VALUE = 25  # the level of what is undefined for what it is of, as constant activity: no mistake
logging.addLevelName(NO_VALUE, "NO_VALUE")


def progress(items: Iterable, what: str, unit: str, total: int, size=len) -> Iterator:
    """Pass items through while showing how many are done, the rate and the time left.

    A terminal gets a bar (after two seconds: short steps stay quiet); the log gets a line every
    ten seconds and one at the end.

    Parameters
    ----------
    items : iterable
    what : str
        The step, for example ``"decoding bikes"``.
    unit : str
        What is counted, for example ``"images"`` or ``"B"``.
    total : int
        How many units there are in all.
    size : callable
        How many units an item holds (by default its length).
    """
    from tqdm import tqdm

    columns, rows = get_terminal_size()  # a guess where the terminal does not say: tqdm would show nothing
    done, started = 0, time.monotonic()
    last_line = started
    bar = tqdm(
        total=total,
        desc=what,
        unit=unit if unit == "B" else f" {unit}",
        unit_scale=unit == "B",
        delay=2,
        leave=False,
        ncols=columns,
        nrows=rows,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        for item in items:
            yield item
            done += size(item)
            bar.update(size(item))
            now = time.monotonic()
            if now - last_line > 10 and done < total:
                last_line = now
                rate = done / (now - started)
                left = (total - done) / rate
                logger.info("%s: %d of %d %s, %.3g/s, %.0f s left", what, done, total, unit, rate, left)
    seconds = time.monotonic() - started
    logger.info("%s: %d %s in %.1f s (%.3g/s)", what, done, unit, seconds, done / max(seconds, 1e-9))


def say(line: str) -> None:
    """Show a line on the terminal, in one piece: several jobs write to it."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
