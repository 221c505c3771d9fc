"""Snakemake, which ends where a rule is given an iterator: it would lose the first of its items.

All plans of these tests are made by it (see project.py). Functions may return iterators: what they return is
listed at once.
"""

import sys
from collections.abc import Iterator, Mapping

from snakemake.cli import main
from snakemake.rules import Rule


def check(rule: Rule, what: str, *values) -> None:
    """End if one of the values, or an item of a list or a mapping among them, can be read only once."""
    for value in values:
        if isinstance(value, Iterator):
            sys.exit(f"{rule.name}: {what}: expected a list, found {value!r}")
        if isinstance(value, list | tuple):
            check(rule, what, *value)
        elif isinstance(value, Mapping):
            check(rule, what, *value.values())


def watch(method: str) -> None:
    """Check what a method of rules is given."""
    known = getattr(Rule, method)

    def checked(rule, *items, **named):
        check(rule, method, *items, *named.values())
        return known(rule, *items, **named)

    setattr(Rule, method, checked)


if __name__ == "__main__":
    for method in ("set_input", "set_output", "set_params", "set_log"):
        watch(method)
    main()
