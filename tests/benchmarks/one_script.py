"""The default study as one would write it for once: one process, everything in memory, nothing kept.

    python tests/benchmarks/one_script.py FILES.json FOLDER [THREADS]

The peer of the cold default study in `speed.py`: the same images, networks, units, metrics, resamplings,
analyses and kinds of figures, by torch, torchvision, numpy and matplotlib alone, in no more generality than
this study needs; it knows by heart what the study's config says. It is no slower than it need be: the network
runs in batches and in channels-last order, and both metrics come out of one matrix product. FILES.json names
the local files of each stimulus and of the weights. FOLDER gets the figures, as SVG and PNG, and
`numbers.npz`, by which `speed.py` sees that the numbers are those of the study.
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
from torchvision.models import MobileNet_V2_Weights, mobilenet_v2

COUNT, SIDE, BATCH = 30, 256, 10
MOVIES = ("bikes", "bigbuckbunny", "carphone")
STIMULI = (*MOVIES, "pictures", "white_noise", "gratings")
SHOWN = {"mobilenet_v2": STIMULI, "untrained": ("bikes", "white_noise")}
LAYERS = ("input", *(f"block{number}" for number in range(1, 20)), "avgpool1", "fc1", "predictions")
RECORDED = 100_000
SIZES = {"200": 100, "10000": 10, "100000": 1, "all": 1}  # and how often each is drawn
DRAWN = {"mobilenet_v2": ("200", "10000", "100000"), "untrained": ("10000",)}
POPULATIONS, METRICS = ("random", "filter_means"), ("sqeuclidean", "correlation")
PERMUTATIONS = 1000
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


def numbers_of(source: str, activity: dict, found: np.ndarray) -> dict:
    """Fill in a stimulus's medians (layer, population, size, metric, repeat); return the largest RDMs."""
    largest = {}
    for at, layer in enumerate(LAYERS):
        values = activity["random", layer]
        for size in DRAWN[source]:
            for repeat, units in enumerate(draws(source, layer, size, values.shape[1])):
                rdm = rdms(values[:, units])
                found[at, 0, list(SIZES).index(size), :, repeat] = np.median(rdm, axis=-1)
            largest[layer] = rdm
        if source == "mobilenet_v2":
            found[at, 1, -1, :, 0] = np.median(rdms(activity["filter_means", layer]), axis=-1)
    return largest


def regress(x: np.ndarray, y: np.ndarray) -> dict:
    """Regress along the last axis."""
    dx, dy = x - x.mean(-1, keepdims=True), y - y.mean(-1, keepdims=True)
    xx, yy, xy = (dx**2).sum(-1), (dy**2).sum(-1), (dx * dy).sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = xy / xx
        return {"r": xy / np.sqrt(xx * yy), "slope": slope, "icept": y.mean(-1) - slope * x.mean(-1)}


def sd_cd(values: np.ndarray) -> dict:
    """Regress differentiation (layer, …, stimulus) on that of the input; also with each stimulus left out."""
    fit = regress(values[:1], values)
    left = [regress(*(np.delete(v, at, -1) for v in (values[:1], values)))["r"] ** 2 for at in range(6)]
    return fit | {"r2_low": np.min(left, axis=0), "r2_high": np.max(left, axis=0)}


def distances(largest: dict) -> dict:
    """Regress each layer's dissimilarities on the input's, by stimulus and pooled, with permutations."""
    r, p = np.full((2, len(STIMULI), len(LAYERS), 2), np.nan)
    cross, within = np.zeros((2, PERMUTATIONS, len(LAYERS))), np.zeros((2, 3, len(LAYERS)))
    for at, stimulus in enumerate(STIMULI):
        values = np.stack([largest[stimulus][layer] for layer in LAYERS], axis=1)  # (metric, layer, pair)
        images = round((1 + np.sqrt(1 + 8 * values.shape[-1])) / 2)
        first, second = np.triu_indices(images, 1)
        for metric in range(2):
            centred = values[metric] - values[metric].mean(-1, keepdims=True)
            square = np.zeros((images, images))
            square[first, second] = square[second, first] = centred[0]
            seed = derive(derive(0, "analyses", "distances"), stimulus)
            draw = np.random.default_rng(derive(seed, "orders of entries", images))
            order = np.array([draw.permutation(images) for _ in range(PERMUTATIONS)])
            shuffled = square[order[:, first], order[:, second]] @ centred.T
            xx, yy, xy = (centred[0] ** 2).sum(), (centred**2).sum(-1), centred @ centred[0]
            r[at, :, metric] = xy / np.sqrt(xx * yy)
            at_least = np.abs(shuffled) >= np.abs(xy) - 1e-10 * np.sqrt(xx * yy)
            p[at, :, metric] = (1 + at_least.sum(0)) / (1 + PERMUTATIONS)
            cross[metric] += shuffled
            within[metric] += [xy, np.full(len(yy), xx), yy]
    pooled = np.concatenate(
        [np.stack([largest[name][layer] for layer in LAYERS], axis=1) for name in STIMULI], -1
    )
    fit = regress(pooled[:, :1], pooled)
    inner = within[:, 0] / np.sqrt(within[:, 1] * within[:, 2])
    null = np.abs(cross) / np.sqrt(within[:, 1] * within[:, 2])[:, None]
    most = null[..., 1:].max(-1)
    together = (1 + (most[..., None] >= np.abs(inner)[:, None]).sum(1)) / (1 + PERMUTATIONS)
    return {"r": r, "p": p, "pooled": fit, "within": inner, "p_layers": together, "distances": pooled}


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


def draw_layers(units: dict):
    figure = Figure(figsize=(7.1, 5))
    axes = figure.subplots()
    axes.axis("off")
    rows = [(str(at), layer, f"{units[layer]:,}") for at, layer in enumerate(LAYERS)]
    axes.table(cellText=rows, colLabels=("", "layer", "units recorded"), loc="center")
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


def draw_heatmap(predictions, categories):
    every = np.concatenate([predictions[name] for name in STIMULI])
    best = np.sort(np.argsort(-every.max(0))[:40])
    heights = [len(predictions[name]) for name in STIMULI]
    figure, axes = page(7, len(STIMULI), 1, sharex=True, height_ratios=heights)
    for one, name in zip(axes.flat, STIMULI, strict=True):
        drawn = one.imshow(predictions[name][:, best], aspect="auto", vmin=0, vmax=1, interpolation="none")
        one.set_ylabel(name)
    one.set_xticks(range(40), [categories[c][:20] for c in best], rotation=90)
    figure.colorbar(drawn, ax=axes)
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


def draw_sampling(values, units):
    figure = Figure(figsize=(7.1, 6), layout="constrained")
    panels = figure.subplot_mosaic([["depth", "depth"], ["size", "law"]])
    variation = 100 * np.nanstd(values, -1, ddof=1) / np.nanmean(values, -1)  # (stimulus, layer, size)
    recorded = np.array([units[layer] for layer in LAYERS])
    expected = np.stack([np.sqrt(np.maximum(1 - n / recorded, 0) / n) for n in (200, 10_000)], axis=1)
    for name, here in zip(STIMULI, variation, strict=True):
        for column, dash in enumerate((":", "-")):
            panels["depth"].plot(here[:, column], dash, color=COLOURS[name], marker="o", ms=2)
        predicted = here[:, 0] / expected[:, 0] * expected[:, 1]
        panels["law"].plot(predicted, here[:, 1], ".", color=COLOURS[name], ms=4)
    for line in np.sqrt(np.nanmean(variation[..., :2] ** 2, 0)):
        panels["size"].plot([200, 10_000], line, marker=".")
    for name in ("size", "law"):
        panels[name].set(xscale="log", yscale="log")
    panels["depth"].set_yscale("log")
    depth(panels["depth"])
    key(figure)
    return figure


def draw_rdms(largest):
    chosen = [LAYERS[at] for at in np.linspace(0, len(LAYERS) - 1, 6).round().astype(int)]
    figure, axes = page(7, len(STIMULI), 6)
    for column, layer in zip(axes.T, chosen, strict=True):
        top = max(np.nanmax(largest[name][layer][0]) for name in STIMULI)
        for one, name in zip(column, STIMULI, strict=True):
            values = largest[name][layer][0]
            images = round((1 + np.sqrt(1 + 8 * len(values))) / 2)
            square = np.zeros((images, images))
            square[np.triu_indices(images, 1)] = values
            drawn = one.imshow(square + square.T, vmin=0, vmax=top, interpolation="none")
            one.set(xticks=[], yticks=[])
            one.set_ylabel(name if layer == "input" else "")
        column[0].set_title(layer)
        figure.colorbar(drawn, ax=column, location="bottom")
    return figure


def draw_sd_cd(values, fit, relative, relative_fit):
    figure, axes = page(3, 1, 2)
    for one, here, lines in zip(axes[0], (values, relative), (fit, relative_fit), strict=True):
        ends = np.linspace(here[0].min(), here[0].max(), 100)
        for at in range(len(LAYERS)):
            one.plot(ends, lines["slope"][at] * ends + lines["icept"][at], color=str(0.9 - at / 30), lw=0.8)
        for at, name in enumerate(STIMULI):
            shade = np.linspace(0.3, 0.9, len(LAYERS))
            one.scatter(np.full(len(LAYERS), here[0, at]), here[:, at], s=9, color=COLOURS[name], alpha=shade)
        one.set(xlabel="D of the input (SD)", ylabel="D of every layer (CD)")
    axes[0, 1].set_yscale("log")
    key(figure)
    return figure


def draw_r2(curves: dict, band=None):
    figure, axes = page(3)
    for name, values in curves.items():
        axes[0, 0].plot(values, label=name, marker="o", ms=2, color=COLOURS.get(name))
    if band is not None:
        axes[0, 0].fill_between(range(len(LAYERS)), *band, alpha=0.2)
    axes[0, 0].set(ylim=(0, 1.02), ylabel="R²")
    depth(axes[0, 0])
    figure.legend(loc="outside right upper")
    return figure


def draw_distances(found, lengths):
    chosen = [LAYERS.index(layer) for layer in ("block2", "block6", "block14", "fc1", "predictions")]
    figure, axes = page(2.6, 1, 5, sharex=True)
    colours = np.repeat([COLOURS[name] for name in STIMULI], lengths)
    order = np.random.default_rng(0).permutation(len(colours))
    for one, layer in zip(axes[0], chosen, strict=True):
        x, y = found["distances"][0, 0], found["distances"][0, layer]
        one.scatter(x[order], y[order], c=colours[order], s=1.5, lw=0, alpha=0.7, rasterized=True)
        ends = np.array([x.min(), x.max()])
        one.plot(ends, found["pooled"]["slope"][0, layer] * ends + found["pooled"]["icept"][0, layer], "k")
        one.set_title(f"{LAYERS[layer]}, R² = {found['pooled']['r'][0, layer] ** 2:.2f}")
    key(figure)
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
    largest, predictions, units = {}, {}, {}
    for at, (source, net) in enumerate(networks(files["mobilenet_v2"][0]).items()):
        for name in SHOWN[source]:
            activity = record(net, images[name], preprocess)
            found = numbers_of(source, activity, values[at, STIMULI.index(name)])
            if at == TRAINED:
                largest[name], predictions[name] = found, activity["random", "predictions"]
                units = {layer: activity["random", layer].shape[1] for layer in LAYERS}
    normalised = values / values[:, [NOISE]]
    made = np.isfinite(values).sum(-1)
    mean = np.nansum(values, -1) / np.where(made, made, np.nan)
    relative = mean / mean[:, [NOISE]]
    of_size = list(SIZES).index("100000")
    fit = sd_cd(np.moveaxis(mean[TRAINED], 0, -1))  # (layer, population, size, metric)
    fit_relative = sd_cd(np.moveaxis(relative[TRAINED], 0, -1))
    between = distances(largest)
    top = {name: np.argsort(-p, axis=1, kind="stable")[:, :5] for name, p in predictions.items()}

    chosen = (slice(None), 0, of_size, 0)
    curves = {name: between["r"][at, :, 0] ** 2 for at, name in enumerate(STIMULI)}
    lengths = [largest[name]["input"].shape[-1] for name in STIMULI]
    by_size = values[TRAINED, :, :, 0, :, 0]
    of_all = np.moveaxis(mean[TRAINED], 0, -1), np.moveaxis(relative[TRAINED], 0, -1)
    fits = [{name: value[chosen] for name, value in one.items()} for one in (fit, fit_relative)]
    figures = {
        "preprocessing_gallery": draw_preprocessing(images, originals, preprocess),
        "layer_table": draw_layers(units),
        "predicted_labels": draw_labels(images, categories, predictions),
        "prediction_heatmap": draw_heatmap(predictions, categories),
        "differentiation_by_depth": draw_by_depth(by_size, "differentiation D"),
        "differentiation_normalised": draw_by_depth(normalised[TRAINED, :, :, 0, :, 0], "D / D of noise"),
        "sampling_error": draw_sampling(by_size, units),
        "rdm_gallery": draw_rdms(largest),
        "sd_cd_scatter": draw_sd_cd(of_all[0][chosen], fits[0], of_all[1][chosen], fits[1]),
        "sd_cd_r2_by_depth": draw_r2(
            {"all stimuli": fits[0]["r"] ** 2}, (fits[0]["r2_low"], fits[0]["r2_high"])
        ),
        "distance_r2_by_depth": draw_r2(curves | {"pooled": between["pooled"]["r"][0] ** 2}),
        "distances_by_layer": draw_distances(between, lengths),
        "trained_untrained": draw_trained(mean[:, :, :, 0, list(SIZES).index("10000"), 0]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        save(figure, folder, name)
    np.savez(
        folder / "numbers.npz",
        differentiation=values,
        normalised=normalised,
        sd_cd_r2=fit["r"] ** 2,
        distance_r=between["r"],
        distance_p=between["p"],
        pooled_r=between["pooled"]["r"],
        within_r2=between["within"] ** 2,
        **{f"top_{name}": np.array(categories)[places] for name, places in top.items()},
    )


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), *map(int, sys.argv[3:]))
