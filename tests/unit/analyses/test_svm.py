"""Decoding, against scikit-learn's own pipelines."""

import itertools

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.model_selection import GridSearchCV, PredefinedSplit, cross_val_score, permutation_test_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from repscape.analyses import svm
from repscape.analyses.lib.svm_decoder import Decoder
from repscape.analyses.lib.svm_task import Task, partition, permuted
from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.study.study import Study

GRID = (0.01, 0.1, 1.0, 10.0)


def pipeline(units, c=1.0):
    """The same machine on the units themselves."""
    shrink = FunctionTransformer(lambda x: x / np.sqrt(units))
    return make_pipeline(StandardScaler(), shrink, SVC(kernel="linear", C=c))


def chosen_by_search(units, folds):
    return GridSearchCV(pipeline(units), {"svc__C": GRID}, cv=PredefinedSplit(folds), refit=first_of_the_best)


def first_of_the_best(results):
    """Of values of C that are equally good, the smallest; scikit-learn would let rounding decide."""
    return int(np.argmax(results["mean_test_score"].round(9)))


def task_of(classes=3, conditions=2, views=6, folds=3, seed=0, groups=False):
    """Images in no order; groups are views."""
    rows = list(itertools.product(range(classes), range(conditions), range(views)))
    order = np.random.default_rng(seed).permutation(len(rows))
    label, condition, view = np.array(rows)[order].T
    group = view if groups else None
    return Task(label, condition, group, partition(label, condition, group, folds, seed))


def activity_of(task, units=40, signal=0.5, seed=1):
    random = np.random.default_rng(seed)
    means = random.normal(size=(task.label.max() + 1, units)) * signal
    shifts = random.normal(size=(task.conditions, units))
    values = means[task.label] + shifts[task.condition] + random.normal(size=(len(task.label), units))
    return (values * random.uniform(0.1, 10, units) + random.normal(size=units) * 50).astype(np.float32)


@pytest.mark.parametrize("groups", [False, True])
def test_nested_cross_validation_is_that_of_scikit_learn(groups):
    task = task_of(conditions=1, views=10, folds=5, groups=groups)
    activity = activity_of(task, signal=0.3).astype(np.float64)
    scores = Decoder(activity, task, GRID).decode(task.label)
    for fold in range(5):
        train, test = task.fold != fold, task.fold == fold
        search = chosen_by_search(40, task.fold[train]).fit(activity[train], task.label[train])
        assert scores.accuracy[0, 0, fold] == search.score(activity[test], task.label[test])
        assert scores.c[0, 0, fold] == search.best_params_["svc__C"]
    assert scores.mean()[0, 0] == pytest.approx(scores.accuracy[0, 0].mean())


def test_choice_where_some_folds_reach_the_limit_and_some_do_not():
    """Larger C are not tried where they would make the same machine, and count all the same."""
    chosen = []
    for seed in range(6):
        task = task_of(classes=2, conditions=1, views=8, folds=4, seed=seed)
        activity = activity_of(task, units=40, signal=0.3, seed=seed).astype(np.float64)
        scores = Decoder(activity, task, GRID).decode(task.label)
        for fold in range(4):
            train = task.fold != fold
            search = chosen_by_search(40, task.fold[train]).fit(activity[train], task.label[train])
            chosen.append((scores.c[0, 0, fold], search.best_params_["svc__C"]))
    found, expected = np.array(chosen).T
    np.testing.assert_array_equal(found, expected)
    assert len(set(found)) > 2


def test_one_c_is_plain_cross_validation():
    task = task_of(conditions=1, views=8, folds=4)
    activity = activity_of(task, signal=0.3).astype(np.float64)
    expected = cross_val_score(pipeline(40, 0.1), activity, task.label, cv=PredefinedSplit(task.fold))
    np.testing.assert_array_equal(Decoder(activity, task, [0.1]).decode(task.label).accuracy[0, 0], expected)


def test_across_conditions_by_hand():
    task = task_of(conditions=3)
    activity = activity_of(task).astype(np.float64)
    scores = Decoder(activity, task, GRID).decode(task.label)
    for train, test in itertools.permutations(range(3), 2):
        own, other = task.condition == train, task.condition == test
        search = chosen_by_search(40, task.fold[own]).fit(activity[own], task.label[own])
        expected = search.score(activity[other], task.label[other])
        assert scores.accuracy[train, test, 0] == expected == scores.mean()[train, test]
        assert np.isnan(scores.accuracy[train, test, 1:]).all()


def test_across_conditions_leaves_out_groups():
    task = task_of(conditions=2, groups=True)
    activity = activity_of(task).astype(np.float64)
    scores = Decoder(activity, task, GRID).decode(task.label)
    for train, test, fold in itertools.product(range(2), range(2), range(3)):
        own = (task.condition == train) & (task.fold != fold)
        other = (task.condition == test) & (task.fold == fold)
        assert not set(task.group[own]) & set(task.group[other])
        search = chosen_by_search(40, task.fold[own]).fit(activity[own], task.label[own])
        assert scores.accuracy[train, test, fold] == search.score(activity[other], task.label[other])


def test_standardising_outside_the_folds_would_differ():
    """A unit that is silent but for one class's test image: only its training's scale may be used."""
    task = task_of(classes=2, conditions=1, views=8, folds=4)
    random = np.random.default_rng(0)
    activity = random.normal(size=(16, 3))
    activity[task.fold == 0] *= np.array([200, 1, 1])  # a scale that training without this fold cannot know
    activity[:, 0] += task.label
    honest = Decoder(activity, task, [1.0]).decode(task.label).accuracy[0, 0]
    leaking = cross_val_score(
        SVC(kernel="linear", C=1 / 3),
        StandardScaler().fit_transform(activity),
        task.label,
        cv=PredefinedSplit(task.fold),
    )
    inside = cross_val_score(pipeline(3), activity, task.label, cv=PredefinedSplit(task.fold))
    np.testing.assert_array_equal(honest, inside)
    assert (honest != leaking).any()


def test_random_labels_are_decoded_at_chance():
    """Over many made-up layers, within what a binomial allows."""
    task = task_of(classes=4, conditions=2, views=6, folds=3)
    right, tests = 0.0, 0
    for seed in range(25):
        activity = np.random.default_rng(seed).normal(size=(48, 30))
        accuracy = Decoder(activity, task, (0.1, 1.0)).decode(task.label).mean()
        right += accuracy.sum() * 24
        tests += 4 * 24
    low, high = binom.ppf([0.0005, 0.9995], tests, 0.25)
    assert low <= right <= high


def test_permutations_keep_the_structure():
    task = task_of(classes=3, conditions=2, folds=3)
    random = np.random.default_rng(0)
    moved = 0
    for _ in range(20):
        label = permuted(task, random)
        moved += (label != task.label).sum()
        for condition, fold in itertools.product(range(2), range(3)):
            here = (task.condition == condition) & (task.fold == fold)
            np.testing.assert_array_equal(np.sort(label[here]), np.sort(task.label[here]))
    assert moved > 200


def test_permutations_within_groups_and_of_groups():
    task = task_of(groups=True)
    label = permuted(task, np.random.default_rng(0))
    for group, condition in itertools.product(range(6), range(2)):
        here = (task.group == group) & (task.condition == condition)
        np.testing.assert_array_equal(np.sort(label[here]), [0, 1, 2])
    group = np.repeat(np.arange(12), 4)  # each of one class: a kind of animal, say
    label = group % 2
    nothing = np.zeros(48, int)
    task = Task(label, nothing, group, partition(label, nothing, group, 3, 0))
    mixed = permuted(task, np.random.default_rng(3))
    assert all(len(set(mixed[group == one])) == 1 for one in range(12))
    assert (mixed != label).any()


@pytest.mark.parametrize("lies", ["in one condition", "in some conditions", "in all conditions"])
def test_groups_change_labels_where_every_training_keeps_its_classes(lies):
    moved = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        rows = []
        for group, (label, condition, _) in enumerate(itertools.product(range(2), range(3), range(3))):
            spans = {
                "in one condition": [condition],
                "in some conditions": [condition, (condition + 1) % 3],
                "in all conditions": range(3),
            }[lies]
            rows += [(label, own, group) for own in spans for _ in range(random.integers(1, 5))]
        label, condition, group = np.array(rows).T
        task = Task(label, condition, group, partition(label, condition, group, 3, seed))
        new = permuted(task, random)
        moved += (new != label).any()
        assert all(len(set(new[group == own])) == 1 for own in group)
        for at, fold in itertools.product(range(3), range(3)):
            here = (condition == at) & (task.fold == fold)
            before, after = (sorted({*zip(group[here], own[here], strict=True)}) for own in (label, new))
            assert sorted(own for _, own in before) == sorted(own for _, own in after)
            assert set(new[(condition == at) & (task.fold != fold)]) == set(
                label[(condition == at) & (task.fold != fold)]
            )
    assert moved > 10


def test_a_group_takes_its_labels_of_all_conditions_along():
    """A session shows one object in each colour: sessions change, not the colours within."""
    objects = np.array([[0, 1], [1, 0], [0, 0], [1, 1], [1, 0], [0, 1]])
    group, condition = np.repeat(np.arange(6), 4), np.tile([0, 0, 1, 1], 6)
    task = Task(objects[group, condition], condition, group, group % 2)
    new = permuted(task, np.random.default_rng(0))
    assert (new != task.label).any()
    for fold in range(2):
        sessions = new.reshape(6, 2, 2)[fold::2]
        np.testing.assert_array_equal(sessions[..., 0], sessions[..., 1])
        assert sorted(sessions[..., 0].tolist()) == sorted(objects[fold::2].tolist())


def test_labels_that_cannot_change_are_refused():
    """The groups of one class lie in both conditions, those of the other in one."""
    group = np.array([0, 0, 1, 1, 2, 3, 4, 5])
    condition = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    label, fold = np.repeat([0, 1], 4), np.array([0, 0, 1, 1, 0, 0, 1, 1])
    with pytest.raises(DataError, match=r"permut.*'permutations: 0'"):
        permuted(Task(label, condition, group, fold), np.random.default_rng(0))


def test_null_agrees_with_scikit_learn():
    """Not the same permutations (ours keep classes even in each fold), but about the same chance."""
    task = task_of(classes=2, conditions=1, views=12, folds=4)
    activity = activity_of(task, signal=0.1, seed=3).astype(np.float64)
    decoder = Decoder(activity, task, [1.0])
    random = np.random.default_rng(0)
    null = [decoder.decode(permuted(task, random)).mean()[0, 0] for _ in range(150)]
    _, theirs, _ = permutation_test_score(
        pipeline(40), activity, task.label, cv=PredefinedSplit(task.fold), n_permutations=150, random_state=0
    )
    assert np.mean(null) == pytest.approx(0.5, abs=0.04)
    assert np.std(null) == pytest.approx(np.std(theirs), rel=0.35)


@pytest.fixture
def files(tmp_path):
    """A stimulus and activations of two layers; objects differ in the second alone."""

    def write(views=6, nan=False, order=1):
        rows = list(itertools.product(["obj1", "obj2", "obj10"], ["000", "180"], map(str, range(views))))[
            ::order
        ]
        columns = dict(zip(("obj", "color", "view"), zip(*rows, strict=True), strict=True))
        names = ["_".join(row) for row in rows]
        common = {"name": (("image",), names)} | {
            name: (("image",), list(own)) for name, own in columns.items()
        }
        netcdf.write(
            tmp_path / "stimulus.nc",
            kind="stimulus",
            variables={"images": (("image",), np.zeros(len(rows), np.uint8)), **common},
            attributes={"stimulus": "shapes", "factors": list(columns)},
        )
        random = np.random.default_rng(0)
        patterns = random.normal(size=(3, 20))
        obj = np.array([["obj1", "obj2", "obj10"].index(row[0]) for row in rows])
        paths = []
        for number, layer in enumerate(("noise", "objects")):
            values = random.normal(size=(len(rows), 20)) + number * 3 * patterns[obj]
            values[3, 4] = np.nan if nan else values[3, 4]
            paths.append(tmp_path / f"{layer}.nc")
            netcdf.write(
                paths[-1],
                kind="activations",
                variables={
                    "activation": (("image", "unit"), values.astype(np.float32)),
                    "unit": (("unit",), np.arange(values.shape[1], dtype=np.int32)),
                    **common,
                },
                attributes={
                    "source": "net", "stimulus": "shapes", "population": "random", "layer": layer,
                    "order": number, "factors": list(columns),
                },
            )  # fmt: skip
        return {"stimulus": tmp_path / "stimulus.nc", "activations": paths}

    return write


def test_analysis(files):
    keys = {"target": "obj", "across": "color", "folds": 3, "permutations": 19, "seed": 5}
    result = svm.Svm(**keys).compute(files())
    found = {name: values for name, (_, values, *_) in result.variables.items()}
    assert found["layer"] == ["noise", "objects"]
    assert found["class"] == ["obj1", "obj2", "obj10"]
    assert found["kind"] == ["within", "across"]
    assert (found["mean_accuracy"][1] > 0.9).all()
    assert (found["mean_accuracy"][0] < 0.65).all()
    np.testing.assert_allclose(found["mean_p"][1], 1 / 20)
    assert (found["mean_p"][0] > 0.05).all()
    np.testing.assert_allclose(found["mean_accuracy"][:, 1], found["accuracy"][:, [0, 1], [1, 0]].mean(1))
    count = (found["null"] >= found["accuracy"][..., None]).sum(-1)
    np.testing.assert_allclose(found["p"], (1 + count) / 20)
    np.testing.assert_array_equal(found["images"], 6)
    assert result.attributes["chance"] == 1 / 3
    assert len(list(svm.Svm().rows(result))) == 1 + 2 * 4
    again = svm.Svm(**keys).compute(files())
    for name, values in found.items():
        np.testing.assert_array_equal(values, again.variables[name][1])
    other = svm.Svm(**keys | {"seed": 6}).compute(files())
    assert (other.variables["null"][1] != found["null"]).any()


def test_one_image_of_each_class_and_condition(files):
    """Across conditions alone, with one C."""
    result = svm.Svm(target="obj", across="color", C=(1.0,), permutations=9, seed=1).compute(files(views=1))
    accuracy = result.variables["accuracy"][1]
    assert np.isnan(accuracy[:, [0, 1], [0, 1]]).all()
    np.testing.assert_array_equal(accuracy[1, [0, 1], [1, 0]], 1)
    assert np.isnan(result.variables["mean_p"][1][:, 0]).all()
    with pytest.raises(DataError, match=r"obj obj1 at color 000 \(1\).*across conditions alone.* give one C"):
        svm.Svm(target="obj", across="color", seed=1).compute(files(views=1))


def test_groups_generalise_to_new_values(files):
    result = svm.Svm(target="obj", groups="color", folds=2, C=(1.0,), permutations=0, seed=1).compute(
        files(views=1)
    )
    np.testing.assert_array_equal(result.variables["accuracy"][1][1], 1)
    assert np.isnan(result.variables["p"][1]).all()


def test_mistakes(files):
    with pytest.raises(DataError, match=r"'colour'.*obj, color, view"):
        svm.Svm(target="obj", across="colour", seed=0).compute(files())
    with pytest.raises(DataError, match=r"at least 9 .*obj obj1 \(8\).*'folds' to 8"):
        svm.Svm(target="obj", folds=9, seed=0).compute(files(views=4))
    with pytest.raises(DataError, match=r"at least 3 values of color.*'folds' to 2 and give one C"):
        svm.Svm(target="obj", groups="color", folds=3, seed=0).compute(files())
    with pytest.raises(DataError, match=r"noise.nc: .*1 of 36 images, first in 'obj1_000_3'"):
        svm.Svm(target="obj", seed=0).compute(files(nan=True))
    inputs = files()
    inputs["stimulus"] = files(order=-1)["stimulus"]
    with pytest.raises(ConfigError, match=r"'target', 'across' and 'groups'.*twice"):
        svm.Svm(target="obj", across="obj", groups=None, folds=3, C=(1.0,)).check()
    with pytest.raises(ConfigError, match=r"folds: .*'C'.* 3 .*found 2"):
        svm.Svm(target="obj", across=None, groups=None, folds=2, C=(1.0, 2.0)).check()


SHAPES = {"kind": "shapes", "objects": 3, "colors": 2, "views": 1}


def test_planning():
    study = Study(
        name="s",
        stimuli=("noise", "shapes"),
        layers={"net": ("conv1", "relu1")},
        samples={"random": ("200",)},
        metrics=(),
        analyses=(),
        config={
            "populations": {"random": {}, "means": {}},
            "stimuli": {"noise": {"kind": "white_noise"}, "shapes": SHAPES},
        },
    )
    assert svm.Svm(target="label").inputs(study)["stimulus"] == "results/s/stimuli/shapes.nc"
    with pytest.raises(ConfigError, match=r"across: .*'shapes', 'colour' is unknown; did you mean 'color'"):
        svm.Svm(across="colour").inputs(study)
    assert svm.Svm(stimulus="shapes", population="means", layers=["relu1"]).inputs(study) == {
        "stimulus": "results/s/stimuli/shapes.nc",
        "activations": ["results/s/activations/net/shapes/means/relu1.nc"],
    }
    study.config["stimuli"]["noise"] = {"kind": "gratings", "count": 4, "orientations": None}
    assert svm.Svm().inputs(study)["stimulus"] == "results/s/stimuli/noise.nc"
    assert svm.Svm(target="obj").inputs(study)["stimulus"] == "results/s/stimuli/shapes.nc"
    with pytest.raises(ConfigError, match="population: 'mean' is unknown; did you mean 'means'"):
        svm.Svm(population="mean").inputs(study)
