"""The figure of predicted labels shows the most probable classes of each image."""

import netCDF4
import numpy as np
import pytest
import xarray as xr
from legible import assert_mentions
from made_study import SMALL

from repscape.core.errors import ConfigError, DataError


def test_predictions_stand_under_their_own_images(results, draw, artists):
    made = results().stimulus_files().predictions()
    figure, caption = draw(made, "predicted_labels", stimuli=["carphone", "pictures"], images=4, top=2)
    path = made.root / made.study.path("stimulus", stimulus="pictures")
    with xr.open_dataset(path) as stimulus:
        pixels = stimulus.images.values
    chosen = [0, 6, 12, 19]  # of 20, evenly
    shown = artists(figure, "images")
    assert [gid for gid in shown if gid.startswith("pictures")] == [f"pictures/{i}" for i in chosen]
    with xr.open_dataset(made.root / made.study.path("analysis", analysis="predictions")) as predictions:
        found = predictions.sel(source="mobilenet_v2", stimulus="pictures").load()
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    for i in chosen:
        image = shown[f"pictures/{i}"]
        np.testing.assert_array_equal(image.get_array(), pixels[i])
        left, _, bottom, _ = image.get_extent()
        beneath = [
            t for t in texts if 0 <= t.get_position()[0] - left < 1 and 0 < t.get_position()[1] - bottom < 3
        ]
        expected = f"{float(found.probability[i, 0]):.2f} {found.label.values[i, 0]}"
        first = min(beneath, key=lambda text: text.get_position()[1]).get_text()
        assert expected.startswith(first.removesuffix("…").rstrip())
    assert_mentions(caption, "4 ", "2 most probable")


def test_predictions_of_other_images_are_refused(results, draw):
    made = results().stimulus_files("{}-{}").predictions()
    with pytest.raises(DataError, match=r"images.*image 0"):
        draw(made, "predicted_labels")


def test_captions_say_what_numbers_of_classes_are(results, draw):
    made = results(stimuli=("bikes", "white_noise"), layers=SMALL).stimulus_files().predictions()
    said = "Classes without names are numbered by the network's output, from 0."
    assert said not in draw(made, "predicted_labels")[1]
    path = made.root / made.study.path("analysis", analysis="predictions")
    with netCDF4.Dataset(path, "a") as file:
        labels = file["label"][:]
        labels[:, :, 0, 0] = "557"  # of the first image, which is shown
        file["label"][:] = labels
    figure, caption = draw(made, "predicted_labels")
    assert said in caption
    words = [text.get_text() for text in figure.axes[0].texts]
    assert [text for text in words if text.endswith(" class 557")]
    made.layer_tables().activations("filter_means")
    said = "Classes without names are numbered by the network's output, from 0."
    assert said not in draw(made, "prediction_heatmap", classes=4)[1]
    path = made.root / made.study.path("layers", source="mobilenet_v2")
    with netCDF4.Dataset(path, "a") as file:
        file.renameVariable("category", "other")
    assert said in draw(made, "prediction_heatmap", classes=4)[1]


def test_predictions_need_a_network_that_classifies(results, inputs):
    with pytest.raises(ConfigError, match=r"source: .*'predictions'"):
        inputs(results(layers=("input", "block1")).study, "predicted_labels")
