"""Recordings that are RDMs."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat
from scipy.spatial.distance import pdist, squareform

from repscape.core.errors import ConfigError, DataError
from repscape.rdms.table import table
from repscape.recordings import mat_rdms, rdms
from repscape.recordings.lib.rdm_import import condensed, to_table

rng = np.random.default_rng(0)
IMAGES = [f"object_{at}" for at in range(1, 6)]
KEYS = {"source": "human_it", "stimulus": "objects", "area": "IT", "metric": "correlation"}


def rdm(count=5, seed=0):
    return squareform(pdist(np.random.default_rng(seed).normal(size=(count, 8)), "correlation"))


def save(path, matrices, names, variable="RDMs", shape=(1, -1)):
    """Write a struct array as the RSA toolbox does."""
    elements = np.empty(len(names), [("RDM", object), ("name", object), ("color", object)])
    for at, (matrix, name) in enumerate(zip(matrices, names, strict=True)):
        elements[at] = (matrix, name, np.array([0.0, 0.0, 1.0]))
    savemat(path, {variable: elements.reshape(shape)})
    return path


def read_mat(path, **keys):
    return to_table(mat_rdms.MatRdms(path=path, variable="RDMs", **keys).read(), IMAGES, **KEYS)


def test_subjects_and_sessions_of_a_struct_array(tmp_path):
    matrices = [rdm(seed=at).astype(np.float32) for at in range(4)]
    names = [
        "hIT | BE | Session: 1",
        "hIT | BE | Session: 2",
        "hIT | KO | Session: 1",
        "hIT | KO | Session: 2",
    ]
    path = save(tmp_path / "a.mat", matrices, names, shape=(1, 2, 2))
    found = read_mat(path, names="hIT | {subject} | Session: {session}")
    assert list(found.columns[:8]) == [
        "source", "stimulus", "layer", "layer_order", "metric", "measure", "subject", "session",
    ]  # fmt: skip
    by_name = found.set_index(["subject", "session"])
    for matrix, name in zip(matrices, names, strict=True):
        values = by_name.loc[name.split(" | ")[1], name[-1]].dissimilarity
        np.testing.assert_array_equal(values, squareform(matrix, checks=False))
        assert values.dtype == np.float64
    assert list(found.entries[0]) == IMAGES
    assert found.entries[0].names == ["image"]


def test_what_is_written_is_read_again(tmp_path):
    path = save(tmp_path / "a.mat", [rdm(), rdm(seed=1)], ["a | 1", "b | 2"])
    found = read_mat(path, names="{subject} | {session}")
    table.write(tmp_path / "a.nc", found)
    again = table.read(tmp_path / "a.nc", {"subject": "b"})
    np.testing.assert_array_equal(again.dissimilarity[0], found.dissimilarity[1])
    assert again.session.tolist() == ["2"]
    np.testing.assert_array_equal(table.matrix(again.iloc[0]), rdm(seed=1))


@pytest.mark.parametrize("as_vector", [lambda v: v, lambda v: v[None], lambda v: v[:, None]])
def test_vectors_of_pairs(tmp_path, as_vector):
    """MATLAB's pdist runs over pairs as SciPy's does, column by column below the diagonal."""
    below = [rdm()[i, j] for j in range(5) for i in range(j + 1, 5)]
    found = read_mat(save(tmp_path / "a.mat", [as_vector(np.array(below))], ["it"]))
    np.testing.assert_array_equal(found.dissimilarity[0], squareform(rdm(), checks=False))
    assert found.rdm_name.tolist() == ["it"]


def test_a_name_chooses_an_rdm_and_the_log_names_the_others(tmp_path, caplog):
    path = save(tmp_path / "a.mat", [rdm(), rdm(3)], ["mIT_674neurons", "hIT_316vx"])
    with caplog.at_level("INFO", "repscape"):
        found = read_mat(path, names="mIT_674neurons")
    assert len(found) == 1
    assert "'hIT_316vx'" in caplog.text
    with pytest.raises(DataError, match=r"names.*'V1'.*'RDMs', found: 'mIT_674neu"):
        read_mat(path, names="V1")


def test_other_fields(tmp_path):
    elements = np.array([[(rdm(), "a")]], [("matrix", object), ("title", object)])
    savemat(tmp_path / "a.mat", {"RDMs": elements})
    assert len(read_mat(tmp_path / "a.mat", rdm="matrix", named_by="title")) == 1
    with pytest.raises(DataError, match=r"field 'RDM'.*matrix, title"):
        read_mat(tmp_path / "a.mat")


def changed(change):
    matrix = rdm()
    change(matrix)
    return matrix


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (rdm(4), "4 .*'objects'.* 5"),
        (np.zeros(6), "4 .*'objects'.* 5"),
        (np.zeros(7), r"\(7,?\)"),
        (np.zeros((5, 4)), r"\(5, 4\)"),
        (np.zeros((5, 5, 2)), r"\(5, 5, 2\)"),
        (np.zeros((0, 0)), r"0 .*'objects'.* 5|\(0, 0\)"),
        (changed(lambda m: m.__setitem__((1, 2), 9)), "9 .*object_2 .*object_3 "),
        (changed(lambda m: m.__setitem__((3, 3), 0.2)), "0.2 .*object_4"),
        (1 - rdm(), "1 .*object_1.*similarities"),
        (changed(lambda m: m.__setitem__((0, 1), np.nan)), "1 values?"),
        ("text", "numbers"),
        (rdm() + 1j, "numbers"),
    ],
)
def test_what_is_no_rdm_of_the_images(tmp_path, matrix, said):
    path = save(tmp_path / "a.mat", [rdm(), matrix], ["good", "bad"])
    with pytest.raises(DataError, match=rf"(?s)a\.mat: RDMs\(2\), 'bad': .*({said})"):
        read_mat(path)


def test_rounding_is_no_mistake():
    matrix = rdm() + rng.uniform(-4e-5, 4e-5, (5, 5))
    values = condensed(matrix, IMAGES, "objects")
    np.testing.assert_array_equal(values, matrix[np.triu_indices(5, 1)])
    matrix[2, 0] += 4e-4
    with pytest.raises(DataError, match="symmetric"):
        condensed(matrix, IMAGES, "objects")


def test_small_dissimilarities_of_single_precision():
    """1 − r has the rounding of 1 on its diagonal, however small it is."""
    patterns = rng.normal(size=400) + 0.05 * rng.normal(size=(5, 400))
    patterns -= patterns.mean(1, keepdims=True)
    patterns = (patterns / np.linalg.norm(patterns, axis=1, keepdims=True)).astype(np.float32)
    matrix = 1 - patterns @ patterns.T
    assert matrix.max() < 0.004
    assert np.abs(np.diag(matrix)).max() > 1e-6 * matrix.max()
    np.testing.assert_allclose(
        condensed(matrix, IMAGES, "objects"), 1 - np.corrcoef(patterns)[np.triu_indices(5, 1)], atol=1e-6
    )


def test_all_mistakes_are_reported_at_once(tmp_path):
    path = save(tmp_path / "a.mat", [rdm(4), rdm(), np.ones((5, 5))], ["a", "b", "c"])
    with pytest.raises(DataError) as caught:
        read_mat(path)
    lines = str(caught.value).splitlines()[1:]
    assert [line.split(",")[1].split(":")[0] for line in lines] == [" 'a'", " 'c'"]


def test_two_rdms_of_the_same_labels(tmp_path):
    path = save(tmp_path / "a.mat", [rdm(), rdm()], ["a | 1", "a | 2"])
    with pytest.raises(DataError, match=r"RDMs\(2\), 'a \| 2':.*labels.*RDMs\(1\).*subject"):
        read_mat(path, names="{subject} | *")


@pytest.mark.parametrize("names", ["{layer}", "{image}", "{set} {subject}"])
def test_names_that_labels_cannot_have(names):
    with pytest.raises(ConfigError, match=names.partition("}")[0].strip("{")):
        mat_rdms.MatRdms(path="a.mat", variable="RDMs", names=names).check()


def test_a_name_that_can_be_read_in_two_ways(tmp_path):
    path = save(tmp_path / "a.mat", [rdm()], ["a_b_c"])
    with pytest.raises(DataError, match=r"'a_b_c'.*'.subject._.session.'.*ways"):
        read_mat(path, names="{subject}_{session}")


# files of their own


def test_npy_files_with_labels_in_their_paths(tmp_path):
    np.save(tmp_path / "BE_1.npy", rdm())
    np.save(tmp_path / "KO_1.npy", squareform(rdm(seed=1), checks=False))
    paths = [tmp_path / "BE_1.npy", tmp_path / "KO_1.npy"]
    plugin = rdms.Rdms(path=paths)
    plugin.path_labels = {path: {"subject": path.stem[:2], "session": "1"} for path in paths}
    found = to_table(plugin.read(), IMAGES, **KEYS)
    assert found.subject.tolist() == ["BE", "KO"]
    np.testing.assert_array_equal(found.dissimilarity[0], squareform(rdm(), checks=False))
    np.testing.assert_array_equal(found.dissimilarity[1], squareform(rdm(seed=1), checks=False))


@pytest.mark.parametrize("index", [True, False])
def test_tables_with_names_in_any_order(tmp_path, index):
    """As pandas writes them; entries come in the stimulus's order."""
    square = pd.DataFrame(rdm(), IMAGES, IMAGES)
    square.iloc[::-1, ::-1].to_csv(tmp_path / "BE.csv", index=index)
    found = to_table(rdms.Rdms(path=[tmp_path / "BE.csv"]).read(), IMAGES, **KEYS)
    np.testing.assert_allclose(found.dissimilarity[0], squareform(rdm(), checks=False), rtol=1e-15)
    assert found.rdm_name.tolist() == ["BE"]


@given(st.permutations(range(5)))
@settings(max_examples=20)
def test_any_order_of_names_gives_the_same(order):
    matrix = rdm()[np.ix_(order, order)]
    values = condensed(matrix, IMAGES, "objects", [IMAGES[at] for at in order])
    np.testing.assert_array_equal(values, squareform(rdm(), checks=False))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n0,1\n1,0\n", " 2 "),
        (
            "a,b,c,d,e\n" + "0,0,0,0,0\n" * 5,
            r"object_1; object_2; object_3.* 2.*b; c.* 2",
        ),
        (
            "object_1,object_1,object_3,object_4,object_5\n" + "0,0,0,0,0\n" * 5,
            "image 'object_1'",
        ),
        ("a,b\n0,1\n", r"a.csv:.*square table.*found 2 columns.* 1 rows"),
        ("a,b\n0,1\n1,0,0\n", r"line 3.* 3 columns.*first row.* 2"),
        ("a,b\n0,x\n1,0\n", r"a.csv:.*numbers.*first row"),
        (",a,b\na,0,1\nc,1,0\n", r"a\.csv"),
        (",a,b\na,0,1\n", r"a\.csv"),
        ("", r"a.csv:.*empty"),
        (
            "0,2,3\n2,0,4\n3,4,0\n",
            r"a\.csv:.*images' names.*first row.*numbers: 0, 2, 3",
        ),
    ],
)
def test_no_such_table(tmp_path, text, said):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=f"(?s){said}"):
        to_table(rdms.Rdms(path=[tmp_path / "a.csv"]).read(), IMAGES, **KEYS)


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY"])
def test_no_npy_file(tmp_path, content):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npy:.*\.npy file"):
        list(rdms.Rdms(path=[tmp_path / "a.npy"]).read())


def test_pickled_objects_are_not_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(DataError, match="Python objects"):
        list(rdms.Rdms(path=[tmp_path / "a.npy"]).read())


def test_another_kind_of_file(tmp_path):
    with pytest.raises(DataError, match=r"\.npy.*\.csv file"):
        list(rdms.Rdms(path=[tmp_path / "a.txt"]).read())


def test_labels_are_known_before_the_job():
    assert rdms.Rdms(path="a/{subject}_{session}.csv").labels() == ["session", "subject"]
    assert rdms.Rdms(path=["a.csv", "b.csv"]).labels() == ["rdm_name"]
    assert mat_rdms.MatRdms(path="a.mat", variable="RDMs", names="{subject} | *").labels() == ["subject"]
    with pytest.raises(ConfigError, match="same names in braces"):
        rdms.Rdms(path=["{subject}.csv", "b.csv"]).check()


# the 92 objects


def objects92(name):
    mirrors = os.environ.get("REPSCAPE_MIRROR", "").split(":")
    file = next((file for mirror in mirrors if mirror for file in Path(mirror).rglob(name)), None)
    if file is None:
        pytest.skip(f"REPSCAPE_MIRROR has no {name}")
    return file


OBJECTS = [f"object_{at:02d}" for at in range(1, 93)]


@pytest.mark.parametrize(
    ("name", "variable", "names", "labels"),
    [
        ("92_brainRDMs", "RDMs", "hIT | {subject} | Session: {session}", {"subject": 4, "session": 2}),
        ("92_behavRDMs", "rdms_behav_92", "simJudge | subject{subject}", {"subject": 16}),
        ("92_modelRDMs", "Models", "{model}", {"model": 8}),
        ("Kriegeskorte_Neuron2008_supplementalData", "RDMs_mIT_hIT_fig1", "mIT_{count}neurons", {"count": 1}),
    ],
)
def test_the_92_objects(name, variable, names, labels):
    names = names.replace("{count}", "{neurons}")
    read = mat_rdms.MatRdms(path=objects92(f"{name}.mat"), variable=variable, names=names).read()
    found = to_table(read, OBJECTS, **KEYS)
    assert len(found) == np.prod(list(labels.values()))
    for label, count in labels.items():
        assert found[label.replace("count", "neurons")].nunique() == count


def test_the_92_objects_agree_between_files():
    """Monkey IT is in two files, as a vector and as a matrix; the model of animacy is the factor."""
    original = objects92("Kriegeskorte_Neuron2008_supplementalData.mat")
    read = mat_rdms.MatRdms(path=original, variable="RDMs_mIT_hIT_fig1", names="mIT_674neurons").read()
    monkey = to_table(read, OBJECTS, **KEYS)
    models = to_table(
        mat_rdms.MatRdms(path=objects92("92_modelRDMs.mat"), variable="Models", names="{model}").read(),
        OBJECTS,
        **KEYS,
    ).set_index("model")
    np.testing.assert_array_equal(models.dissimilarity["monkeyIT"], monkey.dissimilarity[0])
    animate = np.arange(92) < 48
    apart = animate[:, None] != animate[None]
    np.testing.assert_array_equal(models.dissimilarity["animacy"], apart[np.triu_indices(92, 1)])
