"""The top level of the config: its keys, their types and their defaults; plugins declare their own."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveInt

from repscape.metrics.lib.normalisation import Kind
from repscape.plugin.base import BATCH, CUDA_BATCH
from repscape.plugin.parameter_types import Batch, Count, Threads, Units
from repscape.plugin.schema import Section
from repscape.samples.draw import Draw


def _key(doc: str, default: Any = ..., **bounds: Any) -> Any:
    """Declare a key: what it is, in a sentence, and its default."""
    return Field(default, description=doc, **bounds)


class _Activations(Section):
    batch: Batch = _key("How many images a network processes at a time on a CPU.", BATCH)
    cuda_batch: Batch = _key("How many images a network processes at a time on a GPU.", CUDA_BATCH)
    threads: Threads = _key("How many threads a network uses.", 1)
    shard: PositiveInt = _key(
        "The most images that one job records; more are divided among several jobs.", 2000
    )
    precision: Literal["float32", "tf32", "float16", "bfloat16"] = _key(
        "The precision in which networks are run.", "float32"
    )


def as_list(value: Any) -> list:
    """Take a single value for a list of one."""
    return value if isinstance(value, list) else [value]


def _as_list_or_none(value):
    return None if value is None else as_list(value)


class _Samples(Section):
    population: str = _key("The population from which units are drawn.")
    draw: Draw = _key(
        "random: at random; equal: at random, equally many from each channel; ranked: the first in order "
        "of rank.",
        "random",
    )
    sizes: list[Units | Literal["all"]] = _key(
        "How many units are drawn from each layer: numbers, or all.", ["all"], min_length=1
    )
    repeats: Annotated[list[Count], BeforeValidator(as_list, json_schema_input_type=Count | list[Count])] = (
        _key("How often they are drawn: one number, or one for each size.", [1])
    )


_Texts = Annotated[list[str], BeforeValidator(as_list, json_schema_input_type=str | list[str])]
_TextsOrNone = Annotated[
    list[str] | None, BeforeValidator(_as_list_or_none, json_schema_input_type=str | list[str] | None)
]


class _Metric(Section):
    kind: str = _key("Which metric, by the name of its file.")
    name: str | None = _key("The metric's name in the study; by default its `kind`.", None)
    normalisation: Kind | None = _key(
        "How activity is normalised before this metric; by default as `rdms.normalisation` says.", None
    )


def _as_metric(value):
    return {"kind": value} if isinstance(value, str) else value


def _as_text(value):
    return str(value) if isinstance(value, int | float) else value


_Value = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | int | float)]


class _Combination(Section):
    kind: str = _key(
        "How activity patterns are combined: mean, difference, or a function, FILE.py:NAME.", "mean"
    )
    of: list[dict[str, _Value]] = _key(
        "The images that are combined: groups, each given by values of factors.", min_length=1
    )


class _Set(Section):
    stimulus: str = _key("The stimulus from whose images the RDMs are made.")
    by: _Texts = _key("Factors; one RDM is made for each of their values.", [])
    entries: _TextsOrNone = _key(
        "Factors that distinguish the entries of an RDM, or ``image``; by default all other factors, or "
        "``image`` where there are none.",
        None,
        min_length=1,
    )
    combine: str | None = _key(
        "How images of one entry are combined; by default each entry has one image.", None
    )
    combinations: dict[str, _Combination] = _key("Further entries, by name, each made of several images.", {})


def _amount(value, of: str) -> int:
    parts = re.fullmatch(r"([0-9]*\.?[0-9]+) *(MB|GB|TB)", str(value).strip())
    if not parts:
        raise ValueError(f"expected an amount of {of}, such as '8 GB' or '1500 MB'")
    return round(float(parts[1]) * {"MB": 1, "GB": 1000, "TB": 10**6}[parts[2]])


def _disk(value) -> int | None:
    return None if value is None else _amount(value, "disk")


def _megabytes(value) -> int:
    megabytes = _amount(value, "memory")
    if megabytes < 1500:
        raise ValueError("expected at least '1500 MB', which blocks of pairs and of images take")
    return megabytes


class _Rdms(Section):
    normalisation: Kind = _key("How activity is normalised before metrics.", "zscore")
    memory: Annotated[int, BeforeValidator(_megabytes, json_schema_input_type=str)] = _key(
        "How much memory RDMs of many images may use, such as 8 GB.", "4 GB", validate_default=True
    )
    sets: dict[str, _Set] = _key("Sets of images from which further RDMs are made, by name.", {})
    metrics: list[Annotated[_Metric, BeforeValidator(_as_metric, json_schema_input_type=str | _Metric)]] = (
        _key(
            "The metrics, each by its name alone or with keys.",
            ["sqeuclidean"],
            min_length=1,
            validate_default=True,
        )
    )


class Config(Section):
    """The top level; the sections of plugins are checked one by one."""

    study: str = _key("The study's name; results are written to results/NAME.")
    seed: int = _key(
        "The seed from which, together with names, all random numbers follow.", 0, ge=0, lt=2**63
    )
    device: Literal["auto", "cpu", "cuda"] = _key(
        "Where networks run; auto: on a GPU if the machine has one.", "auto"
    )
    plugins: _Texts = _key("Folders with your plugins.", [])
    disk: Annotated[int | None, BeforeValidator(_disk, json_schema_input_type=str | None)] = _key(
        "How much a run may write to disk, such as 500 GB; by default what is free.", None
    )
    stimuli: dict[str, dict[str, Any]] = _key("Sets of images, by name.", min_length=1)
    networks: dict[str, dict[str, Any]] = _key("Networks, by name.", {})
    recordings: dict[str, dict[str, Any]] = _key("Recordings of neurons, or RDMs, by name.", {})
    populations: dict[str, dict[str, Any]] = _key(
        "Populations, by name: which units of each layer are recorded.", {}
    )
    activations: _Activations = _key("How networks are run.", _Activations())
    samples: list[_Samples] = _key("Which of the recorded units are drawn for RDMs, and how often.", [])
    rdms: _Rdms = _key("From which images RDMs are made, and by which metrics.", _Rdms())
    analyses: dict[str, dict[str, Any] | None] = _key("Analyses of RDMs and activations, by name.", {})
    figures: dict[str, dict[str, Any] | None] = _key("Figures, by name.", {})
