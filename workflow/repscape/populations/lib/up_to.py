"""Populations of at most so many units a layer."""

from repscape.plugin.contract import Population, parameter


class UpTo(Population, shared=True):
    """At most so many units of each layer."""

    units: int = parameter(
        "How many units of each layer are recorded; if a layer has fewer, all.", ge=1, lt=2**31
    )
