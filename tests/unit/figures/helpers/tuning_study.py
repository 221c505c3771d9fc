"""A made-up study of tuned units and of circles of values."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist

from repscape.analyses import ring as ring_analysis
from repscape.analyses import tuning as tuning_analysis
from repscape.io import netcdf
from repscape.rdms.table import table as tables

VALUES = np.arange(-90, 90, 5.0)
RINGS = tuple((source, f"layer{at}") for source in ("net", "twin") for at in range(12))
LAYERS = (("net", "conv"), ("net", "fc"), ("v1", "V1"))


def study(results, layers=LAYERS):
    """A study whose files are written as they are needed."""
    made = results()
    sources = list(dict.fromkeys(source for source, _ in layers))
    own = {source: tuple(layer for of, layer in layers if of == source) for source in sources}
    analyses = {name: {"kind": name} for name in ("tuning", "ring")}
    analyses["ring"] |= {"of": "all_images", "where": None}
    config = made.study.config | {"analyses": analyses, "rdms": {}}
    return SimpleNamespace(root=made.root, study=replace(made.study, layers=own, config=config, analyses=()))


def write_tuning(made, layers=LAYERS, units=60):
    """Write what the analysis makes of planted units; the last of each layer is silent."""
    random = np.random.default_rng(0)
    paths = []
    for source, layer in layers:
        preferred = random.uniform(-90, 90, units)
        turn = np.deg2rad(2 * np.subtract.outer(VALUES, preferred))
        curves = np.exp(random.uniform(0.5, 6, units) * (np.cos(turn) - 1))
        curves[:, -1] = 0
        keys = {"source": source, "layer": layer, "stimulus": "tilts", "population": "all"}
        variables = {
            "activation": (("image", "unit"), curves.astype(np.float32)),
            "name": (("image",), [f"g{at}" for at in range(len(VALUES))]),
            "orientation": (("image",), [f"{value:g}" for value in VALUES]),
            "unit": (("unit",), 10 * np.arange(units, dtype=np.int32)),
        }
        if source == "v1":
            image = random.permutation(np.repeat(np.arange(len(VALUES)), 5))
            noise = random.normal(size=(len(image), units)) * np.r_[np.full(units - 1, 0.3), 0]
            response = curves[image] * np.r_[np.ones(units // 2), np.zeros(units - units // 2)] + noise
            variables["response"] = (("trial", "unit"), response.astype(np.float32))
            variables["trial_image"] = (("trial",), image.astype(np.int32))
        path = made.root / f"{source}_{layer}.nc"
        keys |= {
            "order": 0,
            "stimulus_sha256": "s",
            "selected": '{"kind": "all"}',
            "factors": ["orientation"],
        }
        keys["recording_sha256" if source == "v1" else "weights_sha256"] = "w"
        netcdf.write(path, kind="activations", variables=variables, attributes=keys)
        paths.append(str(path))
    result = tuning_analysis.Tuning(seed=0, permutations=499).compute({"activations": paths})
    path = made.root / made.study.path("analysis", analysis="tuning")
    netcdf.write(
        path,
        kind="analysis",
        variables=result.variables,
        attributes=result.attributes,
        groups=result.groups,
    )
    return {
        f"{s} · {la}": {k: v[1] for k, v in result.groups[f"layers/{s}/{la}"][0].items()} for s, la in layers
    }


def write_ring(made, layers=3, sources=("net", "twin")):
    """Write what the analysis makes of circles that open from layer to layer."""
    rows = []
    for source in sources:
        for order in range(layers):
            turn = np.deg2rad(2 * VALUES)
            points = np.stack([np.cos(turn), np.sin(turn), 2 * order * (VALUES >= 0)], 1)
            row = {"source": source, "stimulus": "tilts", "layer": f"layer{order}", "layer_order": order}
            row |= {
                "metric": "euclidean",
                "entries": pd.Index([f"{v:g}" for v in VALUES], name="orientation"),
            }
            rows.append(row | {"dissimilarity": pdist(points)})
    tables.write(made.root / "rdms.nc", pd.DataFrame(rows))
    result = ring_analysis.Ring(of="all_images").compute(
        {"collection": [str(made.root / "rdms.nc")], "stimuli": []}
    )
    netcdf.write(
        made.root / made.study.path("analysis", analysis="ring"),
        kind="analysis",
        variables=result.variables,
        attributes=result.attributes,
    )
    return {name: variable[1] for name, variable in result.variables.items()}
