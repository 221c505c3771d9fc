"""Figures of made-up studies: their files, drawing and rendering them as the workflow does."""

import numpy as np
import pytest
from coding import LAYERS, written
from made_study import FIVE, FOUR, Results, placed
from trained_study import Trained

from repscape.figures.lib.data import opened
from repscape.figures.lib.render import render
from repscape.figures.lib.style import settings
from repscape.plugin import registry


@pytest.fixture
def results(tmp_path):
    """A maker of made-up studies."""
    return lambda **options: Results(tmp_path, **options)


@pytest.fixture
def pairs(results):
    """A made-up study of four stimuli of eight images, with RDMs."""
    study = results(stimuli=FOUR, layers=FIVE)
    study.images = dict.fromkeys(FOUR, 8)
    study.samples = {"random": ("100000",)}
    return study.differentiation().rdms()


def figure_files(study, name, **parameters):
    """Check a figure's parameters, and name the files of a study that it reads."""
    plugin = registry.find("figures", name)(**parameters)
    plugin.check()
    return plugin.inputs(study)


def drawing(results, name, **parameters):
    """Draw a figure of a made-up study as the workflow does, without saving it: figure and caption."""
    plugin = registry.find("figures", name)(**parameters)
    if plugin.shows_stimuli:
        plugin.style = results.style
    with opened(placed(results.root, plugin.inputs(results.study))) as data, settings():
        return plugin.draw(data)[:2]


def rendering(results, name, **parameters):
    """Render a figure of a made-up study as the workflow does; return where its data are."""
    plugin = registry.find("figures", name)(**parameters)
    outputs = {"svg": "svg", "png": "png", "caption": "rst"} | ({"data": "nc"} if plugin.saves_data else {})
    paths = {
        key: results.root / results.study.path("figure", figure=name, format=suffix)
        for key, suffix in outputs.items()
    }
    files = placed(results.root, plugin.inputs(results.study))
    render(plugin, files, results.style.colours if plugin.shows_stimuli else None, name=name, **paths)
    return paths.get("data")


def artists_by_name(figure, kind):
    """Return the artists of a kind (``lines``, ``images``, …) that have an identifier, by it."""
    return {one.get_gid(): one for axes in figure.axes for one in getattr(axes, kind) if one.get_gid()}


@pytest.fixture(scope="session")
def artists():
    return artists_by_name


@pytest.fixture
def inputs():
    return figure_files


@pytest.fixture
def draw():
    return drawing


@pytest.fixture
def rendered():
    return rendering


@pytest.fixture(scope="session")
def results_class():
    return Results


@pytest.fixture(scope="session")
def responses(tmp_path_factory, responded_class, tuned_to):
    """Responses of two networks and of a recording with repeats to gratings."""
    made = responded_class(tmp_path_factory.mktemp("coding"), images=18)
    for source in ("alexnet", "alexnet_untrained"):
        for order, layer in enumerate(LAYERS):
            noise = 0.1 + 0.3 * order + 2 * ("un" in source)
            made.layer(source, layer, tuned_to(made.angle, 30, noise, seed=order), order=order)
    image = np.repeat(np.arange(18), 4)
    response = tuned_to(made.angle[image], 40, 0.3)
    response[:, 0] = 1
    made.target = made.area("mouse", "V1", response, image)
    return made


@pytest.fixture(scope="session")
def decoded(responses):
    from repscape.analyses import angle_decoding

    result = angle_decoding.AngleDecoding(permutations=19, seed=1, epochs=80, hidden=8).compute(
        responses.files
    )
    return written(responses.root / "decoded.nc", result)


@pytest.fixture(scope="session")
def encoded(responses):
    from repscape.analyses import encoding

    files = {"recording": responses.target, "predictors": responses.activations[:-1]}
    return written(responses.root / "encoded.nc", encoding.Encoding(resamples=100, seed=1).compute(files))


@pytest.fixture
def trained(results):
    return Trained(results(), "net", "other")
