"""The default study as one would write it for once: one process, everything in memory, nothing kept.

    python tests/benchmarks/one_script.py FILES.json FOLDER [THREADS]

The peer of the cold default study in `speed.py`: the same images, networks, units, metrics, resamplings,
analyses and kinds of figures, by torch, torchvision, numpy, scikit-learn and matplotlib alone, in no more
generality than this study needs; it knows by heart what the study's config says. It is no slower than it need
be: the network runs in batches and in channels-last order, and both metrics come out of one matrix product.
FILES.json names the local files of each stimulus and of the weights. FOLDER gets the figures, as SVG and PNG,
and `numbers.npz`, by which `speed.py` sees that the numbers are those of the study.
"""

import hashlib
import json
import sys
from functools import cache
from pathlib import Path

import av
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image, ImageOps
from scipy.stats import rankdata
from sklearn.manifold import smacof
from torchvision.models import MobileNet_V2_Weights, mobilenet_v2

COUNT, SIDE, BATCH = 30, 256, 10
MOVIES = ("bikes", "bigbuckbunny", "carphone")
STIMULI = (*MOVIES, "pictures", "white_noise", "gratings")
SHOWN = {"mobilenet_v2": STIMULI, "untrained": ("bikes", "pictures", "white_noise")}
LAYERS = ("input", *(f"block{number}" for number in range(1, 20)), "avgpool1", "fc1", "predictions")
RECORDED = 100_000
SIZES = {"200": 100, "10000": 10, "100000": 1, "all": 1}  # and how often each is drawn
DRAWN = {"mobilenet_v2": ("200", "10000", "100000"), "untrained": ("10000",)}
POPULATIONS, METRICS = ("random", "filter_means"), ("sqeuclidean", "correlation")
# Layers whose RDMs are compared with each other; that are shown side by side, and in space
ALIKE = ("input", *(f"block{number}" for number in range(1, 20, 2)), "avgpool1", "fc1")
BESIDE, IN_SPACE = ("input", "block8", "block16", "fc1"), ("input", "block16", "fc1")
LABELS = dict.fromkeys((0, 2, 4, 18), "living") | dict.fromkeys((1, 8, 9), "texture")  # of the photographs
LABELS |= dict.fromkeys((5, 6, 7, 14, 16, 17), "made") | dict.fromkeys((3, 10, 11, 12, 13, 15), "science")
NOISE, TRAINED = STIMULI.index("white_noise"), 0
COLOURS = dict(zip(STIMULI, ("#D55E00", "#0072B2", "#009E73", "#E69F00", "#595959", "#CC79A7"), strict=True))
DASHES = {"200": ":", "10000": "-.", "100000": "-"}


def derive(*keys) -> int:
    """Return the seed of a draw from the keys of what is drawn, as the study does."""
    digest = hashlib.sha256("\0".join(map(str, keys)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


# ------------------------------------------------------------------------------------------- stimuli


def fitted(pixels: np.ndarray) -> np.ndarray:
    """Resize to the square, cutting off what is left over of the longer side."""
    height, width = pixels.shape[:2]
    shorter = min(height, width)
    height, width = int(SIDE * height / shorter), int(SIDE * width / shorter)
    resized = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))
    top, left = round((height - SIDE) / 2), round((width - SIDE) / 2)
    resized = resized[top : top + SIDE, left : left + SIDE]
    return resized if resized.ndim == 3 else np.repeat(resized[..., None], 3, axis=2)


def movie(path: str) -> list[np.ndarray]:
    with av.open(path) as container:
        total = sum(1 for _ in container.decode(video=0))
    wanted = {index * (total - 1) // (COUNT - 1) for index in range(COUNT)}
    with av.open(path) as container:
        aspect = container.streams.video[0].sample_aspect_ratio or 1  # carphone's pixels are wider than high
        frames = [frame for at, frame in enumerate(container.decode(video=0)) if at in wanted]
        return [square(frame.to_ndarray(format="rgb24"), aspect) for frame in frames]


def square(pixels: np.ndarray, aspect) -> np.ndarray:
    height, width = pixels.shape[:2]
    size = (round(width * aspect), height)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))


def picture(path: str) -> np.ndarray:
    image = ImageOps.exif_transpose(Image.open(path))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (128, 128, 128, 255)), image)
    return np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"))


def gratings() -> list[np.ndarray]:
    y, x = (np.mgrid[:SIDE, :SIDE] + 0.5 - SIDE / 2) / SIDE
    angles = np.deg2rad([180 * index / COUNT for index in range(COUNT)])
    waves = [np.sin(2 * np.pi * 8 * (x * np.sin(angle) + y * np.cos(angle))) for angle in angles]
    return [np.rint(np.round(127.5 * (1 + wave), 6)).astype(np.uint8) for wave in waves]


def stimuli(files: dict) -> tuple[dict, dict]:
    """Return the images of each stimulus, uint8 (image, y, x, 3), and the first one as it was before."""
    draw = np.random.default_rng(derive(0, "stimuli", "white_noise"))
    found = {name: movie(files[name][0]) for name in MOVIES}
    found["pictures"] = [picture(path) for path in files["pictures"]]
    found["white_noise"] = [draw.integers(0, 256, (SIDE, SIDE, 3), np.uint8) for _ in range(COUNT)]
    found["gratings"] = gratings()
    images = {name: np.stack([fitted(pixels) for pixels in found[name]]) for name in STIMULI}
    return images, {name: found[name][0] for name in STIMULI}


# ---------------------------------------------------------------------------------------- activations


def networks(weights: str) -> dict:
    trained = mobilenet_v2()
    trained.load_state_dict(torch.load(weights, weights_only=True))
    torch.manual_seed(derive(0, "networks", "untrained"))
    nets = {"mobilenet_v2": trained, "untrained": mobilenet_v2()}
    return {name: net.eval().to(memory_format=torch.channels_last) for name, net in nets.items()}


@cache
def recorded_units(layer: str, units: int) -> np.ndarray:
    draw = np.random.default_rng(derive(derive(0, "populations", "random"), layer))
    return np.sort(draw.choice(units, min(RECORDED, units), replace=False, shuffle=False))


def run(net, x: torch.Tensor):
    """Yield each layer's name and output."""
    yield "input", x
    for number, block in enumerate(net.features, 1):
        x = block(x)
        yield f"block{number}", x
    x = torch.nn.functional.adaptive_avg_pool2d(x, (1, 1))
    yield "avgpool1", x
    x = net.classifier(x.flatten(1))
    yield "fc1", x
    yield "predictions", x.softmax(1)


@torch.inference_mode()
def record(net, images: np.ndarray, preprocess) -> dict:
    """Return what is recorded of each population and layer, float32 (image, unit)."""
    found = {(population, layer): [] for population in POPULATIONS for layer in LAYERS}
    for start in range(0, len(images), BATCH):
        pixels = torch.from_numpy(images[start : start + BATCH]).permute(0, 3, 1, 2)
        for layer, output in run(net, preprocess(pixels).contiguous(memory_format=torch.channels_last)):
            units = torch.from_numpy(recorded_units(layer, output[0].numel()))
            found["random", layer].append(output.flatten(1)[:, units].numpy())
            means = output.mean((2, 3)) if output.ndim == 4 else output
            found["filter_means", layer].append(means.numpy())
    return {key: np.concatenate(parts) for key, parts in found.items()}


# ------------------------------------------------------------------------------------ RDMs and numbers


def rdms(activity: np.ndarray) -> np.ndarray:
    """Return the dissimilarities of both metrics, float64 (metric, pair), of activity (image, unit).

    All follows from one product: ‖x − y‖² = x·x + y·y − 2 x·y; covariances are products less those of means.
    """
    images, units = activity.shape
    activity = activity.astype(np.float64)
    product, means = activity @ activity.T / units, activity.mean(1)
    squares, covariance = product.diagonal(), product - np.outer(means, means)
    variance = squares.mean() - means.mean() ** 2
    sd = np.sqrt(covariance.diagonal())
    pairs = np.triu_indices(images, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        distances = (squares[:, None] + squares - 2 * product) / variance
        return np.stack([distances[pairs], 1 - (covariance / np.outer(sd, sd))[pairs]])


def draws(source: str, layer: str, size: str, recorded: int):
    """Yield the places of the drawn units among the recorded ones."""
    if int(size) >= recorded:
        yield slice(None)
        return
    draw = np.random.default_rng(derive(0, "samples", source, "random", layer, size))
    for _ in range(SIZES[size]):
        yield np.sort(draw.choice(recorded, int(size), replace=False, shuffle=False))


def numbers_of(source: str, activity: dict, found: np.ndarray) -> tuple[dict, dict]:
    """Fill in a stimulus's medians (layer, population, size, metric, repeat).

    Returns
    -------
    largest, averaged : dicts of layer to RDMs (metric, pair)
        Of most units; of 10,000, averaged over draws.
    """
    largest, averaged = {}, {}
    for at, layer in enumerate(LAYERS):
        values = activity["random", layer]
        for size in DRAWN[source]:
            made = []
            for repeat, units in enumerate(draws(source, layer, size, values.shape[1])):
                made.append(rdms(values[:, units]).astype(np.float32))
                found[at, 0, list(SIZES).index(size), :, repeat] = np.median(made[-1], axis=-1)
            largest[layer] = made[-1]
            if size == "10000":
                averaged[layer] = np.mean(made, axis=0, dtype=np.float64)
        if source == "mobilenet_v2":
            found[at, 1, -1, :, 0] = np.median(rdms(activity["filter_means", layer]), axis=-1)
    return largest, averaged


def alike(photographs: dict) -> np.ndarray:
    """Return 1 − Spearman's ρ between the photographs' RDMs of all layers of both networks, as a matrix."""
    return 1 - np.corrcoef([rankdata(photographs[source][layer][1]) for source in SHOWN for layer in ALIKE])


def square_of(values: np.ndarray) -> np.ndarray:
    """Return an RDM (pair,) as a matrix."""
    images = round((1 + np.sqrt(1 + 8 * len(values))) / 2)
    square = np.zeros((images, images))
    square[np.triu_indices(images, 1)] = values
    return square + square.T


def maps(photographs: dict) -> dict:
    """Place the photographs in a plane for some layers, each turned onto the one before."""
    found, before = {}, None
    for layer in IN_SPACE:
        distances = np.sqrt(np.maximum(square_of(photographs["mobilenet_v2"][layer][1]), 0))
        points, _ = smacof(distances, n_components=2, n_init=16, random_state=0, normalized_stress=False)
        points = points - points.mean(0)
        if before is not None:
            left, _, right = np.linalg.svd(points.T @ before)
            points = points @ left @ right
        found[layer] = before = points
    return found


# ------------------------------------------------------------------------------------------- figures


def save(figure: Figure, folder: Path, name: str) -> None:
    figure.savefig(folder / f"{name}.svg", dpi=200)
    figure.savefig(folder / f"{name}.png", dpi=300)


def page(height: float, rows: int = 1, columns: int = 1, **keywords):
    figure = Figure(figsize=(7.1, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **keywords)


def depth(axes) -> None:
    axes.set_xticks(range(len(LAYERS)), LAYERS, rotation=60, ha="right")
    axes.set_xlabel("layer, from input to output")


def key(figure: Figure) -> None:
    marks = [Line2D([], [], color=colour) for colour in COLOURS.values()]
    figure.legend(marks, list(COLOURS), loc="outside right upper")


def draw_preprocessing(images, originals, preprocess):
    figure, axes = page(8, len(STIMULI), 6)
    for row, name in zip(axes, STIMULI, strict=True):
        shown = preprocess(torch.from_numpy(images[name][:1]).permute(0, 3, 1, 2))[0].numpy()
        pictures = originals[name], images[name][0], images[name][0][16:240, 16:240]
        for one, pixels in zip(row[:3], pictures, strict=True):
            one.imshow(pixels, cmap="gray")
        for one, channel in zip(row[3:], shown, strict=True):
            one.imshow(channel, cmap="RdBu_r", vmin=-2.7, vmax=2.7)
            one.set_xlabel(f"{channel.min():.1f} to {channel.max():.1f}")
        row[0].set_ylabel(name)
        for one in row:
            one.set(xticks=[], yticks=[])
    return figure


def draw_labels(images, categories, predictions):
    figure, axes = page(9, len(STIMULI), 5)
    for row, name in zip(axes, STIMULI, strict=True):
        for one, at in zip(row, np.linspace(0, len(images[name]) - 1, 5).round().astype(int), strict=True):
            best = np.argsort(-predictions[name][at])[:3]
            one.imshow(images[name][at])
            one.set_xlabel("\n".join(f"{categories[c][:18]} {predictions[name][at][c]:.2f}" for c in best))
            one.set(xticks=[], yticks=[])
        row[0].set_ylabel(name)
    return figure


def draw_by_depth(values, label):
    """Draw values (stimulus, layer, size, repeat)."""
    figure, axes = page(3.5)
    for name, of_stimulus in zip(STIMULI, values, strict=True):
        for size, dash in DASHES.items():
            here = of_stimulus[:, list(SIZES).index(size)]
            mean, spread = np.nanmean(here, -1), np.nanstd(here, -1, ddof=1)
            axes[0, 0].fill_between(range(23), mean - spread, mean + spread, color=COLOURS[name], alpha=0.2)
            axes[0, 0].plot(mean, dash, color=COLOURS[name], marker="o" if size == "100000" else None, ms=2)
    axes[0, 0].set_ylabel(label)
    depth(axes[0, 0])
    key(figure)
    return figure


def draw_rdms(largest):
    chosen = [LAYERS[at] for at in np.linspace(0, len(LAYERS) - 1, 6).round().astype(int)]
    figure, axes = page(7, len(STIMULI), 6)
    for column, layer in zip(axes.T, chosen, strict=True):
        top = max(np.nanmax(largest[name][layer][1]) for name in STIMULI)
        for one, name in zip(column, STIMULI, strict=True):
            drawn = one.imshow(square_of(largest[name][layer][1]), vmin=0, vmax=top, interpolation="none")
            one.set(xticks=[], yticks=[])
            one.set_ylabel(name if layer == "input" else "")
        column[0].set_title(layer)
        figure.colorbar(drawn, ax=column, location="bottom")
    return figure


def draw_beside(photographs):
    order = sorted(LABELS, key=LABELS.get)
    figure, axes = page(4, 2, 4)
    for row, source in zip(axes, SHOWN, strict=True):
        for one, layer in zip(row, BESIDE, strict=True):
            ranks = 100 * square_of(rankdata(photographs[source][layer][1])) / 171
            drawn = one.imshow(ranks[np.ix_(order, order)], vmin=0, vmax=100, interpolation="none")
            one.set(xticks=[], title=f"{source} · {layer}")
            one.set_yticks(range(19), [LABELS[at] for at in order], fontsize=5)
    figure.colorbar(drawn, ax=axes, location="bottom")
    return figure


def draw_maps(points, pictures):
    figure, axes = page(3, 1, 3)
    colours = dict(zip(sorted(set(LABELS.values())), COLOURS.values(), strict=False))
    for one, layer in zip(axes[0], IN_SPACE, strict=True):
        for at, (x, y) in enumerate(points[layer]):
            one.imshow(pictures[at], extent=(x - 0.05, x + 0.05, y - 0.05, y + 0.05))
            one.plot(x, y, "s", ms=11, mfc="none", mec=colours[LABELS[at]])
        one.set(xticks=[], yticks=[], title=layer, xlim=(-1, 1), ylim=(-1, 1))
    figure.legend(
        [Line2D([], [], color=colour) for colour in colours.values()],
        list(colours),
        loc="outside lower center",
        ncols=4,
    )
    return figure


def draw_alike(values):
    figure, axes = page(6)
    drawn = axes[0, 0].imshow(values, interpolation="none")
    names = [f"{layer}" for _ in SHOWN for layer in ALIKE]
    axes[0, 0].set_xticks(range(len(names)), names, rotation=90)
    axes[0, 0].set_yticks(range(len(names)), names)
    figure.colorbar(drawn)
    return figure


def draw_trained(values):
    """Draw values (source, stimulus, layer) of both networks."""
    figure, axes = page(3, 1, 2)
    for name in SHOWN["untrained"]:
        trained, untrained = values[:, STIMULI.index(name)]
        axes[0, 0].plot(trained, color=COLOURS[name])
        axes[0, 0].plot(untrained, "--", color=COLOURS[name])
        axes[0, 1].plot(trained / untrained, color=COLOURS[name])
    axes[0, 1].set_yscale("log")
    for one in axes[0]:
        depth(one)
    key(figure)
    return figure


# --------------------------------------------------------------------------------------------- study


def main(files: dict, folder: Path, threads: int = 2) -> None:
    torch.set_num_threads(threads)
    images, originals = stimuli(files)
    weights = MobileNet_V2_Weights.IMAGENET1K_V1
    preprocess, categories = weights.transforms(), weights.meta["categories"]
    dims = (len(SHOWN), len(STIMULI), len(LAYERS), len(POPULATIONS), len(SIZES), 2, max(SIZES.values()))
    values = np.full(dims, np.nan)
    largest, predictions = {}, {}
    photographs = {}
    for at, (source, net) in enumerate(networks(files["mobilenet_v2"][0]).items()):
        for name in SHOWN[source]:
            activity = record(net, images[name], preprocess)
            of_most, averaged = numbers_of(source, activity, values[at, STIMULI.index(name)])
            if name == "pictures":
                photographs[source] = averaged
            if at == TRAINED:
                largest[name], predictions[name] = of_most, activity["random", "predictions"]
    normalised = values / values[:, [NOISE]]
    made = np.isfinite(values).sum(-1)
    mean = np.nansum(values, -1) / np.where(made, made, np.nan)
    top = {name: np.argsort(-p, axis=1, kind="stable")[:, :5] for name, p in predictions.items()}
    between = alike(photographs)

    by_size = values[TRAINED, :, :, 0, :, 0]
    figures = {
        "predicted_labels": draw_labels(images, categories, predictions),
        "preprocessing_gallery": draw_preprocessing(images, originals, preprocess),
        "differentiation_by_depth": draw_by_depth(by_size, "differentiation D"),
        "differentiation_normalised": draw_by_depth(normalised[TRAINED, :, :, 0, :, 0], "D / D of noise"),
        "trained_untrained": draw_trained(mean[:, :, :, 0, list(SIZES).index("10000"), 0]),
        "rdm_gallery": draw_rdms(largest),
        "rdms_side_by_side": draw_beside(photographs),
        "photographs_in_space": draw_maps(maps(photographs), images["pictures"]),
        "layer_by_layer": draw_alike(between),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        save(figure, folder, name)
    np.savez(
        folder / "numbers.npz",
        differentiation=values,
        normalised=normalised,
        photographs=[[photographs[source][layer][1] for layer in LAYERS] for source in SHOWN],
        layers_alike=between[np.triu_indices(len(between), 1)],
        **{f"top_{name}": np.array(categories)[places] for name, places in top.items()},
    )


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), *map(int, sys.argv[3:]))
