"""Which layers are like a reference: similarities of RDMs with intervals, noise ceilings and tests."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field

from repscape.analyses.lib import inference_summary, layerwise_contrasts, reference_parts, select_rdms
from repscape.analyses.lib.layerwise_contrasts import CORRECTIONS
from repscape.analyses.lib.result import Result
from repscape.analyses.lib.select_rdms import Of
from repscape.analyses.split_rdms import OF_PARTS, UNITS
from repscape.core.errors import ConfigError, DataError, unknown
from repscape.core.logs import logger
from repscape.core.natural_order import natural
from repscape.plugin.contract import Analysis, Seeded, parameter
from repscape.rdms.labels import REPEATED, Where
from repscape.study.study import Study

if TYPE_CHECKING:
    from repscape.rdms.table.entries import Space

NUMBERS = ("similarity", "sem", "low", "high")
TESTS = ("p_zero", "p_ceiling")
# Labels that follow from others
DEPENDENT = ("layer_order", "normalisation", "n_drawn", "draws", "presentations", "averaged")
# Labels of what was measured and how; others of the reference are of sets of entries, or of its repeats
OF_MODELS = ("source", "population", "layer", "size", "metric", "measure", *DEPENDENT)
# Labels of which images RDMs are
OF_ENTRIES = ("set", "stimulus")
# Variables of the result over models, which no label of them may be called
TAKEN = (
    "similarity", "sem", "low", "high", "difference", "each", "resampled", "entries", "ceiling", "limit",
    "other", "other_source", "entry_set", "data_repeat", "resample", "rdms_averaged",
)  # fmt: skip
FEWEST_SAMPLES = 20  # of units: fewer tell no variance
_ROUNDING = 1e-12

Comparison = Literal["pearson", "spearman", "kendall", "cosine", "whitened_pearson", "whitened_cosine"]
Resampled = Literal["entries", "sets", "repeats", "units", "both"]
Resamples = Annotated[int, Field(ge=100, le=1_000_000)]
Permutations = Annotated[int, Field(ge=0, le=1_000_000)]


class Inference(Seeded, Analysis):
    """Which layers are like a reference: similarities of RDMs with intervals, noise ceilings and tests."""

    reference: Where = parameter("Which RDMs are the data, instead of what `where` says of these labels.")
    of: Of = parameter("Which rdms; see `repscape.analyses.lib.select_rdms`.", select_rdms.ALL)
    where: Where | None = parameter("Which rdms; see `repscape.analyses.lib.select_rdms`.", None)
    models: Where | None = parameter(
        "Which RDMs are the models', instead of what `where` says. An RDM of the reference is none.",
        None,
    )
    repeats: list[str] | None = parameter(
        "Labels in which RDMs are repeats: of the reference, labels of sets too; those of models are "
        "averaged.",
        None,
    )
    comparison: Comparison = parameter("Str.", "pearson")
    bootstrap: Resampled | None = parameter(
        "What is resampled. By default `both` if there are repeats or samples of units, else sets, or if "
        "there is one, entries.",
        None,
    )
    resamples: Resamples = parameter("Int.", 1000)
    permutations: Permutations = parameter(
        "Of the entries of the reference, for tests beside those by the bootstrap; see "
        "`repscape.rdms.compare.permutation`. 0 leaves them out.",
        1000,
    )

    def inputs(self, study: Study) -> dict:
        """Name the files that hold the RDMs.

        Raises
        ------
        ConfigError
            The study has no such RDMs; a label is unknown.
        """
        labels = select_rdms.labels(study, self.of)
        for label in self.repeats or []:
            if label not in labels:
                raise ConfigError(f"repeats: {unknown(label, labels)}")
        found: list[str] = []
        for key, own in (("reference", self.reference), ("models", self.models)):
            for label in {**(self.where or {}), **(own or {})}:
                if label not in labels:
                    raise ConfigError(f"{key if label in (own or {}) else 'where'}: {unknown(label, labels)}")
            found += _files(study, self.of, {**(self.where or {}), **(own or {})}, key if own else "where")
        return {"collection": list(dict.fromkeys(found))}

    def compute(self, files: Mapping) -> Result:
        """Compare the RDMs of models with those of a reference; see `repscape.rdms.compare.inference`.

        RDMs of the reference that differ in stimulus, or in labels of a set that models have as well, are of
        different sets of entries: each is compared with the models' RDMs of the same set, and the
        similarities are averaged. Those that differ in ``presentation``, in ``repeat``, in a label that models do
        not have (subject, session), or in one of `repeats` are repeated measurements: they give the noise
        ceiling. In no other label may they differ. Where there are presentations, RDMs of several draws of units
        are averaged first: those of one presentation share its noise. Models are told apart by every other label
        in which their RDMs differ: source and layer, and labels of a recording such as ``theory``. Only RDMs of
        several draws of units or presentations of a model, or that differ in one of `repeats`, are averaged. The
        log and the file say what told models apart, and what was averaged.
        Of RDMs of parts of a recording (`repscape.analyses.split_rdms`) those of repeats are repeats; those of
        halves give the ceiling of each split, and the mean of these; those of samples of units are what
        units are resampled by. A model has none of them.

        Entries with undefined dissimilarities in the reference are left out; models with undefined or
        equal ones among the others too. Both are told, in the log and the file.

        Parameters
        ----------
        files : what `inputs` named

        Returns
        -------
        Result
            By (model): their labels; ``similarity``, ``sem``, ``low``, ``high``; ``p_zero``, ``p_ceiling``,
            ``p_permutation`` and of each ``…_holm`` and ``…_fdr``, corrected over all models, and
            ``p_permutation_max``. By (model, other): ``difference``, ``p_pair`` and its corrections over all
            pairs. By (model, other_source), where sources have the same layers: ``source_difference`` from the
            same layer of that source, ``source_low``, ``source_high``, ``p_source`` and its corrections over the
            layers of the two. ``ceiling`` (limit: lower, upper); ``each`` (model,
            entry_set, data_repeat); ``resampled`` float32 (resample, model); the labels of sets (entry_set), and
            ``entries``, how many each has; the labels of repeats (data_repeat), with ``data_`` before one that
            models have too. ``rdms_averaged`` int32 (model, entry_set): how many RDMs of a model were averaged;
            the attributes ``models_by`` and ``averaged_over`` name the labels that told models apart, and those
            in which RDMs that were averaged differ.

        Raises
        ------
        ConfigError
            RDMs of the reference differ in a label that tells neither sets nor repeats.
        DataError
            RDMs are missing or of different entries; no model is left; too little can be resampled; a label has
            a name that the file uses for something else.
        """
        where = self.where
        models = self.models
        bootstrap = self.bootstrap
        from repscape.rdms.compare.inference import factors_of, infer
        from repscape.rdms.compare.noise_ceiling import reliability
        from repscape.rdms.compare.permutation import permutation_tests
        from repscape.rdms.compare.significance import corrected, corrected_pairs
        from repscape.rdms.table.rdm_stack import without_rounding

        where, models = where or {}, models or {}
        whole = select_rdms.read(files, self.of)
        whole["dissimilarity"] = without_rounding(whole)
        data, candidates = (
            _chosen(whole, key, own, {label: values for label, values in where.items() if label not in own})
            for key, own in (("reference", self.reference), ("models", models))
        )
        data, resampled, halves = reference_parts.of_reference(data)
        data = _over_draws(data)
        candidates = _without(data, reference_parts.without(candidates), self.repeats or [], self.reference)
        kinds = _kinds(data, candidates, self.repeats or [])
        measured = _data(data, kinds)
        compared = _models(candidates, kinds, measured, self.comparison)
        _log_kinds(kinds, measured, compared)
        units = None if resampled is None else _units(resampled, kinds, measured)
        if bootstrap is None:
            repeated = units is not None or (len(measured.repeats) > 1 and not halves)
            bootstrap = "both" if repeated else "sets" if len(measured.sets) > 1 else "entries"
        found = infer(
            measured.vectors, compared.vectors, comparison=self.comparison, bootstrap=bootstrap, resamples=self.resamples,
            seed=self.seed, units=units, halves=halves,
        )  # fmt: skip
        tests = {name: getattr(found, name) for name in TESTS}
        if self.permutations:
            permuted = permutation_tests(
                measured.vectors, compared.vectors, self.comparison, self.permutations, self.seed
            )
            tests["p_permutation"] = permuted.p
        variables: dict = {name: (("model",), getattr(found, name)) for name in NUMBERS}
        for name, p in tests.items():
            variables[name] = (("model",), p)
            variables |= {f"{name}_{method}": (("model",), corrected(p, method)) for method in CORRECTIONS}
        if self.permutations:
            variables["p_permutation_max"] = (("model",), permuted.p_max)
        variables["difference"] = (("model", "other"), found.similarity[:, None] - found.similarity)
        variables["p_pair"] = (("model", "other"), found.p_pair)
        for method in CORRECTIONS:
            variables[f"p_pair_{method}"] = (("model", "other"), corrected_pairs(found.p_pair, method))
        variables |= {
            "ceiling": (("limit",), found.ceiling),
            "limit": (("limit",), ["lower", "upper"]),
            "each": (("model", "entry_set", "data_repeat"), found.each),
            "resampled": (("resample", "model"), found.resampled.astype(np.float32)),
            "entries": (("entry_set",), np.array([len(own.labels) for own in measured.spaces], np.int32)),
            "rdms_averaged": (("model", "entry_set"), compared.averaged),
            **{label: (("model",), values) for label, values in compared.labels.items()},
            **_named("entry_set", kinds.sets, measured.sets),
            **{
                f"data_{name}" if name in compared.labels else name: variable
                for name, variable in _named("data_repeat", kinds.repeats, measured.repeats).items()
            },
        }
        variables |= layerwise_contrasts.compared(compared.labels, found, DEPENDENT)
        values = {name: variable[1] for name, variable in variables.items()}
        what = "models" if set(compared.by) - {"source", "layer"} else "layers"
        told = inference_summary.best(
            _short(compared.labels), values, _reference_name(self.reference), "fdr", what
        )
        if "other_source" in values:
            layers = _short({name: own for name, own in compared.labels.items() if name != "source"})
            others = values["other_source"]
            told += inference_summary.between(compared.labels["source"], layers, others, values, "fdr")
        if bootstrap == "repeats":
            told.append(inference_summary.OF_THESE_ENTRIES)
        for sentence in told:
            logger.info(sentence)
        return Result(
            variables,
            {
                "of": self.of if isinstance(self.of, str) else list(self.of), "comparison": self.comparison, "bootstrap": bootstrap,
                "resampled_factors": list(factors_of(bootstrap, len(measured.sets), units is not None)),
                "resamples": self.resamples, "permutations": permuted.count if self.permutations else 0,
                "units": units.count if units else None, "halves": halves,
                "reliability": (
                    reliability(found.ceiling[0]) if halves and self.comparison in ("pearson", "spearman") else None
                ),
                "statement": told, "seed": self.seed, "level": 0.95, "dof": found.dof,
                "models_by": compared.by or None, "averaged_over": compared.over or None,
                "reference": json.dumps(self.reference, sort_keys=True),
                "where": json.dumps(where, sort_keys=True), "models": json.dumps(models, sort_keys=True),
                "left_out": [*measured.left_out, *compared.left_out] or None,
                "history": json.dumps(data.attrs.get("history", {}), sort_keys=True),
            },
        )  # fmt: skip

    def rows(self, result: Result) -> Iterator[tuple]:
        """Yield the header and the rows of the long table: a row a model."""
        variables = result.variables
        columns = {name: values for name, (dims, values, *_) in variables.items() if dims == ("model",)}
        own = [name for name in columns if not name.startswith((*NUMBERS, "p_"))]
        names = [*own, *(name for name in columns if name not in own)]
        for name, (dims, values, *_) in variables.items():
            if dims == ("model", "other_source"):
                for at, source in enumerate(variables["other_source"][1]):
                    columns[f"{name}_{source}"] = values[:, at]
                    names.append(f"{name}_{source}")
        yield tuple(names)
        yield from zip(*(columns[name] for name in names), strict=True)


def _files(study: Study, of: Of, chosen: Where, key: str) -> list[str]:
    """Name the files of those collections that have RDMs with these labels."""
    found: list[str] = []
    mistake = None
    for name in of if isinstance(of, list) else [of]:
        labels = select_rdms.labels(study, name)
        own = {label: values for label, values in chosen.items() if label in labels}
        try:
            found += select_rdms.inputs(study, name, own)["collection"]
        except ConfigError as error:
            mistake = ConfigError(str(error).replace("where", key, 1))
    if not found and mistake is not None:
        raise mistake
    return found


class _Kinds(NamedTuple):
    """What the labels of RDMs tell: sets of entries, repeats of the data, or models."""

    sets: list[str]
    repeats: list[str]
    models: list[str]


class _Data(NamedTuple):
    """The reference: by set its RDMs (repeat, pair), entries and which of them are used."""

    vectors: list[np.ndarray]
    spaces: list
    used: list[np.ndarray]
    sets: list[tuple]
    repeats: list[tuple]
    left_out: list[str]


class _Models(NamedTuple):
    """The models: by set their RDMs (model, pair), and their labels.

    Attributes
    ----------
    by, over : list of str
        The labels in which models differ, and in which the RDMs do that were averaged.
    averaged : int32 array (model, set)
        Of how many RDMs each is the mean.
    """

    vectors: list[np.ndarray]
    labels: dict[str, list]
    left_out: list[str]
    by: list[str]
    over: list[str]
    averaged: np.ndarray


def _chosen(table, key: str, own: Where, others: Where):
    """Choose RDMs by their own labels; other labels concern only those that have them."""
    keep = np.ones(len(table), bool)
    for labels, lacking in ((own, set()), (others, {""})):
        for label, values in labels.items():
            if label not in table:
                raise ConfigError(f"{key}: {unknown(label, table.columns)}")
            wanted = set(map(str, values if isinstance(values, list) else [values]))
            found = table[label].astype(str)
            for value in sorted(wanted - set(found)):
                raise ConfigError(f"{key}: {label}: {unknown(value, set(found))}")
            keep &= found.isin(wanted | lacking).to_numpy()
    if not keep.any():
        raise ConfigError(f"{key}: no RDM has all of these labels. Choose fewer of them.")
    chosen = table[keep].reset_index(drop=True)
    chosen.attrs = table.attrs
    return chosen


def _over_draws(data):
    """Average over draws of units where presentations are the repeats."""
    from repscape.analyses.mean_rdm import averaged

    if "presentation" not in data or data["presentation"].nunique() == 1:
        return data
    mean = averaged(data, ["repeat"])
    mean.attrs = data.attrs
    return mean


def _of_models(label: str) -> bool:
    """Whether a label, also one of a lower level, tells what was measured and how."""
    while label.endswith("_sub"):
        label = label.removesuffix("_sub")
    return label in OF_MODELS


def _without(data, candidates, repeats: list[str], reference: Where):
    """Return the candidates without the reference: what agrees with it in all that it was chosen by."""
    labels = [
        label
        for label in data.columns
        if (_of_models(label) or label in reference)
        and label not in (*DEPENDENT, *repeats, *REPEATED, *OF_ENTRIES, *OF_PARTS)
        and label in candidates
    ]
    own = {_key(data, labels, at) for at in range(len(data))}
    keep = [at for at in range(len(candidates)) if _key(candidates, labels, at) not in own]
    if not keep:
        raise DataError(
            "models: there is none to compare with the reference, for the reference itself is none."
        )
    return candidates.iloc[keep].reset_index(drop=True)


def _kinds(data, candidates, repeats: list[str]) -> _Kinds:
    from repscape.rdms.table import table as tables

    labels = tables.labels(data)
    for label in repeats:
        if label not in labels:
            raise ConfigError(f"repeats: {unknown(label, labels)}")

    known = (*repeats, *REPEATED, UNITS)
    # What lacks a label has "" or 0 there.
    others = [
        label
        for label in labels
        if not _of_models(label)
        and label not in known
        and (label in OF_ENTRIES or set(data[label]) - {"", 0})
    ]
    shared = [label for label in others if (set(data[label]) & set(candidates[label])) - {"", 0}]
    own = [label for label in others if label not in (*shared, *OF_ENTRIES)]
    sets = [label for label in others if label in shared or label in OF_ENTRIES]
    averaged = (*sets, *repeats, *REPEATED, *OF_PARTS)
    kinds = _Kinds(
        sets=sets,
        repeats=[label for label in (*REPEATED, *repeats, *own) if label in labels],
        models=[
            label
            for label in tables.labels(candidates)
            if label not in averaged and (_of_models(label) or set(candidates[label]) - {"", 0})
        ],
    )
    for label in kinds.models:
        if label in TAKEN or label.startswith("p_"):
            raise DataError(
                f"models: '{label}' is a label of their RDMs, and what the file of an inference calls "
                "something else. Rename the label."
            )
    for label in labels:
        values = list(dict.fromkeys(map(str, data[label])))
        if _of_models(label) and label not in (*repeats, *DEPENDENT) and len(values) > 1:
            some = ", ".join(values[:4]) + (", …" if len(values) > 4 else "")
            raise ConfigError(
                f"reference: its RDMs differ in {label} ({some}), which is neither a set of entries nor a "
                f"repeat. Choose one, under `reference` or `where`, or name {label} under `repeats`."
            )
    return kinds


def _data(table, kinds: _Kinds) -> _Data:
    from repscape.rdms.condensed import defined_entries
    from repscape.rdms.table.entries import check_same, space, written

    rows: dict[tuple, dict[tuple, int]] = {}
    for at in range(len(table)):
        key, repeat = (_key(table, labels, at) for labels in (kinds.sets, kinds.repeats))
        if repeat in rows.setdefault(key, {}):
            raise DataError(
                f"reference: two RDMs have the same labels ({_told(kinds.sets, key)}; "
                f"{_told(kinds.repeats, repeat)}). Give them different ones, or leave one out."
            )
        rows[key][repeat] = at
    repeats = list(dict.fromkeys(repeat for own in rows.values() for repeat in own))
    vectors, spaces, used, left_out = [], [], [], []
    for key, own in rows.items():
        missing = [repeat for repeat in repeats if repeat not in own]
        if missing:
            raise DataError(
                f"reference: there is no RDM of {_told(kinds.sets, key)} with "
                f"{_told(kinds.repeats, missing[0])}, as there is of other sets. Choose what all sets have."
            )
        described = [space(table["entries"].iloc[own[repeat]]) for repeat in repeats]
        of_set = _told(kinds.sets, key)
        check_same(described, [f"{of_set}, {_told(kinds.repeats, at)}" for at in repeats].__getitem__)
        values = np.array(
            [table["dissimilarity"].iloc[own[r]][d.places] for r, d in zip(repeats, described, strict=True)]
        )
        defined = defined_entries(values.mean(0)[None])[0]
        if not defined.all():
            lacking = [
                written(described[0].names, described[0].labels[at]) for at in np.flatnonzero(~defined)
            ]
            left_out.append(f"reference, {_told(kinds.sets, key)}: undefined for {'; '.join(lacking)}")
            logger.warning("left out: %s", left_out[-1])
        first, second = np.triu_indices(len(defined), 1)
        keep = defined[first] & defined[second]
        if keep.sum() < 3 or any(_constant(row) for row in values[:, keep]):
            raise DataError(
                f"reference: an RDM of {_told(kinds.sets, key)} has no dissimilarities that differ. "
                "Leave it out."
            )
        vectors.append(values[:, keep])
        spaces.append(described[0])
        used.append(keep)
    return _Data(vectors, spaces, used, list(rows), repeats, left_out)


def _units(table, kinds: _Kinds, measured: _Data):
    """Arrange the RDMs of samples of units as the data are."""
    from repscape.rdms.compare.inference import Units
    from repscape.rdms.table.entries import check_same, space

    samples = sorted(set(table[UNITS]), key=natural)
    shape = len(samples), len(measured.repeats)
    found = [np.full((*shape, int(used.sum())), np.nan) for used in measured.used]
    of_set, of_repeat, of_sample = (
        {key: at for at, key in enumerate(keys)} for keys in (measured.sets, measured.repeats, samples)
    )
    spaces: dict[int, Space] = {}
    by_row = [_keys(table, labels) for labels in (kinds.sets, kinds.repeats, [UNITS])]
    for key, repeat, (sample,), entries, vector in zip(
        *by_row, table["entries"], table["dissimilarity"], strict=True
    ):
        if key not in of_set or repeat not in of_repeat:
            continue
        if id(entries) not in spaces:
            spaces[id(entries)] = space(entries)
        own, at = spaces[id(entries)], of_set[key]
        check_same([measured.spaces[at], own], ("the reference", "a sample of its units").__getitem__)
        found[at][of_sample[sample], of_repeat[repeat]] = vector[own.places][measured.used[at]]
    usable = np.logical_and.reduce(
        [np.isfinite(own).all((1, 2)) & (np.ptp(own, axis=2) > 0).all(1) for own in found]
    )
    if not usable.all():
        logger.warning(
            "reference: %d of %d samples of units lack dissimilarities, and are left out",
            (~usable).sum(), len(usable),
        )  # fmt: skip
    if usable.sum() < FEWEST_SAMPLES:
        raise DataError(
            f"reference: expected at least {FEWEST_SAMPLES} samples of units with all dissimilarities, found "
            f"{usable.sum()}. Make more (`units` of split_rdms)."
        )
    return Units(int(min(table["n_drawn"])), [own[usable] for own in found])


def _short(labels: dict[str, list]) -> list[str]:
    """Name models by their source and layer, and by other labels in which they differ."""
    first = [label for label in ("source", "layer") if label in labels]
    told = first + [
        label
        for label, own in labels.items()
        if label not in (*first, *DEPENDENT, "measure") and len(set(own)) > 1
    ]
    return [" ".join(str(labels[label][at]) for label in told) for at in range(len(labels[told[0]]))]


def _reference_name(reference: Where) -> str:
    return " ".join(
        " + ".join(map(str, value)) if isinstance(value, list) else str(value) for value in reference.values()
    )


def _models(table, kinds: _Kinds, measured: _Data, comparison: str) -> _Models:
    from repscape.rdms.table import table as tables
    from repscape.rdms.table.entries import check_same, space

    labels = [label for label in kinds.models if label not in DEPENDENT]
    sets = dict(zip(measured.sets, range(len(measured.sets)), strict=True))
    spaces: dict[int, Space] = {}
    groups: dict[tuple, list[list[int]]] = {}
    for at, (key, of_set) in enumerate(zip(_keys(table, labels), _keys(table, kinds.sets), strict=True)):
        if (place := sets.get(of_set)) is not None:
            groups.setdefault(key, [[] for _ in sets])[place].append(at)
    by = [label for number, label in enumerate(labels) if len({key[number] for key in groups}) > 1]
    vectors: list[list[np.ndarray]] = [[] for _ in sets]
    kept, left_out, counts = [], [], []
    for key, rows in groups.items():
        own, why = [], ""
        for place, ats in enumerate(rows):
            if not ats:
                why = f"no RDM of {_told(kinds.sets, measured.sets[place])}"
                break
            described = []
            for at in ats:
                entries = table["entries"].iloc[at]
                if id(entries) not in spaces:  # many RDMs share theirs
                    spaces[id(entries)] = space(entries)
                described.append(spaces[id(entries)])
            names = ["the reference", *[_told(labels, key)] * len(ats)]
            check_same([measured.spaces[place], *described], names.__getitem__)
            values = [table["dissimilarity"].iloc[at][d.places] for at, d in zip(ats, described, strict=True)]
            mean = np.mean(values, axis=0)[measured.used[place]]
            if not np.isfinite(mean).all():
                why = "undefined dissimilarities"
            elif _constant(mean) and comparison not in ("cosine", "whitened_cosine", "kendall"):
                why = "all dissimilarities are equal"
            own.append(mean)
        if why:
            left_out.append(f"{_told(labels, key)}: {why}")
            logger.warning("left out: %s", left_out[-1])
            continue
        kept.append(rows)
        counts.append([len(ats) for ats in rows])
        for place, mean in enumerate(own):
            vectors[place].append(mean)
    if not kept:
        raise DataError(
            "models: there is none to compare with the reference: "
            + ("; ".join(left_out[:3]) or f"none has RDMs of {_told(kinds.sets, measured.sets[0])}")
            + "."
        )
    firsts = [rows[0][0] for rows in kept]
    described = {
        label: [getattr(value, "item", lambda v=value: v)() for value in table[label].iloc[firsts]]
        for label in kinds.models
    }
    beside = [label for label in tables.labels(table) if label not in (*kinds.models, *kinds.sets)]
    together = [ats for rows in kept for ats in rows if len(ats) > 1]
    over = [label for label in beside if any(table[label].iloc[ats].nunique() > 1 for ats in together)]
    return _Models(
        [np.array(own) for own in vectors], described, left_out, by, over, np.array(counts, np.int32)
    )


def _log_kinds(kinds: _Kinds, measured: _Data, compared: _Models) -> None:
    """Log what the labels were taken for."""
    for keys, labels, what in (
        (measured.sets, kinds.sets, "sets of entries, each compared by itself"),
        (measured.repeats, kinds.repeats, "repeated measurements, over which similarities are averaged"),
    ):
        if len(keys) > 1:
            differing = [label for at, label in enumerate(labels) if len({key[at] for key in keys}) > 1]
            logger.info("reference: %d %s: they differ in %s", len(keys), what, ", ".join(differing))
    if compared.by:
        logger.info("models: %d, told apart by %s", len(compared.averaged), ", ".join(compared.by))
    if compared.over:
        counts = sorted(set(compared.averaged.ravel().tolist()))
        most = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else counts[0]
        logger.info("models: averaged over %s: %s RDMs each", ", ".join(compared.over), most)


def _key(table, labels: list[str], at: int) -> tuple[str, ...]:
    return tuple(str(table[label].iloc[at]) if label in table else "" for label in labels)


def _keys(table, labels: list[str]) -> list[tuple[str, ...]]:
    """Return the labels of every row, as `_key` does of one."""
    columns = [list(map(str, table[label])) if label in table else [""] * len(table) for label in labels]
    return list(zip(*columns, strict=True)) if columns else [()] * len(table)


def _told(labels, values) -> str:
    """Write labels with their values; empty ones say nothing."""
    return ", ".join(f"{label} {value}" for label, value in zip(labels, values, strict=True) if value)


def _constant(values: np.ndarray) -> bool:
    return bool(np.ptp(values) <= _ROUNDING * np.abs(values).max())


def _named(dim: str, labels: list[str], keys: list[tuple]) -> dict:
    """Return the labels of sets or repeats as variables."""
    return {label: ((dim,), [key[at] for key in keys]) for at, label in enumerate(labels)}
