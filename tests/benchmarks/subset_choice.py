"""How good choices of k items are beside the greedy one, and how long they take.

``python tests/benchmarks/subset_choice.py [ITEMS K SEEDS]`` prints, for independent dissimilarities (as in
the README of pytorch_feature_analysis) and for points in space, the ratio of each goal's value to the
greedy one's, and seconds. Targets at 1,000 items and k = 50: never worse than greedy, within
10 s.
"""

import argparse
import time

import numpy as np
from scipy.spatial.distance import pdist, squareform

from repscape.analyses.lib.subset_choice import choose


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("items", type=int, nargs="?", default=1000)
    parser.add_argument("k", type=int, nargs="?", default=50)
    parser.add_argument("seeds", type=int, nargs="?", default=5)
    arguments = parser.parse_args()
    print(f"{arguments.k} of {arguments.items} items, {arguments.seeds} seeds")
    print(f"{'':14}{'goal':9}{'value':>12}{'greedy':>12}{'ratio':>19}{'seconds':>10}")
    for kind in (independent, points):
        for goal in ("largest", "target", "uniform"):
            rows = [
                measured(kind(arguments.items, seed), arguments.k, goal, seed)
                for seed in range(arguments.seeds)
            ]
            values, greedy, seconds = np.transpose(rows)
            better = values >= greedy if goal == "largest" else values <= greedy
            assert better.all(), "worse than greedy"
            ratios = values / greedy
            print(
                f"{kind.__name__:14}{goal:9}{values.mean():12.4g}{greedy.mean():12.4g}"
                f"{ratios.min():9.2g} …{ratios.max():8.2g}{seconds.max():8.1f} s"
            )


def independent(items: int, seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(items, items))
    np.fill_diagonal(values, 0)
    return (values + values.T) / 2


def points(items: int, seed: int) -> np.ndarray:
    return squareform(pdist(np.random.default_rng(seed).normal(size=(items, 10))))


def measured(square: np.ndarray, k: int, goal: str, seed: int) -> tuple:
    target = square.mean() + 0.1 if goal == "target" else None
    start = time.perf_counter()
    chosen = choose(square, k, goal, target=target, seed=seed)
    return chosen.value, chosen.greedy, time.perf_counter() - start


if __name__ == "__main__":
    main()
