"""RDMs of sets of images: what makes up an entry, against loops written from the definitions."""

import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from messages import pattern
from scipy.spatial.distance import pdist, squareform

from repscape.core.errors import ConfigError, DataError
from repscape.io import netcdf
from repscape.plugin import user_functions
from repscape.rdms import sets
from repscape.rdms.table import table
from repscape.rdms.write import write_rdms

OBJECTS, COLORS, VIEWS = ("obj1", "obj2", "obj3"), ("000", "090", "180", "270"), ("1", "2")
ROWS = list(itertools.product(OBJECTS, COLORS, VIEWS))
FACTORS = dict(zip(("obj", "color", "view"), map(list, zip(*ROWS, strict=True)), strict=True))
FLAT = {name: FACTORS[name][::2] for name in ("obj", "color")}  # one view
UNITS = 50
WARM = {"kind": "mean", "of": [{"color": "000"}, {"color": "090"}]}


def normal(images=24):
    return np.random.default_rng(0).gamma(2, size=(images, UNITS)).astype(np.float32)


@pytest.fixture
def function(tmp_path):
    """Return a function that writes one of a user's own and gives its name in the config."""

    def write(body, name="mine"):
        path = tmp_path / f"{name}.py"
        path.write_text(f"import numpy as np\n\ndef {name}(activity):\n    {body}\n")
        return f"{path}:{name}"

    return write


def test_a_set_for_each_value_in_the_order_of_the_stimulus():
    (group,) = sets.groups(FLAT, by=["obj"])
    assert group.sets == tuple({"obj": obj} for obj in OBJECTS)
    assert group.entries == {"color": list(COLORS)}
    assert group.members == ((0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11))
    assert not group.combines


def test_without_by_all_images_are_one_set_with_all_factors():
    (group,) = sets.groups(FLAT)
    assert group.sets == ({},)
    assert group.entries == FLAT
    assert group.members == (tuple(range(12)),)


def test_images_are_entries_where_no_other_factor_is_left():
    names = [f"{at}.png" for at in range(5)]
    cats, dogs = sets.groups({"kind": ["cat", "dog", "cat", "cat", "dog"]}, names, by=["kind"])
    assert (cats.sets, dogs.sets) == (({"kind": "cat"},), ({"kind": "dog"},))
    assert cats.entries == {"image": ["0.png", "2.png", "3.png"]}
    assert (cats.members, dogs.members) == (((0, 2, 3),), ((1, 4),))
    (group,) = sets.groups(FLAT, [f"{at}.png" for at in range(12)], entries=["image"])
    assert group.entries == {"image": [f"{at}.png" for at in range(12)]}
    (group,) = sets.groups(FLAT, [f"{at}.png" for at in range(12)], by=["obj"])
    assert group.entries == {"color": list(COLORS)}
    with pytest.raises(ConfigError, match="kind dog"):
        sets.groups({"kind": ["cat", "dog", "cat"]}, ["a", "b", "c"], by=["kind"])


def test_by_two_factors():
    (group,) = sets.groups(FACTORS, by=["view", "color"])
    assert [tuple(labels.values()) for labels in group.sets[:3]] == [("1", "000"), ("2", "000"), ("1", "090")]
    assert set(group.sets[0]) == {"view", "color"}
    assert group.entries == {"obj": list(OBJECTS)}
    assert group.members[1] == (1, 9, 17)


def test_sets_with_the_same_entries_lie_together_and_have_them_in_one_order():
    factors = {"obj": list("aaabbcc"), "color": ["r", "g", "b", "g", "r", "r", "g"]}
    three, two = sets.groups(factors, by=["obj"])
    assert three.sets == ({"obj": "a"},)
    assert two.sets == ({"obj": "b"}, {"obj": "c"})
    assert two.entries == {"color": ["r", "g"]}
    assert two.members == ((4, 3), (5, 6))


@pytest.mark.parametrize("how", ["mean", "difference", "own"])
def test_entries_of_several_images(how, function):
    body = "return np.median(activity, axis=0) * 2 + activity[0]"
    expected = {
        "mean": lambda a: [np.mean([float(value) for value in column]) for column in a.T],
        "difference": lambda a: [float(column[0]) - float(column[1]) for column in a.T],
        "own": lambda a: [2 * np.median(column) + column[0] for column in a.T],
    }[how]
    combine = function(body) if how == "own" else how
    (group,) = sets.groups(FACTORS, by=["obj"], entries=["color"], combine=combine)
    activity = normal()
    for labels, members in zip(group.sets, group.members, strict=True):
        found = sets.activity_of(members, activity)
        assert found.dtype == np.float32
        for color, row in zip(group.entries["color"], found, strict=True):
            images = [at for at, (obj, c, _) in enumerate(ROWS) if (obj, c) == (labels["obj"], color)]
            np.testing.assert_allclose(row, expected(activity[images]), rtol=1e-6)


def test_combinations_are_further_entries(function):
    first = function("return activity[0]", "first")
    (group,) = sets.groups(
        FACTORS,
        by=["obj"],
        entries=["color"],
        combine="mean",
        combinations={
            "warm": WARM,
            "change": {"kind": "difference", "of": [{"color": "180"}, {"color": "000"}]},
            "one": {"kind": first, "of": [{"color": "270"}, {"color": "090"}]},
        },
    )
    assert group.entries == {"color": [*COLORS, "warm", "change", "one"]}
    activity = normal()
    for at, obj in enumerate(OBJECTS):
        means = {
            color: activity[[row[:2] == (obj, color) for row in ROWS]].astype(np.float64).mean(axis=0)
            for color in COLORS
        }
        expected = [
            *means.values(),
            (means["000"] + means["090"]) / 2,
            means["180"] - means["000"],
            means["270"],
        ]
        np.testing.assert_allclose(sets.activity_of(group.members[at], activity), expected, rtol=1e-5)


def test_an_item_of_a_combination_stands_for_all_entries_that_have_its_values():
    (group,) = sets.groups(FLAT, combinations={"red": {"of": [{"color": "000"}]}})
    assert group.entries["obj"][-1] == group.entries["color"][-1] == "red"
    assert group.members[0][-1] == sets.Combined("mean", (0, 4, 8))


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(len(ROWS))))
def test_the_order_of_images_does_not_matter(order):
    activity = normal()
    given_order = {name: [FACTORS[name][at] for at in order] for name in FACTORS}
    options = {"by": ["obj"], "entries": ["color"], "combine": "mean", "combinations": {"warm": WARM}}
    found = {}
    for factors, answers in ((FACTORS, activity), (given_order, activity[list(order)])):
        (group,) = sets.groups(factors, **options)
        for labels, members in zip(group.sets, group.members, strict=True):
            values = squareform(pdist(sets.activity_of(members, answers).astype(np.float64)))
            for i, j in itertools.permutations(range(5), 2):
                key = (labels["obj"], group.entries["color"][i], group.entries["color"][j])
                np.testing.assert_allclose(values[i, j], found.setdefault(key, values[i, j]), rtol=1e-5)


@pytest.mark.parametrize(
    ("factors", "options", "message"),
    [
        (FLAT, {"by": ["ojb"]}, "by: … 'ojb' … 'obj'"),
        (FLAT, {"entries": ["hue"]}, "entries: … 'hue'"),
        (FLAT, {"by": ["obj"], "entries": ["obj", "color"]}, "'obj'"),
        (FLAT, {"by": ["obj", "obj"]}, "by: … 'obj'"),
        (FLAT, {"by": ["obj", "color"]}, "no factor is left"),
        ({}, {}, "no factor is left"),
        (FACTORS, {"by": ["obj"], "entries": ["color"]},
         "obj obj1: color 000: … 2 … 'combine: mean'"),
        (FLAT, {"by": ["obj"], "combine": "difference"}, "color 000: … difference … 1"),
        ({"obj": ["a", "a", "b"], "color": ["r", "g", "r"]}, {"by": ["obj"]},
         "obj b: … 2 … 1 (color r)"),
        (FLAT, {"by": ["obj"], "combinations": {"090": WARM}}, "'090' … 'color'"),
        (FLAT, {"by": ["obj"], "combinations": {"x": {"of": [{"obj": "obj1"}]}}}, "factor 'obj'"),
        (FLAT, {"by": ["obj"], "combinations": {"x": {"of": [{"color": "45"}]}}}, "color '45'"),
        (FLAT, {"by": ["obj"], "combinations": {"x": {"of": [{"color": "0"}]}}}, "000"),
        (FLAT, {"combinations": {"x": {"of": [{"color": "000"}, {"obj": "obj1"}]}}},
         "combination 'x': obj obj1, color 000"),
        (FLAT, {"combinations": {"x": {"kind": "difference", "of": [{"color": "000"}]}}},
         "combination 'x': … difference … 3"),
        ({"obj": ["a", "a", "b", "b"], "color": ["r", "g", "g", "b"]},
         {"by": ["obj"], "combinations": {"x": {"of": [{"color": "r"}, {"color": "g"}]}}},
         "obj b: combination 'x': … color r"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_reported(factors, options, message):
    with pytest.raises(ConfigError, match=pattern(message)):
        sets.groups(factors, **options)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return activity", "(50,) … (2, 50)"),
        ("return 1", "int64 ()"),
        ("return np.array(['a'] * 50)", "<U1"),
        ("return activity[7]", "mine.py:mine: … IndexError"),
    ],
)
def test_a_function_that_is_wrong_is_reported(function, body, message):
    (group,) = sets.groups(FACTORS, by=["obj"], entries=["color"], combine=function(body))
    with pytest.raises(DataError, match=pattern(message)):
        sets.activity_of(group.members[0], normal())


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("maen", "combine: 'maen' … 'mean'"),
        ("gone.py:mine", "combine: gone.py: "),
        ("{folder}/mine.py:mien", "'mien' … 'mine'"),
        ("{folder}/bad.py:mine", "bad.py: … Python"),
    ],
)
def test_ways_of_combining_that_there_are_not(function, tmp_path, how, message):
    function("return activity[0]")
    (tmp_path / "bad.py").write_text("def mine(:")
    with pytest.raises(ConfigError, match=pattern(message)):
        sets.check_combination(how.format(folder=tmp_path), "combine")


def test_a_file_that_cannot_be_imported_is_reported(tmp_path):
    (tmp_path / "broken.py").write_text("import nosuchmodule\ndef mine(activity): ...\n")
    with pytest.raises(ConfigError, match=r"broken\.py.*imported: ModuleNotFound"):
        user_functions.load(f"{tmp_path / 'broken.py'}:mine", "combine")


DEFINITIONS = {
    "colors_of_objects": {"stimulus": "shapes", "by": ["obj", "view"]},
    "mean_objects": {"stimulus": "shapes", "entries": ["obj"], "combine": "mean"},
    "with_warm": {"stimulus": "shapes", "by": ["obj", "view"], "combinations": {"warm": WARM}},
}


@pytest.fixture
def files(tmp_path):
    """Write a recording and a sample of two repeats; return the paths and the RDMs' file, computed."""

    def compute(
        activity, sets=DEFINITIONS, metrics=("euclidean", "sqeuclidean", "correlation"), factors=FACTORS
    ):
        keys = {"source": "net", "population": "random", "layer": "conv"}
        netcdf.write(
            tmp_path / "activations.nc",
            kind="activations",
            variables={
                "activation": (("image", "unit"), activity),
                "name": (("image",), ["_".join(row) for row in ROWS]),
                "unit": (("unit",), np.arange(UNITS, dtype=np.int32)),
                **{name: (("image",), values) for name, values in factors.items()},
            },
            attributes=keys | {"stimulus": "shapes", "order": 1, "factors": list(factors) or None},
        )
        drawn = np.array([[3, 4, 10, 11, 12, 20, 33, 41], [0, 1, 2, 5, 8, 13, 21, 34]], np.int32)
        netcdf.write(
            tmp_path / "sample.nc",
            kind="sample",
            variables={"unit": (("repeat", "draw"), drawn)},
            attributes=keys | {"size": "8", "n_drawn": 8, "drawn": "random"},
        )
        paths = [{"conv": tmp_path / f"{name}.nc"} for name in ("activations", "sample", "rdm")]
        entries = [{"name": metric, "kind": metric, "normalisation": "zscore"} for metric in metrics]
        write_rdms(*paths, metrics=entries, sets=sets)
        return tmp_path / "rdm.nc", drawn

    return compute


def expected(answers, scale):
    """RDMs of entries × drawn units from SciPy."""
    answers = answers.astype(np.float64)
    return {
        "euclidean": pdist(answers / scale),
        "sqeuclidean": pdist(answers / scale, "sqeuclidean") / answers.shape[1],
        "correlation": pdist(answers, "correlation"),
    }


def test_files_follow_the_contract(files):
    path, _ = files(normal())
    with xr.open_datatree(path) as tree:
        assert set(tree.children) == set(DEFINITIONS)
        group = tree["colors_of_objects/0"]
        assert group.dissimilarity.dims == ("set", "metric", "repeat", "entry_pair")
        assert group.dissimilarity.dtype == np.float32
        assert group.attrs["set"] == "colors_of_objects"
        assert list(group.attrs["by"]) == ["obj", "view"]
        assert group.attrs["entries"] == "color"
        assert group.obj.values.tolist() == [obj for obj in OBJECTS for _ in VIEWS]
        assert group.color.values.tolist() == list(COLORS)
        first, second = np.triu_indices(4, 1)
        assert group.entry_i.values.tolist() == first.tolist()
        assert group.entry_j.values.tolist() == second.tolist()
        assert group.metric.values.tolist() == ["euclidean", "sqeuclidean", "correlation"]
        assert tree["mean_objects/0"].attrs["by"] == ""
        assert tree["mean_objects/0"].dissimilarity.shape == (1, 3, 2, 3)


def test_rdms_of_sets_are_those_of_scipy(files):
    activity = normal()
    path, drawn = files(activity)
    rows = table.read(path)
    assert set(rows.set) == {"", *DEFINITIONS}
    seen = 0
    for row in rows[rows.set != ""].to_dict("records"):
        answers = activity[:, drawn[row["repeat"]]]
        labelled = [row["entries"].get_level_values(name) for name in row["entries"].names]
        entries = []
        for labels in zip(*labelled, strict=True):
            values = dict(zip(row["entries"].names, labels, strict=True))
            colors = ["000", "090"] if values.get("color") == "warm" else [values.get("color")]
            of_set = {name: row[name] for name in ("obj", "view") if row.get(name)}
            wanted = [{**of_set, **values, "color": color} for color in colors]
            images = [
                at
                for at, image in enumerate(dict(zip(FACTORS, r, strict=True)) for r in ROWS)
                if any(all(w[name] in (None, image[name]) for name in w) for w in wanted)
            ]
            entries.append(answers[images].astype(np.float64).mean(axis=0))
        found = expected(np.array(entries), answers.astype(np.float64).std())
        np.testing.assert_allclose(row["dissimilarity"], found[row["metric"]], rtol=2e-5)
        seen += 1
    assert seen == (6 + 1 + 6) * 3 * 2


def test_a_set_without_combinations_is_part_of_the_rdm_of_all_images(files):
    path, _ = files(normal())
    with netcdf.open_file(path) as file:
        whole = file["dissimilarity"][0, 1]
        part = file["colors_of_objects/0"]["dissimilarity"][3, 0, 1]
    images = [at for at, row in enumerate(ROWS) if (row[0], row[2]) == ("obj2", "2")]
    square = squareform(whole)
    np.testing.assert_array_equal(part, squareform(square[np.ix_(images, images)]))


def test_entries_keep_their_order_where_images_have_another(files):
    """Images of obj2 come in another order of colors; the rows of its RDM do not."""
    colors = [
        {"000": "270", "270": "000"}.get(row[1], row[1]) if row[0] == "obj2" else row[1] for row in ROWS
    ]
    definition = {"s": {"stimulus": "shapes", "by": ["obj", "view"]}}
    path, _ = files(normal(), definition, factors=FACTORS | {"color": colors})
    with netcdf.open_file(path) as file:
        whole = squareform(file["dissimilarity"][0, 1])
        part = squareform(file["s/0"]["dissimilarity"][3, 0, 1])
    images = [at for at, row in enumerate(ROWS) if (row[0], row[2]) == ("obj2", "2")]
    images = sorted(images, key=lambda at: COLORS.index(colors[at]))
    assert images != sorted(images)
    np.testing.assert_array_equal(part, whole[np.ix_(images, images)])


def test_sets_do_not_change_the_rdm_of_all_images(files):
    path, _ = files(normal())
    with xr.open_dataset(path) as rdm:
        before = rdm.load()
    path, _ = files(normal(), sets={})
    with xr.open_dataset(path) as rdm:
        assert rdm.identical(before)


def test_same_bytes_twice(files):
    before = files(normal())[0].read_bytes()
    assert files(normal())[0].read_bytes() == before


def test_activity_far_from_zero(files):
    activity = (100 + 0.01 * (normal() - 2)).astype(np.float32)
    path, drawn = files(activity, {"mean_objects": DEFINITIONS["mean_objects"]}, ["correlation"])
    rows = table.read(path, {"set": "mean_objects"})
    answers = activity[:, drawn[0]].astype(np.float64)
    means = [answers[np.array(FACTORS["obj"]) == obj].mean(axis=0) for obj in OBJECTS]
    # means are kept as float32, whose steps are 8e-6 here, beside an SD of 0.005
    np.testing.assert_allclose(rows.dissimilarity[0], pdist(means, "correlation"), rtol=0.01)


def test_constant_entries_are_flagged(files, caplog):
    activity = normal()
    activity[[row[0] == "obj1" for row in ROWS]] = 1
    path, _ = files(activity, {"mean_objects": DEFINITIONS["mean_objects"]})
    with netcdf.open_file(path) as file:
        group = file["mean_objects/0"]
        assert group.degenerate == 1
        assert np.isnan(group["dissimilarity"][0, 2, 0]).tolist() == [True, True, False]


def test_differences_that_vanish_are_reported(files, caplog):
    caplog.set_level("INFO", logger="repscape")
    activity = np.repeat(normal(len(ROWS) // 2), 2, axis=0)
    sets = {"views": {"stimulus": "shapes", "entries": ["obj", "color"], "combine": "difference"}}
    path, _ = files(activity, sets)
    with netcdf.open_file(path) as file:
        assert (file.degenerate, file["views/0"].degenerate) == (0, 1)
    assert (
        "views/0: some drawn activity is constant, so these dissimilarities are NaN: correlation 100%"
        in caplog.text
    )


def test_a_metric_of_the_user_s_own(files, plugin_folder):
    text = """
        from scipy.spatial.distance import pdist
        from repscape.plugin.contract import Metric

        class Own(Metric):
            def dissimilarity(self, activity, scaling):
                return {}
        """
    plugin_folder("metrics/wrong.py", text.format("activity"))
    plugin_folder("metrics/cityblock.py", text.format("pdist(activity / scaling.scale, 'cityblock')"))
    activity = normal()
    path, drawn = files(activity, {}, ["cityblock"])
    answers = activity[:, drawn[0]].astype(np.float64)
    with xr.open_dataset(path) as rdm:
        found = rdm.dissimilarity.sel(metric="cityblock")[0]
        np.testing.assert_allclose(found, pdist(answers / answers.std(), "cityblock"), rtol=1e-5)
    with pytest.raises(DataError, match=r"metric 'wrong': .* 24 images"):
        files(activity, {}, ["wrong"])


def test_a_stimulus_without_factors(files):
    with pytest.raises(ConfigError, match=r"rdms.sets.mean_objects: entries: factor 'obj'.*activations\.nc"):
        files(normal(), factors={}, sets={"mean_objects": DEFINITIONS["mean_objects"]})
