"""Tables of RDMs that print so that one can read them."""

import numpy as np
import pandas as pd


class RdmTable(pd.DataFrame):
    """A table of RDMs; printed, it says of each how many images it has and which range its values have."""

    @property
    def _constructor(self) -> type["RdmTable"]:
        return RdmTable

    def _in_short(self) -> pd.DataFrame:
        plain = pd.DataFrame(self)
        if not {"entries", "dissimilarity"} <= set(plain.columns):
            return plain
        said = {
            "entries": [f"{len(entries)} images" for entries in plain["entries"]],
            "dissimilarity": [_range(values) for values in plain["dissimilarity"]],
        }
        return plain.assign(**said)

    def __repr__(self) -> str:
        """Print the table."""
        return repr(self._in_short())

    def _repr_html_(self) -> str:
        return self._in_short()._repr_html_()


def _range(values: np.ndarray) -> str:
    finite = values[np.isfinite(values)]
    return f"{finite.min():.3g} … {finite.max():.3g}" if len(finite) else "undefined"
