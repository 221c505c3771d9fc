"""How similar layers are to a reference: similarities of RDMs with intervals, noise ceilings and tests."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from repscape.analyses.lib import (
    inference_labels,
    inference_summary,
    inference_variables,
    layerwise_contrasts,
    reference_parts,
    select_rdms,
)
from repscape.analyses.lib.inference_labels import DEPENDENT
from repscape.analyses.lib.of_rdms import OfRdms
from repscape.analyses.lib.result import Result
from repscape.core.errors import ConfigError, unknown
from repscape.core.logs import logger
from repscape.plugin.contract import Seeded, parameter
from repscape.rdms.compare.bootstrap import Bootstrap, factors_of
from repscape.rdms.compare.comparison import COMPARISONS, Similarity
from repscape.rdms.compare.inference import infer
from repscape.rdms.compare.noise_ceiling import reliability
from repscape.rdms.compare.permutation import permutation_tests
from repscape.rdms.compare.significance import LEVEL
from repscape.rdms.labels import Where, as_list
from repscape.study.study import Study

if TYPE_CHECKING:
    import pandas as pd

    from repscape.analyses.lib.inference_data import Reference
    from repscape.rdms.compare.bootstrap import Units


class Inference(Seeded, OfRdms):
    """How similar layers are to a reference: similarities of RDMs with intervals, noise ceilings and tests.

    RDMs of the reference that differ in stimulus, or in labels of a set that models have as well, are of
    different sets of entries: each is compared with the models' RDMs of the same set, and the similarities
    are averaged. Those that differ in ``presentation``, in ``repeat``, in a label that models do not have
    (subject, session), or in one of `repeats` are repeated measurements: they give the noise ceiling. In no
    other label may they differ. Where there are presentations, RDMs of several draws of units are averaged
    first: those of one presentation share its noise.

    Models are distinguished by every other label in which their RDMs differ: source and layer, and labels of
    a recording such as ``theory``. Only RDMs of several draws of units or presentations of a model, or that
    differ in one of `repeats`, are averaged. The log and the file say what distinguished models, and what was
    averaged.

    Of RDMs of parts of a recording (`split_rdms`) those of repeats are repeats; those of halves give the
    ceiling of each split, and the mean of these; those of samples of units are what units are resampled by. A
    model has none of them.

    Entries with undefined dissimilarities in the reference are left out; models with undefined or equal ones
    among the others too. The log and the file say which.
    """

    reference: Where = parameter(
        "The reference: the RDMs that are the data, chosen by their labels. These replace the same labels "
        "in `where`."
    )
    models: Where | None = parameter(
        "The models: the RDMs that are compared with the reference, chosen by their labels. These replace "
        "the same labels in `where`. By default all RDMs except those of the reference.",
        None,
    )
    repeats: list[str] | None = parameter(
        "Labels that distinguish repeats. In the reference, they may also distinguish sets; RDMs of a "
        "model that differ in them are averaged.",
        None,
    )
    comparison: Similarity = parameter("How RDMs are compared.", "pearson")
    bootstrap: Bootstrap | None = parameter(
        "What is resampled. By default `both` if there are repeats or samples of units, else `sets`, or "
        "`entries` if there is one set.",
        None,
    )
    resamples: int = parameter("The number of bootstrap samples.", 1000, ge=100, le=1_000_000)
    permutations: int = parameter(
        "The number of permutations of the reference's entries, for tests in addition to those by "
        "bootstrap; 0: none.",
        1000,
        ge=0,
        le=1_000_000,
    )

    def inputs(self, study: Study) -> dict[str, Any]:
        """Name the files that hold the RDMs.

        Raises
        ------
        ConfigError
            The study has no such RDMs; a label is unknown.
        """
        self.check_labels(study, "repeats", self.repeats or [])
        labels = select_rdms.labels(study, self.of)
        found: list[str] = []
        for key, where in (("reference", self.reference), ("models", self.models or {})):
            chosen = (self.where or {}) | where
            for label in chosen:
                if label not in labels:
                    raise ConfigError(f"{key if label in where else 'where'}: {unknown(label, labels)}")
            found += self._files(study, chosen, dict.fromkeys(where, key))
        return {"collection": list(dict.fromkeys(found))}

    def _files(self, study: Study, chosen: Where, keys: Mapping[str, str]) -> list[str]:
        """Name the files of those collections that have RDMs with these labels; some have keys."""
        found: list[str] = []
        mistakes = []
        for name in as_list(self.of):
            labels = select_rdms.labels(study, name)
            where = {label: values for label, values in chosen.items() if label in labels}
            try:
                found += select_rdms.inputs(study, name, where)["collection"]
            except ConfigError as error:
                rest = str(error).removeprefix("where: ")
                of_where = rest.partition(": ")[0] in chosen.keys() - keys.keys()
                key = "where" if of_where else next(iter(keys.values()), "where")
                mistakes.append(ConfigError(f"{key}: {rest}"))
        if not found and mistakes:
            raise mistakes[-1]
        return found

    def compute(self, files: Mapping) -> Result:
        """Compare the RDMs of models with those of a reference; see `repscape.rdms.compare.inference`.

        Returns
        -------
        Result
            By (model): their labels; ``similarity``, ``sem``, ``low``, ``high``; ``p_zero``, ``p_ceiling``,
            ``p_permutation`` and each of these by each of `CORRECTIONS` (``…_holm``) over all models, and
            ``p_permutation_max``. By (model, other): ``difference``, ``p_pair`` and its corrections over all
            pairs. By (model, other_source), where sources have the same layers: ``source_difference`` from
            the same layer of that source, ``source_low``, ``source_high``, ``p_source`` and its corrections
            over the layers of the two. ``ceiling`` (limit: lower, upper); ``each`` (model, entry_set,
            data_repeat); ``resampled`` float32 (resample, model); the labels of sets (entry_set), and
            ``entries``, how many each has; the labels of repeats (data_repeat), with ``data_`` before one
            that models have too. ``rdms_averaged`` int32 (model, entry_set): how many RDMs of a model were
            averaged; the attributes ``models_by`` and ``averaged_over`` name the labels that distinguish
            models, and those in which RDMs that were averaged differ.

        Raises
        ------
        ConfigError
            RDMs of the reference differ in a label that tells neither sets nor repeats.
        DataError
            RDMs are missing or of different entries; no model is left; too little can be resampled; a label
            has a name that the file uses for something else.
        """
        return inferred(self, *self._read(files))

    def _read(self, files: Mapping) -> "tuple[pd.DataFrame, pd.DataFrame | None, bool, pd.DataFrame]":
        """Read the RDMs of the reference (also of samples of its units; whether of halves) and of models."""
        from repscape.analyses.mean_rdm import averaged
        from repscape.rdms.table.rdm_stack import without_rounding

        table = select_rdms.read(files, self.of)
        table["dissimilarity"] = without_rounding(table)
        data, candidates = (
            inference_labels.choose(table, key, labels or {}, self.where or {})
            for key, labels in (("reference", self.reference), ("models", self.models))
        )
        data, resampled, halves = reference_parts.divide(data)
        if "presentation" in data and data["presentation"].nunique() > 1:
            attrs = data.attrs
            data = averaged(data, ["repeat"])
            data.attrs = attrs
        candidates = reference_parts.without_parts(candidates)
        candidates = inference_labels.without_reference(data, candidates, self.repeats or [], self.reference)
        return data, resampled, halves, candidates

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a row a model."""
        variables = result.variables
        columns = {name: values for name, (dims, values, *_) in variables.items() if dims == ("model",)}
        labels = [name for name in columns if not name.startswith((*inference_variables.NUMBERS, "p_"))]
        names = [*labels, *(name for name in columns if name not in labels)]
        for name, (dims, values, *_) in variables.items():
            if dims == ("model", "other_source"):
                for at, source in enumerate(variables["other_source"][1]):
                    columns[f"{name}_{source}"] = values[:, at]
                    names.append(f"{name}_{source}")
        yield tuple(names)
        yield from zip(*(columns[name] for name in names), strict=True)


def inferred(
    settings: Inference,
    data: "pd.DataFrame",
    resampled: "pd.DataFrame | None",
    halves: bool,
    candidates: "pd.DataFrame",
) -> Result:
    """Compare the RDMs of models with those of a reference, as `Inference.compute` does.

    Parameters
    ----------
    settings : Inference
    data, candidates : DataFrame
        The RDMs of the reference, and of models.
    resampled : DataFrame or None
        RDMs of samples of the reference's units.
    halves : bool
        Whether the reference's repeats are halves of the same trials.
    """
    from repscape.analyses.lib import inference_data

    roles = inference_labels.roles_of(data, candidates, settings.repeats or [])
    reference = inference_data.arrange_reference(data, roles)
    models = inference_data.arrange_models(candidates, roles, reference, settings.comparison)
    inference_data.log_roles(roles, reference, models)
    units = None if resampled is None else inference_data.arrange_units(resampled, roles, reference)
    bootstrap = settings.bootstrap or _default_bootstrap(reference, units, halves)
    found = infer(
        reference.vectors,
        models.vectors,
        comparison=settings.comparison,
        bootstrap=bootstrap,
        resamples=settings.resamples,
        seed=settings.seed,
        units=units,
        halves=halves,
    )
    permuted = None
    if settings.permutations:
        permuted = permutation_tests(
            reference.vectors, models.vectors, settings.comparison, settings.permutations, settings.seed
        )
    variables = inference_variables.by_model(found, permuted)
    variables |= inference_variables.by_pair(found)
    variables |= inference_variables.by_set(found, roles, reference, models)
    variables |= layerwise_contrasts.compared(models.labels, found, DEPENDENT)
    statement = inference_summary.statement(variables, models.labels, models.by, settings.reference)
    if bootstrap == "repeats":
        statement.append(inference_summary.OF_THESE_ENTRIES)
    for sentence in statement:
        logger.info(sentence)
    of_halves = halves and COMPARISONS[settings.comparison].reliability_of_halves
    where = {name: getattr(settings, name) or {} for name in ("reference", "where", "models")}
    attributes: dict[str, Any] = {name: json.dumps(labels, sort_keys=True) for name, labels in where.items()}
    attributes |= {name: getattr(settings, name) for name in ("of", "comparison", "resamples", "seed")}
    attributes |= {
        "bootstrap": bootstrap,
        "resampled_factors": list(factors_of(bootstrap, len(reference.sets), units is not None)),
        "permutations": permuted.count if permuted else 0,
        "units": units.count if units else None,
        "halves": halves,
        "reliability": reliability(found.ceiling[0]) if of_halves else None,
        "statement": statement,
        "level": LEVEL,
        "dof": found.dof,
        "models_by": models.by or None,
        "averaged_over": models.over or None,
        "left_out": [*reference.left_out, *models.left_out] or None,
        "history": json.dumps(data.attrs.get("history", {}), sort_keys=True),
    }
    return Result(variables, attributes)


def _default_bootstrap(reference: "Reference", units: "Units | None", halves: bool) -> Bootstrap:
    """Return what is resampled where the config does not say it."""
    if units is not None or (len(reference.repeats) > 1 and not halves):
        return "both"
    return "sets" if len(reference.sets) > 1 else "entries"
