"""The top level of the config: its keys, their types and their defaults; plugins declare their own."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveInt

from repscape.metrics.lib.normalisation import Kind
from repscape.plugin.parameter_types import Batch, Count, Threads, Units
from repscape.plugin.schema import Section
from repscape.samples.draw import Draw


class _Activations(Section):
    batch: Batch = 10
    cuda_batch: Batch = 256
    threads: Threads = 1
    shard: PositiveInt = 2000
    precision: Literal["float32", "tf32", "float16", "bfloat16"] = "float32"


def as_list(value: Any) -> list:
    """Take a single value for a list of one."""
    return value if isinstance(value, list) else [value]


def _as_list_or_none(value):
    return None if value is None else as_list(value)


class _Samples(Section):
    population: str
    draw: Draw = "random"
    sizes: Annotated[list[Units | Literal["all"]], Field(min_length=1)] = ["all"]
    repeats: Annotated[list[Count], BeforeValidator(as_list)] = [1]


class _Metric(Section):
    metric: str
    name: str | None = None
    normalisation: Kind | None = None


def _as_metric(value):
    return {"metric": value} if isinstance(value, str) else value


def _as_text(value):
    return str(value) if isinstance(value, int | float) else value


class _Combination(Section):
    how: str = "mean"
    of: Annotated[list[dict[str, Annotated[str, BeforeValidator(_as_text)]]], Field(min_length=1)]


class _Set(Section):
    stimulus: str
    by: Annotated[list[str], BeforeValidator(as_list)] = []
    entries: Annotated[list[str] | None, BeforeValidator(_as_list_or_none), Field(min_length=1)] = None
    combine: str | None = None
    combinations: dict[str, _Combination] = {}


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
    normalisation: Kind = "zscore"
    memory: Annotated[int, BeforeValidator(_megabytes)] = 4000
    sets: dict[str, _Set] = {}
    metrics: Annotated[list[Annotated[_Metric, BeforeValidator(_as_metric)]], Field(min_length=1)] = [
        _Metric(metric="sqeuclidean")
    ]


class Config(Section):
    """The top level; the sections of plugins are checked one by one."""

    study: str
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    disk: Annotated[int | None, BeforeValidator(_disk)] = None
    stimuli: Annotated[dict[str, dict[str, Any]], Field(min_length=1)]
    networks: dict[str, dict[str, Any]] = {}
    recordings: dict[str, dict[str, Any]] = {}
    populations: dict[str, dict[str, Any]] = {}
    activations: _Activations = _Activations()
    samples: list[_Samples] = []
    rdms: _Rdms = _Rdms()
    analyses: dict[str, dict[str, Any] | None] = {}
    figures: dict[str, dict[str, Any] | None] = {}
