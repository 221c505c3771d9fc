"""`open_study`: what it gives equals the files, read by xarray directly; of what the config has alone."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray
from scipy.spatial.distance import squareform

import repscape


@pytest.fixture
def results(finished):
    return finished.folder / "results/small"


@pytest.fixture
def study(finished):
    return repscape.open_study(finished.folder)


def test_it_says_what_there_is(study, results):
    assert study.folder == results
    assert study.stimuli == ["gratings", "pictures", "white_noise"]
    assert study.sources == ["squeezenet"]
    assert set(study.populations) == {"random", "filter_means"}
    assert study.analyses == ["differentiation"]
    assert study.figures == ["differentiation_by_depth", "layer_table", "rdm_gallery"]
    for word in ("small", "gratings", "squeezenet (4 layers)", "rdm_gallery", "differentiation"):
        assert word in repr(study)
    assert repscape.open_study(str(results)).name == "small"


def test_rdms_are_those_of_the_files(study, results):
    found = study.rdms(stimulus="gratings", size=20)
    assert dict(found.sizes) == {"layer": 4, "metric": 2, "repeat": 3, "image": 4, "image_other": 4}
    for layer in ("input", "conv1", "relu2", "predictions"):
        path = results / f"rdms/squeezenet/gratings/random/{layer}/n20.nc"
        with xarray.open_dataset(path) as file:
            for metric in ("sqeuclidean", "correlation"):
                for repeat in range(3):
                    expected = file["dissimilarity"].sel(metric=metric, repeat=repeat).values.astype(float)
                    one = found.sel(layer=layer, metric=metric, repeat=repeat)
                    np.testing.assert_array_equal(one, squareform(expected))
            names = [file["name_i"].values[0], *file["name_j"].values[:3]]
    assert found["image"].values.tolist() == found["image_other"].values.tolist() == names


def test_by_default_it_is_the_first_sampled_population_at_its_largest_size(study):
    found = study.rdms("conv1", stimulus="gratings", metric="correlation")
    assert found.dims == ("image", "image_other")
    assert (found["population"], found["size"], found["source"]) == ("random", "100", "squeezenet")
    means = study.rdms("conv1", stimulus="gratings", metric="correlation", population="filter_means")
    assert means["size"] == "all"
    several = study.rdms(["conv1", "input"], stimulus="gratings", size=[20, 100], repeat=0)
    assert set(several.sizes) == {"layer", "size", "metric", "image", "image_other"}


def test_factors_of_images_are_labels(study, results):
    square = study.rdms("conv1", stimulus="gratings", metric="correlation")
    vector = study.rdms("conv1", stimulus="gratings", metric="correlation", square=False)
    with xarray.open_dataset(results / "stimuli/gratings.nc") as file:
        angle = file["orientation"].values.tolist()
    assert square["orientation"].values.tolist() == square["orientation_other"].values.tolist() == angle
    first, second = np.triu_indices(4, 1)
    assert vector["orientation_i"].values.tolist() == [angle[at] for at in first]
    assert vector["orientation_j"].values.tolist() == [angle[at] for at in second]
    np.testing.assert_array_equal(squareform(vector), square)
    assert repscape.compare(square, vector).item() == pytest.approx(1)


def test_activity_is_that_of_the_files(study, results):
    found = study.activations(stimulus="pictures")
    assert list(found) == ["input", "conv1", "relu2", "predictions"]
    with xarray.open_dataset(results / "activations/squeezenet/pictures/random/conv1.nc") as file:
        np.testing.assert_array_equal(found["conv1"], file["activation"])
        np.testing.assert_array_equal(found["conv1"]["channel"], file["channel"])
        assert found["conv1"]["image"].values.tolist() == file["name"].values.tolist()
        assert found["conv1"].attrs == file.attrs
    one = study.activations("conv1", stimulus="pictures", population="filter_means")
    assert one.sizes["unit"] == 64
    rdm = repscape.rdm(one, "correlation")
    of_study = study.rdms("conv1", stimulus="pictures", metric="correlation", population="filter_means")
    np.testing.assert_array_equal(rdm, of_study)
    assert repscape.rdms(study.activations(["conv1"], stimulus="pictures"))["layer_order"].item() > 0


def test_pictures_layers_and_analyses_are_those_of_the_files(study, results):
    with xarray.open_dataset(results / "stimuli/pictures.nc") as file:
        pictures = study.pictures("pictures")
        np.testing.assert_array_equal(pictures, file["images"])
        assert (
            pictures["image"].values.tolist()
            == file["name"].values.tolist()
            == ["a.png", "b.png", "c.png", "d.png"]
        )
        assert pictures.dtype == np.uint8
    layers = study.layers()
    with xarray.open_dataset(results / "networks/squeezenet/layers.nc") as file:
        expected = file.sel(layer=layers["layer"].tolist())
        for column in ("order", "node", "units", "height"):
            assert layers[column].tolist() == expected[column].values.tolist()
    assert layers.index.tolist() == ["input", "conv1", "relu2", "predictions"]
    with xarray.open_dataset(results / "analyses/differentiation.nc") as file:
        xarray.testing.assert_identical(study.analysis("differentiation"), file)
        xarray.testing.assert_identical(study.differentiation(), file)
    table = study.analysis("differentiation", table=True)
    pd.testing.assert_frame_equal(table, pd.read_csv(results / "analyses/differentiation.csv"))
    of_rdms = repscape.differentiation(study.rdms(stimulus="gratings", size=20))
    of_file = study.differentiation()["differentiation"].sel(
        source="squeezenet", stimulus="gratings", population="random", size="20"
    )
    np.testing.assert_allclose(of_rdms.transpose("layer", "metric", "repeat"), of_file)


def test_figures_are_shown_with_caption_and_data(study, results):
    figure = study.figure("rdm_gallery")
    assert figure._repr_png_() == (results / "figures/rdm_gallery.png").read_bytes()
    assert figure.caption == (results / "figures/rdm_gallery.rst").read_text().strip()
    assert set(figure.data.children) == {"gratings", "pictures", "white_noise"}
    assert study.figure("layer_table").data is None


def test_images_of_their_own_sizes_are_a_list(tmp_path):
    from repscape.api.study import Study
    from repscape.api.study_files import StudyFiles
    from repscape.io import netcdf

    pixels = np.arange(3 * 10, dtype=np.uint8).reshape(10, 3)
    variables = {
        "pixels": (("pixel", "channel"), pixels), "first_pixel": (("image",), np.array([0, 4])),
        "image_height": (("image",), np.array([2, 3])), "image_width": (("image",), np.array([2, 2])),
        "name": (("image",), ["a", "b"]), "channel": (("channel",), ["R", "G", "B"]),
    }  # fmt: skip
    netcdf.write(tmp_path / "stimuli/s.nc", kind="stimulus", variables=variables)
    first, second = Study(StudyFiles(tmp_path, {"stimuli": ["s"]})).pictures()
    np.testing.assert_array_equal(first, pixels[:4].reshape(2, 2, 3))
    np.testing.assert_array_equal(second, pixels[4:].reshape(3, 2, 3))


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda s: s.rdms("conv1"), "gratings, pictures, white_noise"),
        (lambda s: s.rdms("conv9", stimulus="gratings"), r"'conv9'.*'conv1'"),
        (lambda s: s.rdms(stimulus="grating"), r"'grating'.*'gratings'"),
        (lambda s: s.rdms(stimulus="gratings", source="vgg"), "vgg.*squeezenet"),
        (lambda s: s.rdms(stimulus="gratings", size=7), r"'7'.*20, 100"),
        (lambda s: s.rdms(stimulus="gratings", metric="cosine"), r"^metric.*'cosine'.*correlation"),
        (lambda s: s.rdms(stimulus="gratings", repeat=5), r"^repeat.*'5'"),
        (lambda s: s.rdms(stimulus="gratings", sets="colors"), r"^set.*'colors'"),
        (lambda s: s.rdms(stimulus="gratings", population="al"), r"^population.*'al'"),
        (lambda s: s.activations("conv9", stimulus="gratings"), "conv9"),
        (lambda s: s.analysis("mds"), "'mds'.*differentiation"),
        (lambda s: s.figure("mds"), "'mds'.*rdm_gallery"),
        (lambda s: s.layers("vgg"), "'vgg'"),
        (lambda s: s.pictures("movies"), "'movies'"),
    ],
)
def test_what_the_study_does_not_have_is_refused(study, ask, said):
    with pytest.raises(ValueError, match=said):
        ask(study)


def test_leftovers_of_older_configs_are_not_shown(project):
    config = project.config
    del config["stimuli"]["pictures"], config["figures"]["rdm_gallery"]
    config["networks"]["squeezenet"]["layers"] = ["input", "conv1"]
    config["samples"] = [{"population": "random", "sizes": [20], "repeats": [3]}]
    project.write_config(config)
    project.run()
    assert (project.folder / "results/small/figures/rdm_gallery.png").exists()
    study = repscape.open_study(project.folder)
    assert (study.stimuli, study.figures) == (
        ["gratings", "white_noise"],
        ["differentiation_by_depth", "layer_table"],
    )
    assert study.rdms(stimulus="gratings")["layer"].values.tolist() == ["input", "conv1"]
    for ask in (
        lambda: study.figure("rdm_gallery"),
        lambda: study.pictures("pictures"),
        lambda: study.activations("relu2", stimulus="gratings"),
        lambda: study.rdms(stimulus="gratings", size=100),
        lambda: study.rdms(stimulus="gratings", population="filter_means"),
    ):
        with pytest.raises(ValueError, match="unknown"):
            ask()


def test_what_is_not_made_or_damaged_is_said(project, tmp_path):
    study = repscape.open_study(project.folder)
    results = study.folder
    (results / "activations/squeezenet/gratings/random/conv1.nc").unlink()
    with pytest.raises(ValueError, match=r"conv1\.nc.*not made"):
        study.activations("conv1", stimulus="gratings")
    path = results / "analyses/differentiation.nc"
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(ValueError, match=r"differentiation\.nc"):
        study.differentiation()
    for folder, said in ((tmp_path / "none", "found none"), (project.folder / "workflow", "found none")):
        with pytest.raises(ValueError, match=said):
            repscape.open_study(folder)
    other = project.folder / "results/other"
    other.mkdir()
    (other / "study.json").write_text(json.dumps({"rdms": []}))
    with pytest.raises(ValueError, match=r"several.*results/other"):
        repscape.open_study(project.folder)
    with pytest.raises(ValueError, match="earlier version"):
        repscape.open_study(other)
    with pytest.raises(TypeError, match="3"):
        repscape.open_study(3)
