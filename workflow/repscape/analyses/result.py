"""What an analysis returns, ready for `store.write`."""

from typing import NamedTuple


class Result(NamedTuple):
    """Variables and attributes of the file that holds the analysis.

    Attributes
    ----------
    variables : dict of name to (dims, values) or (dims, values, attributes)
    attributes : dict
    groups : dict of group path to (variables, attributes)
        For what differs in size from one part to another.
    """

    variables: dict
    attributes: dict = {}  # noqa: RUF012 (never changed)
    groups: dict = {}  # noqa: RUF012
