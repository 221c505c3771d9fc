"""What there is to choose from."""

from typing import TYPE_CHECKING

from repscape.api.errors import ArgumentError, for_users
from repscape.core.errors import unknown
from repscape.plugin import registry
from repscape.plugin.contract import STEPS

if TYPE_CHECKING:
    import pandas as pd


@for_users
def list_plugins(step: str) -> "pd.DataFrame":
    """List the plugins of a step, with a sentence each.

    Parameters
    ----------
    step : {"stimuli", "networks", "trainings", "recordings", "populations", "metrics", "analyses", "figures"}

    Returns
    -------
    DataFrame
        A row a plugin: its name is the index, ``about`` a sentence.

    Raises
    ------
    ValueError
        There is no such step.

    Examples
    --------
    >>> import repscape
    >>> repscape.list_plugins("metrics").loc["correlation", "about"]
    "Correlation distance: one minus Pearson's r over units."
    """
    import pandas as pd

    if step not in STEPS:
        raise ArgumentError(f"step: {unknown(str(step), STEPS)}")
    names = registry.names(step)
    about = [_sentence(registry.find(step, name).__doc__ or "") for name in names]
    return pd.DataFrame({"about": about}, index=pd.Index(names, name=step))


def _sentence(text: str) -> str:
    """Return the first sentence of a docstring, in one line."""
    return " ".join(text.strip().partition("\n\n")[0].split())
