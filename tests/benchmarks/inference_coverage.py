"""How true the numbers of inference are, on populations whose geometry is known.

``python tests/benchmarks/inference_coverage.py [--simulations 200] [--images 30] [--units 100]`` simulates
recordings of tuned neurons with noise that is correlated between them, and prints

- the bias of dissimilarities, where the true one is 0 and elsewhere;
- of similarities to models: how often the 95% interval holds what it is to hold, and how large the standard
  error is beside the actual spread, where images, neurons or both are new in each simulation;
- how often tests find at 0.05 what is not there.

Shares of 200 simulations vary by ±0.03 (two standard errors) around 0.95. It takes some minutes.
"""

import argparse
from typing import NamedTuple

import numpy as np

from repscape.metrics.lib.distances import pairs
from repscape.metrics.lib.normalisation import Scaling
from repscape.metrics.lib.single_trials import Trials
from repscape.plugin.registry import find
from repscape.rdms.compare.bootstrap import Units
from repscape.rdms.compare.inference import infer
from repscape.rdms.compare.noise_ceiling import similarities
from repscape.rdms.compare.permutation import permutation_tests

WIDTH = 1.2  # of tuning, in SDs of the images' features
TUNED = 2  # features that neurons are tuned to
NOISE = 0.35  # SD of a neuron's responses to one image
SHARED = 0.3  # share of this variance that all neurons have in common, with weights of their own
NONE = Scaling(0.0, 1.0)


class Recorded(NamedTuple):
    """A simulated recording: true responses (image, unit), and trials."""

    true: np.ndarray
    trials: Trials
    activity: np.ndarray


def features(generator, images: int) -> np.ndarray:
    """Draw images: two features that neurons are tuned to, and two that they are not."""
    return generator.normal(size=(images, 2 * TUNED))


def preferred(generator, units: int) -> np.ndarray:
    """Draw neurons: the features that they prefer."""
    return generator.normal(size=(units, TUNED))


def responses(images: np.ndarray, neurons: np.ndarray) -> np.ndarray:
    """Return the mean responses exp(−|x − p|² / 2w²) to images with features x of neurons that prefer p."""
    squares = ((images[:, None, :TUNED] - neurons) ** 2).sum(2)
    return np.exp(-squares / (2 * WIDTH**2))


def geometry(images: np.ndarray) -> np.ndarray:
    """Return the mean squared difference of responses over infinitely many neurons, float64 (pair,).

    With p normal, E_p exp(−|x − p|²/2w²) exp(−|y − p|²/2w²) = (w²/(w² + 2))^(k/2) exp(−|x − y|²/4w²)
    exp(−|m|²/(w² + 2)), with m = (x + y)/2 and k features.
    """
    x = images[:, :TUNED]
    apart = ((x[:, None] - x) ** 2).sum(2)
    middle = (((x[:, None] + x) / 2) ** 2).sum(2)
    width = WIDTH**2
    kernel = (width / (width + 2)) ** (TUNED / 2) * np.exp(-apart / (4 * width) - middle / (width + 2))
    i, j = pairs(len(images))
    return kernel.diagonal()[i] + kernel.diagonal()[j] - 2 * kernel[i, j]


def recorded(generator, images: np.ndarray, neurons: np.ndarray, repeats: int) -> Recorded:
    """Simulate the responses to repeated presentations."""
    true = responses(images, neurons)
    weights = generator.normal(size=len(neurons))  # of the noise that all share
    image = np.tile(np.arange(len(images)), repeats)
    own = generator.normal(size=(len(image), len(neurons))) * np.sqrt(1 - SHARED)
    common = generator.normal(size=(len(image), 1)) * weights * np.sqrt(SHARED)
    response = (true[image] + NOISE * (own + common)).astype(np.float32)
    trials = Trials(response, image, np.repeat(np.arange(repeats), len(images)))
    activity = response.reshape(repeats, *true.shape).mean(0)
    return Recorded(true, trials, activity)


def models(images: np.ndarray) -> np.ndarray:
    """Return the RDMs of two models that are equally like the neurons' on average, and of one that is not."""
    i, j = pairs(len(images))
    squares = (images[i] - images[j]) ** 2
    return np.array([squares[:, 0] + 0.3 * squares[:, 1], 0.3 * squares[:, 0] + squares[:, 1], squares[:, 2]])


def distances(metric: str, made: Recorded) -> np.ndarray:
    """Compute a metric's RDM of a recording."""
    plugin = find("metrics", metric)()
    if plugin.uses_trials:
        return plugin.of_trials(made.activity, made.trials)
    return plugin.dissimilarity(made.activity, NONE)


def bias(simulations: int, images: int, units: int, repeats: int = 4, seed: int = 0) -> dict[str, np.ndarray]:
    """Measure how far estimated dissimilarities are from those without noise.

    Half of the images are shown under two names: their true dissimilarity is 0.

    Returns
    -------
    dict of metric to float64 array (simulation, 2)
        Mean error over pairs of the same and of different images, relative to the mean true dissimilarity.
    """
    i, j = pairs(images)
    same = j - i == images // 2
    found: dict[str, list] = {}
    for number in range(simulations):
        generator = np.random.default_rng((seed, number))
        shown = np.tile(features(generator, images // 2), (2, 1))
        made = recorded(generator, shown, preferred(generator, units), repeats)
        difference = made.true[i] - made.true[j]
        noiseless = {
            "sqeuclidean": (difference**2).mean(1),
            "correlation": find("metrics", "correlation")().dissimilarity(made.true, NONE),
        }
        # What noise-normalised distances of the true responses are, with the same estimates of the noise
        noiseless["mahalanobis"] = _by_precision(made, difference, [None])
        noiseless["crossnobis"] = _by_precision(made, difference, range(repeats))
        noiseless["crossnobis_diagonal"] = _by_precision(made, difference, range(repeats), "diag")
        for metric, true in noiseless.items():
            error = (distances(metric, made) - true) / true[~same].mean()
            found.setdefault(metric, []).append([error[same].mean(), error[~same].mean()])
    return {metric: np.array(errors) for metric, errors in found.items()}


def _by_precision(made: Recorded, difference: np.ndarray, left_out, method="shrinkage_diag") -> np.ndarray:
    from rsatoolbox.data import Dataset
    from rsatoolbox.data.noise import prec_from_unbalanced

    found = []
    for repeat in left_out:
        some = made.trials.repeat != (-1 if repeat is None else repeat)
        images = {"image": made.trials.image[some]}
        data = Dataset(made.trials.response[some].astype(float), obs_descriptors=images)
        found.append(prec_from_unbalanced(data, "image", method=method))
    precision = np.mean(found, axis=0)
    return ((difference @ precision) * difference).sum(1) / difference.shape[1]


class Simulated(NamedTuple):
    """Of simulations (simulation, model): similarities, standard errors, whether intervals hold, p."""

    similarity: np.ndarray
    sem: np.ndarray
    expected: np.ndarray
    holds: np.ndarray
    p_zero: np.ndarray
    p_pair: np.ndarray
    p_permutation: np.ndarray


def coverage(
    bootstrap: str,
    simulations: int,
    *,
    images: int,
    units: int,
    comparison: str = "pearson",
    metric: str = "correlation",
    repeats: int = 4,
    resamples: int = 200,
    fixed: int = 4,
    fresh: int = 1000,
    permutations: int = 199,
    seed: int = 0,
) -> Simulated:
    """Infer from simulated recordings in which what is resampled is drawn anew.

    What an interval is to hold is the mean similarity over `fresh` further recordings: with `entries`,
    of the same neurons and other images; with `units`, of other neurons and the same images (noise is
    part of what a neuron answers); with `both`, of others. What stays is drawn `fixed` times.
    """
    found = []
    for group in range(fixed if bootstrap != "both" else 1):
        generator = np.random.default_rng((seed, group))
        held = {"images": features(generator, images), "neurons": preferred(generator, units)}

        def draw(generator, held=held):
            shown = held["images"] if bootstrap == "units" else features(generator, images)
            neurons = held["neurons"] if bootstrap == "entries" else preferred(generator, units)
            return recorded(generator, shown, neurons, repeats), models(shown)

        def similarity(made, models_rdms):
            data = distances(metric, made)[None]
            return similarities(models_rdms, data, comparison)[:, 0]

        expected = np.mean(
            [similarity(*draw(np.random.default_rng((seed, group, 1, at)))) for at in range(fresh)], axis=0
        )
        for number in range(simulations // (fixed if bootstrap != "both" else 1)):
            generator = np.random.default_rng((seed, group, 0, number))
            made, compared = draw(generator)
            data = distances(metric, made)[None]
            sampled = None if bootstrap == "entries" else _units(generator, made, metric, resamples)
            one = infer(
                [data], [compared], comparison=comparison, bootstrap=bootstrap, resamples=resamples,
                seed=number, units=sampled,
            )  # fmt: skip
            permuted = permutation_tests([data], [compared], comparison, permutations, number)
            holds = (one.low <= expected) & (expected <= one.high)
            found.append(
                (one.similarity, one.sem, expected, holds, one.p_zero, one.p_pair[0, [1, 1, 1]], permuted.p)
            )
    return Simulated(*map(np.array, zip(*found, strict=True)))


def _units(generator, made: Recorded, metric: str, resamples: int) -> Units:
    units = made.activity.shape[1]
    rdms = []
    for _ in range(resamples):
        drawn = generator.integers(0, units, units)
        rdms.append(find("metrics", metric)().dissimilarity(made.activity[:, drawn], NONE))
    return Units(units, [np.array(rdms)[:, None]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--images", type=int, default=30)
    parser.add_argument("--units", type=int, default=100)
    parser.add_argument("--comparisons", nargs="+", default=["pearson", "spearman", "whitened_pearson"])
    given = parser.parse_args()
    sizes = {"images": given.images, "units": given.units}
    print(f"{given.simulations} simulations of {given.images} images, {given.units} neurons, 4 repeats\n")
    print("bias of dissimilarities, relative to the mean true one (± standard error)")
    print(f"{'metric':20}{'true one is 0':>20}{'others':>20}")
    for metric, errors in bias(given.simulations, **sizes).items():
        sem = errors.std(0, ddof=1) / np.sqrt(len(errors))
        print(f"{metric:20}", *(f"{m:11.4f} ± {s:.4f}" for m, s in zip(errors.mean(0), sem, strict=True)))
    print("\nsimilarity of correlation RDMs to a model that is like them, and to one that is not")
    print(f"{'':28}{'like':>26}{'not like':>22}{'false positives at 0.05':>34}")
    print(
        f"{'resampled':10}{'comparison':18}{'mean':>6}"
        f"{'holds':>10}{'SE / SD':>10}{'holds':>12}{'SE / SD':>10}"
        f"{'t-test':>14}{'permutation':>13}{'pair':>8}"
    )
    for bootstrap in ("entries", "units", "both"):
        for comparison in given.comparisons:
            one = coverage(bootstrap, given.simulations, comparison=comparison, **sizes)
            holds = one.holds.mean(0)
            # Around what stays the same: the SD of what is drawn anew
            ratio = one.sem.mean(0) / np.sqrt(((one.similarity - one.expected) ** 2).mean(0))
            false = [(p < 0.05).mean() for p in (one.p_zero[:, 2], one.p_permutation[:, 2], one.p_pair[:, 0])]
            if bootstrap == "units":
                false = [np.nan] * 3  # with the same images a model is or is not like them, by chance
            print(
                f"{bootstrap:10}{comparison:18}{one.similarity[:, :2].mean():6.2f}{holds[:2].mean():10.3f}"
                f"{ratio[:2].mean():10.2f}{holds[2]:12.3f}{ratio[2]:10.2f}"
                f"{false[0]:14.3f}{false[1]:13.3f}{false[2]:8.3f}"
            )


if __name__ == "__main__":
    main()
