"""Which models are like the data: with noise ceiling, intervals and tests."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from repscape.api.comparisons import SIMILARITIES
from repscape.api.errors import ArgumentError, for_users
from repscape.api.rdm_table import as_table, matched
from repscape.api.results import as_dataset, by_label
from repscape.core.errors import unknown
from repscape.rdms.compare.bootstrap import Bootstrap
from repscape.rdms.compare.comparison import Similarity
from repscape.rdms.labels import FOLLOWING
from repscape.rdms.table import table as tables
from repscape.rdms.table.rdm_stack import without_rounding

if TYPE_CHECKING:
    import pandas as pd
    import xarray

BOOTSTRAPS = ("entries", "repeats", "both", "sets")
_HIDDEN = ("of", "reference", "where", "models", "history")  # of a config's section
_OF_ENTRIES = ("set", "stimulus")


@for_users
def infer(
    data: Any,
    models: Any,
    *,
    comparison: Similarity = "pearson",
    bootstrap: Bootstrap | None = None,
    repeats: str | Sequence[str] = (),
    resamples: int = 1000,
    permutations: int = 1000,
    seed: int = 0,
) -> "xarray.Dataset":
    """Compare models with data, and say how sure that is: rsatoolbox's tests, with the data's noise ceiling.

    Parameters
    ----------
    data : RDMs
        As `compare` takes them. Several are repeated measurements (subjects, sessions, presentations): they
        give the noise ceiling. Those of `rdms` of activity (repeat, image, unit) are.
    models : RDMs
        As `compare` takes them: of layers, or a mapping of names to RDMs. Of the same images.
    comparison : {"pearson", "spearman", "kendall", "cosine", "whitened_pearson", "whitened_cosine"}
    bootstrap : {"entries", "repeats", "both"}, optional
        What is resampled: what the result speaks about beyond these data, other images, other repeats, or
        both. By default both where there are repeats, else images.
    repeats : str or sequence of str
        Labels in which RDMs of the data are repeats, such as ``layer``, where that is not clear.
    resamples : int
        How many bootstrap samples, from 100 on.
    permutations : int
        How often the images of the data are permuted, for a further test. 0 leaves it out.
    seed : int
        Of both.

    Returns
    -------
    Dataset
        By model (its label, ``layer``, or ``model``): ``similarity``, ``sem``, ``low`` and ``high`` (95 %
        interval), ``p_zero``, ``p_ceiling`` (against the lower ceiling), ``p_permutation``, and each of these
        corrected for all models (``…_holm``, ``…_fdr``). By (model, other): ``difference``, ``p_pair``.
        ``ceiling`` (limit: lower, upper), NaN without repeats. ``attrs["statement"]`` says in sentences what
        follows.

    Raises
    ------
    ValueError
        RDMs of different images, too few images or repeats to resample, no model with values that differ.

    Examples
    --------
    >>> import numpy, repscape
    >>> draw = numpy.random.default_rng(0).normal
    >>> activity = draw(size=(12, 30))
    >>> data = repscape.rdms(activity + 0.5 * draw(size=(4, 12, 30)), metric="correlation")
    >>> models = repscape.rdms({"same": activity, "other": draw(size=(12, 30))}, metric="correlation")
    >>> found = repscape.infer(data, models, resamples=200)
    >>> found["similarity"].idxmax().item(), bool(found["similarity"].max() > found["ceiling"][0] - 0.1)
    ('same', True)
    """
    from repscape.analyses.inference import Inference, inferred

    for key, value, valid in (("comparison", comparison, SIMILARITIES), ("bootstrap", bootstrap, BOOTSTRAPS)):
        if value not in valid and not (key == "bootstrap" and value is None):
            raise ArgumentError(f"{key}: {unknown(str(value), valid)}")
    for name, number, least in (
        ("resamples", resamples, 100),
        ("permutations", permutations, 0),
        ("seed", seed, 0),
    ):
        if not isinstance(number, int) or number < least:
            raise ArgumentError(f"{name}: expected a whole number from {least} on, found {number!r}.")
    reference, candidates = matched([as_table(data, "data", "repeat"), as_table(models, "models", "model")])
    reference, candidates = _without_rounding(_only_entries(reference)), _without_rounding(candidates)
    if not {"model", "layer"} & set(candidates):
        candidates.insert(0, "model", list(map(str, range(len(candidates)))))
    settings = Inference(
        reference={"reference": "the data"},  # which sentences call so
        comparison=comparison,
        bootstrap=bootstrap,
        repeats=([repeats] if isinstance(repeats, str) else list(repeats)) or None,
        resamples=resamples,
        permutations=permutations,
        seed=seed,
    )
    try:
        result = inferred(settings, reference, None, False, candidates)
    except Exception as error:
        raise _about_arguments(error) from None
    labels = [name for name in tables.labels(candidates) if name not in FOLLOWING]
    found = as_dataset(result._replace(attributes=_said(result.attributes)), [*labels, "limit"])
    return by_label(found, "model", labels)


def _only_entries(table: "pd.DataFrame") -> "pd.DataFrame":
    """Leave out which images RDMs are of, where that is the same for all: they are matched by name."""
    return table.drop(columns=[name for name in _OF_ENTRIES if name in table and table[name].nunique() == 1])


def _without_rounding(table: "pd.DataFrame") -> "pd.DataFrame":
    return table.assign(dissimilarity=without_rounding(table)).reset_index(drop=True)


def _said(attributes: dict) -> dict:
    return {name: value for name, value in attributes.items() if name not in _HIDDEN}


def _about_arguments(error: Exception) -> Exception:
    """Return an error with the argument's name in place of a config's key."""
    said = str(error)
    if isinstance(error, ArgumentError) or not said.startswith("reference: "):
        return error
    return ArgumentError(
        "data: " + said.removeprefix("reference: ").replace("under `reference` or `where`", "of them")
    )
