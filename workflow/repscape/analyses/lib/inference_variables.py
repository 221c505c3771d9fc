"""What an inference finds, as variables of its file."""

from typing import TYPE_CHECKING

import numpy as np

from repscape.analyses.lib.inference_labels import Roles
from repscape.rdms.compare.inference import Inference as Inferred
from repscape.rdms.compare.permutation import Permutation
from repscape.rdms.compare.significance import CORRECTIONS, corrected, corrected_pairs

if TYPE_CHECKING:
    from repscape.analyses.lib.inference_data import Models, Reference

NUMBERS = ("similarity", "sem", "low", "high")


def by_model(found: Inferred, permuted: Permutation | None) -> dict[str, tuple]:
    """Return what is known of each model, as variables; tests are corrected over all models."""
    tests = {"p_zero": found.p_zero, "p_ceiling": found.p_ceiling}
    if permuted:
        tests["p_permutation"] = permuted.p
    variables = {name: (("model",), getattr(found, name)) for name in NUMBERS}
    for name, p in tests.items():
        variables[name] = (("model",), p)
        variables |= {f"{name}_{kind}": (("model",), corrected(p, kind)) for kind in CORRECTIONS}
    if permuted:
        variables["p_permutation_max"] = (("model",), permuted.p_max)
    return variables


def by_pair(found: Inferred) -> dict[str, tuple]:
    """Return the differences of models as variables; tests are corrected over all pairs."""
    pairs = {"difference": found.similarity[:, None] - found.similarity, "p_pair": found.p_pair}
    pairs |= {f"p_pair_{kind}": corrected_pairs(found.p_pair, kind) for kind in CORRECTIONS}
    return {name: (("model", "other"), values) for name, values in pairs.items()}


def by_set(found: Inferred, roles: Roles, reference: "Reference", models: "Models") -> dict[str, tuple]:
    """Return the ceiling, the samples, what each set and repeat gives, and all labels, as variables."""
    repeats = _labels("data_repeat", roles.repeats, reference.repeats)
    return {
        "ceiling": (("limit",), found.ceiling),
        "limit": (("limit",), ["lower", "upper"]),
        "each": (("model", "entry_set", "data_repeat"), found.each),
        "resampled": (("resample", "model"), found.resampled.astype(np.float32)),
        "entries": (("entry_set",), np.array([len(space.labels) for space in reference.spaces], np.int32)),
        "rdms_averaged": (("model", "entry_set"), models.averaged),
        **{label: (("model",), values) for label, values in models.labels.items()},
        **_labels("entry_set", roles.sets, reference.sets),
        **{f"data_{name}" if name in models.labels else name: one for name, one in repeats.items()},
    }


def _labels(dim: str, labels: list[str], keys: list[tuple[str, ...]]) -> dict[str, tuple]:
    """Return the labels of sets or repeats as variables."""
    return {label: ((dim,), [key[at] for key in keys]) for at, label in enumerate(labels)}
