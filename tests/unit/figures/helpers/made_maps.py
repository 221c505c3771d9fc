"""Made-up maps of RDMs, drawn, and what is seen in them."""

from itertools import combinations, product

import docutils.core
import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist

from repscape.analyses import mds as analysis
from repscape.figures import mds
from repscape.figures.lib.data import opened
from repscape.figures.lib.style import settings
from repscape.io import netcdf
from repscape.rdms.table import table as tables

OBJECTS, HUES = ("cup", "hat"), ("000", "090", "180", "270")
LAYERS = ("input", "conv2", "conv10", "fc1")


def pixels():
    """Pictures twice as wide as high, each of one grey: 10 × its number."""
    return np.stack([np.full((8, 16, 3), 10 * (at + 1), np.uint8) for at in range(8)])


def rdms(layers=LAYERS, sources=("net",), objects=OBJECTS, by_set=True, seed=0):
    """RDMs of the colours of each object, or of all images, in each layer."""
    generator = np.random.default_rng(seed)
    rows = []
    for source in sources:
        for obj in objects if by_set else ("",):
            points = generator.normal(size=(4 if by_set else 8, 2))
            for order, layer in enumerate(layers):
                points = points + 0.2 * generator.normal(size=points.shape)
                row = {"source": source, "stimulus": "shapes", "set": "colors" if by_set else ""}
                row |= {"obj": obj} if by_set else {}
                row |= {"layer": layer, "layer_order": order, "metric": "euclidean"}
                images = pd.Index([f"{o}_{h}" for o, h in product(OBJECTS, HUES)], name="image")
                row["entries"] = pd.Index(HUES, name="color") if by_set else images
                row["dissimilarity"] = pdist(points)
                rows.append(row)
    return pd.DataFrame(rows)


def draw_maps(tmp_path, table, keys=None, **parameters):
    """Compute maps of a table and draw them; return the figure, its caption and the maps."""
    tables.write(tmp_path / "rdms.nc", table)
    settings_ = {"seed": 0, "of": "colors", "method": "classical"} | (keys or {})
    result = analysis.Mds(**settings_).compute({"collection": [str(tmp_path / "rdms.nc")]})
    netcdf.write(
        tmp_path / "mds.nc", kind="analysis", variables=result.variables, attributes=result.attributes
    )
    netcdf.write(
        tmp_path / "shapes.nc",
        kind="stimulus",
        variables={
            "images": (("image", "y", "x", "channel"), pixels()),
            "name": (("image",), [f"{o}_{h}" for o, h in product(OBJECTS, HUES)]),
            "obj": (("image",), [o for o, _ in product(OBJECTS, HUES)]),
            "color": (("image",), [h for _, h in product(OBJECTS, HUES)]),
        },
        attributes={"stimulus": "shapes", "factors": ["obj", "color"]},
    )
    files = {"mds": str(tmp_path / "mds.nc"), "stimuli": [str(tmp_path / "shapes.nc")]}
    with opened(files) as data, settings():
        figure, caption = mds.Mds(**parameters).draw(data)
        assert_legible(figure)
        assert_paragraph(caption)
        return figure, caption, data["mds"].load()


def assert_legible(figure):
    """Texts neither cover each other nor leave the page."""
    renderer = figure.canvas.get_renderer() if hasattr(figure.canvas, "get_renderer") else None
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = {text: text.get_window_extent(renderer) for text in axes.texts if text.get_text()}
    width, height = figure.bbox.size
    for text, box in boxes.items():
        assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -1, text.get_text()
        assert text.get_fontsize() >= 5.5
    for (a, first), (b, second) in combinations(boxes.items(), 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        down = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert min(across, down) < 1.5, (a.get_text(), b.get_text())


def assert_paragraph(text):
    document = docutils.core.publish_doctree(text, settings_overrides={"warning_stream": False})
    assert [node.tagname for node in document.children] == ["paragraph"]
    assert text.endswith(".")
    assert "  " not in text


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def pictures(figure):
    """Which picture is shown, by its grey, its centre, width and height in mm."""
    found = []
    for image in figure.axes[0].images:
        left, right, bottom, top = image.get_extent()
        found.append(
            (
                int(image.get_array()[0, 0, 0]) // 10 - 1,
                np.array([(left + right) / 2, (bottom + top) / 2]),
                right - left,
                bottom - top,
            )
        )
    return found


def frames(figure):
    from matplotlib.colors import to_hex
    from matplotlib.patches import Rectangle

    patches = [p for p in figure.axes[0].patches if isinstance(p, Rectangle) and p.get_zorder() == 5.5]
    return [to_hex(patch.get_edgecolor()).upper() for patch in patches]


def dots(figure):
    from matplotlib.patches import Ellipse

    return [patch for patch in figure.axes[0].patches if isinstance(patch, Ellipse)]
