"""Files of analyses `anova` and `svm` of made-up activity."""

import itertools

import numpy as np
import torch

from repscape.analyses import anova, svm
from repscape.analyses.lib.anova_sums import Sums
from repscape.analyses.lib.factorial_design import crossed
from repscape.analyses.lib.result import stacked
from repscape.analyses.lib.svm_task import arrange
from repscape.io import netcdf

SHAPES = {"input": (3, 8, 6), "conv1": (4, 4, 3), "dead": (2, 4, 3), "fc1": (5, 1, 1)}


def write_anova(made, views=3, layers=SHAPES):
    """Write what the analysis makes of made-up answers; return η² by layer."""
    rows = list(itertools.product(["obj1", "obj2"], ["000", "090", "180"], range(views)))
    design = crossed({"obj": [row[0] for row in rows], "color": [row[1] for row in rows]}, "here")
    generator = torch.Generator().manual_seed(0)
    groups, found = {}, []
    for number, (name, shape) in enumerate(layers.items()):
        answers = torch.randn(len(rows), *shape, generator=generator)
        answers += number * torch.tensor([row[0] == "obj1" for row in rows])[:, None, None, None]
        answers[..., 0, 0] = 1.5 if name == "conv1" else answers[..., 0, 0]
        answers = answers * (name != "dead")
        sums = Sums(design)
        sums.add(range(len(rows)), answers)
        units = anova.of_units(design, sums, shape)
        found.append(anova.summary(units))
        groups[f"layers/{name}"] = anova.group(design, units), {}
    netcdf.write(
        made.root / made.study.path("analysis", analysis="anova"),
        kind="analysis",
        variables={
            **stacked(found, "layer", anova.DIMS),
            "expected": (("effect",), design.df / design.df.sum()),
            "images": (("first_level", "second_level"), design.counts.reshape(2, 3)),
            "layer": (("layer",), list(layers)),
            "effect": (("effect",), list(design.effects)),
            "tested": (("tested",), list(design.tested)),
        },
        attributes={
            "source": "net", "stimulus": "coloured_shapes", "factors": list(design.factors), "balanced": True,
            "error_term": design.effects[-1],
        },
        groups=groups,
    )  # fmt: skip
    return {name: groups[f"layers/{name}"][0]["eta2"][1] for name in layers}


def write_svm(made, across="color", permutations=10, views=4):
    """Write what the analysis makes of made-up activity."""
    rows = list(itertools.product(["obj1", "obj2"], ["000", "090", "180"], map(str, range(views))))
    columns = dict(zip(("obj", "color", "view"), zip(*rows, strict=True), strict=True))
    _, classes, conditions = arrange(columns, "obj", across, None, folds=4, nested=False, seed=0)
    random = np.random.default_rng(0)
    size = len(conditions)
    layers = ["input", "conv1", "fc1"]
    accuracy, null = random.uniform(size=(3, size, size)), random.uniform(size=(3, size, size, permutations))
    judged = [svm.compare_with_permutations(*each) for each in zip(accuracy, null, strict=True)]
    pair, kinds = ("layer", "train", "test"), ("layer", "kind")
    dims = {"accuracy": pair, "p": pair, "mean_accuracy": kinds, "mean_p": kinds}
    dims["mean_null"] = (*kinds, "permutation")
    netcdf.write(
        made.root / made.study.path("analysis", analysis="svm"),
        kind="analysis",
        variables={
            **{name: (own, np.stack([each[name] for each in judged])) for name, own in dims.items()},
            "images": (("train", "class"), np.full((size, len(classes)), views)),
            "units": (("layer",), np.array([10, 20, 20])),
            "layer": (("layer",), layers),
            "train": (("train",), conditions),
            "test": (("test",), conditions),
            "kind": (("kind",), ["within", "across"][: 1 if across is None else 2]),
        },
        attributes={
            "source": "net", "stimulus": "shapes", "population": "random", "target": "obj", "across": across,
            "folds": 4, "grid": [1.0], "chance": 0.5,
        },
    )  # fmt: skip
    return accuracy, null
