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
    batch: Batch = _key("How many images a network sees at a time, on a CPU.", BATCH)
    cuda_batch: Batch = _key("How many images a network sees at a time, on a GPU.", CUDA_BATCH)
    threads: Threads = _key("How many threads a network runs on.", 1)
    shard: PositiveInt = _key("How many images a job records at most; more are divided into shards.", 2000)
    precision: Literal["float32", "tf32", "float16", "bfloat16"] = _key(
        "The type of numbers while a network runs.", "float32"
    )


def as_list(value: Any) -> list:
    """Take a single value for a list of one."""
    return value if isinstance(value, list) else [value]


def _as_list_or_none(value):
    return None if value is None else as_list(value)


class _Samples(Section):
    population: str = _key("The population of which units are drawn.")
    draw: Draw = _key("random; equal: as many of each channel; ranked: the first ones.", "random")
    sizes: list[Units | Literal["all"]] = _key("How many are drawn of each layer.", ["all"], min_length=1)
    repeats: Annotated[list[Count], BeforeValidator(as_list, json_schema_input_type=Count | list[Count])] = (
        _key("How often they are drawn: a number, or one for each size.", [1])
    )


_Texts = Annotated[list[str], BeforeValidator(as_list, json_schema_input_type=str | list[str])]
_TextsOrNone = Annotated[
    list[str] | None, BeforeValidator(_as_list_or_none, json_schema_input_type=str | list[str] | None)
]


class _Metric(Section):
    kind: str = _key("Which metric: the name of its file.")
    name: str | None = _key("What the study calls it; by default its `kind`.", None)
    normalisation: Kind | None = _key("How activity is normalised before it; by default as before all.", None)


def _as_metric(value):
    return {"kind": value} if isinstance(value, str) else value


def _as_text(value):
    return str(value) if isinstance(value, int | float) else value


_Value = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | int | float)]


class _Combination(Section):
    kind: str = _key("How activities are combined: mean, difference, or a function, FILE.py:NAME.", "mean")
    of: list[dict[str, _Value]] = _key(
        "The images that are combined, each group by values of its factors.", min_length=1
    )


class _Set(Section):
    stimulus: str = _key("The stimulus whose images have RDMs of their own.")
    by: _Texts = _key("Factors: an RDM for each of their values.", [])
    entries: _TextsOrNone = _key(
        "Factors that tell entries apart; by default all others.", None, min_length=1
    )
    combine: str | None = _key("How images of one entry are combined; by default they are not.", None)
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
    normalisation: Kind = _key("How activity is normalised before a metric.", "zscore")
    memory: Annotated[int, BeforeValidator(_megabytes, json_schema_input_type=str)] = _key(
        "How much memory RDMs of many images take, such as 8 GB.", "4 GB", validate_default=True
    )
    sets: dict[str, _Set] = _key("Sets of images that have RDMs of their own, by name.", {})
    metrics: list[Annotated[_Metric, BeforeValidator(_as_metric, json_schema_input_type=str | _Metric)]] = (
        _key(
            "The metrics, by name or each with keys of its own.",
            ["sqeuclidean"],
            min_length=1,
            validate_default=True,
        )
    )


class Config(Section):
    """The top level; the sections of plugins are checked one by one."""

    study: str = _key("The study's name: its results go to results/NAME.")
    seed: int = _key("Everything random follows from it, and from names.", 0, ge=0, lt=2**63)
    device: Literal["auto", "cpu", "cuda"] = _key(
        "Where networks run; auto: on a GPU if there is one.", "auto"
    )
    plugins: _Texts = _key("Folders of plugins of one's own.", [])
    disk: Annotated[int | None, BeforeValidator(_disk, json_schema_input_type=str | None)] = _key(
        "How much a run may write, such as 500 GB; by default what is free.", None
    )
    stimuli: dict[str, dict[str, Any]] = _key("Sets of images, by name.", min_length=1)
    networks: dict[str, dict[str, Any]] = _key("Networks, by name.", {})
    recordings: dict[str, dict[str, Any]] = _key("Recordings of neurons, or RDMs, by name.", {})
    populations: dict[str, dict[str, Any]] = _key("Which units of each layer are recorded, by name.", {})
    activations: _Activations = _key("How networks are run.", _Activations())
    samples: list[_Samples] = _key("Which of the recorded units are drawn, and how often.", [])
    rdms: _Rdms = _key("What RDMs are of, and by which metrics.", _Rdms())
    analyses: dict[str, dict[str, Any] | None] = _key("What is made of RDMs and activations, by name.", {})
    figures: dict[str, dict[str, Any] | None] = _key("What is drawn, by name.", {})
