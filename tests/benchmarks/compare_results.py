"""Compare two results folders, value by value.

``python tests/benchmarks/compare_results.py OLD NEW [--tolerance 1e-6]`` compares the NetCDF files and CSV
tables of two results folders. It prints a line for each step, then what is missing and what differs. It
exits with 1 if anything is missing or differs.

Values are compared by their labels, not by their position. A dimension is sorted by its coordinate. Where
that is missing or not unique, text and whole numbers along it are labels too, also in the rows of a table.
What labels cannot tell apart stays in the order of the file. Which of a pair comes first does not count.

Floats may differ by the tolerance, relative to the larger of the two. NaN equals NaN. All else must be equal,
also types, names and attributes, except what `MAY_DIFFER` lists. Frozen networks, weights, pictures and
captions are not compared. Nothing of repscape is imported, so that a mistake there cannot hide here.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import netCDF4
import numpy as np
import pandas as pd

STEPS = ["stimuli", "networks", "recordings", "populations", "activations", "shards", "samples", "rdms"]
STEPS += ["analyses", "figures"]

# Why some attributes (@) and variables may differ or be missing. With a step in front: in its files.
MAY_DIFFER = {
    "version of the code": ["@repscape_version"],
    "path of the file, by which files are paired anyway": ["@written_as"],
    "config text, in which keys and plugins may get other names": ["@parameters", "@history"],
    "config text of a population": ["@selected", "selected"],
    "name of the plugin that made it": ["stimuli/@source", "recordings/@source", "populations/@select"],
    "name of the plugin since it has one key everywhere": ["@plugin"],
    "name of the plugin, too": ["networks/@function", "analyses/@analysis", "figures/@figure"],
}
# Variables that hold places along a dimension. The labels of these places are compared.
PLACES = {"entry_i": "entry", "entry_j": "entry", "trial_image": "image"}

# Dimensions and values by name: `group/variable`, `group/variable/@attribute`, `group/@attribute`.
Content = dict[str, tuple[tuple[str, ...], np.ndarray]]


def main(arguments: list[str] | None = None) -> int:
    """Compare two folders, print what was found, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--tolerance", type=float, default=1e-6, help="largest relative difference of floats")
    options = parser.parse_args(arguments)
    old, new = steps_by_path(options.old), steps_by_path(options.new)
    if not old or not new:
        parser.error("a folder has no results")
    lines: list[str] = []
    found: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for path in sorted(old.keys() & new.keys()):
        before, after = (sort(read(folder / path, old[path])) for folder in (options.old, options.new))
        largest, differences = compare(before, after, options.tolerance)
        found[old[path]].append((largest, not differences))
        lines += [f"differs: {path}: {difference}" for difference in differences]
    for step in sorted(found, key=STEPS.index):
        sizes, equal = zip(*found[step], strict=True)
        print(f"{step:12} {len(equal):6} files, {sum(equal):6} equal, largest difference {max(sizes):.1e}")
    for path in sorted(old.keys() ^ new.keys()):
        lines.append(f"missing in the {'new' if path in old else 'old'} folder: {path}")
    print("\n".join(lines) or "no difference")
    return int(bool(lines))


def steps_by_path(folder: Path) -> dict[str, str]:
    """Return the step of each file that is compared, by its path below the folder."""
    paths = [path.relative_to(folder) for suffix in ("nc", "csv") for path in folder.rglob(f"[!.]*.{suffix}")]
    steps = {path.as_posix(): [part for part in path.parts[:-1] if part in STEPS] for path in paths}
    return {path: found[0] for path, found in steps.items() if found}


def read(path: Path, step: str) -> Content:
    """Read a NetCDF file or a table, without what may differ."""
    if path.suffix == ".csv":
        table = pd.read_csv(path)
        text = table.select_dtypes(exclude=["number", "bool"]).fillna("").astype(object)
        found = {name: (("row",), text.get(name, table[name]).to_numpy()) for name in table}
    else:
        with netCDF4.Dataset(path) as dataset:
            dataset.set_auto_maskandscale(False)
            found = dict(contents(dataset, {}))
    free = {name.removeprefix(f"{step}/") for names in MAY_DIFFER.values() for name in names}
    return {name: one for name, one in found.items() if name.rpartition("/")[2] not in free}


def contents(group: netCDF4.Dataset, dims: dict[str, str]) -> Iterator[tuple[str, tuple]]:
    """Give what is in a group and in its groups. A dimension has the path of the group that made it."""
    path = f"{group.path}/".lstrip("/")
    dims = dims | {name: path + name for name in group.dimensions}
    for name, variable in group.variables.items():
        yield path + name, (tuple(dims[dim] for dim in variable.dimensions), np.asarray(variable[...]))
    for start, owner in [(path, group)] + [(f"{path}{name}/", one) for name, one in group.variables.items()]:
        yield from ((f"{start}@{name}", ((), np.asarray(owner.getncattr(name)))) for name in owner.ncattrs())
    for inner in group.groups.values():
        yield from contents(inner, dims)


def labels(content: Content, dim: str) -> list[np.ndarray]:
    """Return what tells the places along a dimension apart: its coordinate, then text, then whole numbers."""
    along = {name: values for name, (dims, values) in sorted(content.items()) if dims == (dim,)}
    coordinate = [along.pop(dim)] if dim in along else []
    if coordinate and len(np.unique(coordinate[0])) == len(coordinate[0]):
        return coordinate
    return coordinate + [one for kinds in ("OU", "iu") for one in along.values() if one.dtype.kind in kinds]


def sort(content: Content) -> Content:
    """Return all values in the order of their labels, with labels in place of numbers of places."""
    for name, (dims, places) in content.items():
        group, slash, base = name.rpartition("/")
        of = labels(content, f"{group}{slash}{PLACES.get(base)}")
        if text := [one for one in of if one.dtype.kind in "OU"]:
            of_place = np.array([" | ".join(row) for row in zip(*text, strict=True)], object)
            content = content | {name: (dims, of_place[places])}
    for dim in {dim for dims, _ in content.values() for dim in dims}:
        content |= ordered_pairs(content, dim)
        if keys := [np.unique(one, return_inverse=True)[1] for one in labels(content, dim)]:
            order = np.lexsort(keys[::-1])
            for name, (dims, values) in content.items():
                if dim in dims and (np.diff(order) != 1).any():
                    content[name] = dims, values.take(order, axis=dims.index(dim))
    return content


def ordered_pairs(content: Content, dim: str) -> Content:
    """Return the labels of pairs along a dimension, such as `name_i` and `name_j`, the smaller one first."""
    pairs = [(name, f"{name[:-1]}j") for name in content if name.endswith("_i")]
    pairs = [pair for pair in pairs if {content.get(name, [()])[0] for name in pair} == {(dim,)}]
    pairs.sort(key=lambda pair: content[pair[0]][1].dtype.kind not in "OU")  # text decides, then numbers
    swapped, decided = np.zeros((2, 1), bool)
    for one, other in ((content[i][1], content[j][1]) for i, j in pairs):
        swapped = swapped | (~decided & (one > other))
        decided = decided | (one != other)
    both = [*pairs, *((j, i) for i, j in pairs)]
    return {one: ((dim,), np.where(swapped, content[other][1], content[one][1])) for one, other in both}


def compare(old: Content, new: Content, tolerance: float) -> tuple[float, list[str]]:
    """Return the largest relative difference of floats, and in words all that differs."""
    differences = [f"{name}: on one side alone" for name in sorted(old.keys() ^ new.keys())]
    largest = 0.0
    for name in sorted(old.keys() & new.keys()):
        (dims, one), (new_dims, other) = old[name], new[name]
        types = ["text" if of.dtype.kind in "OU" else of.dtype.name for of in (one, other)]
        if (types[0], dims, one.shape) != (types[1], new_dims, other.shape):
            differences.append(
                f"{name}: {types[0]} {dims} {one.shape}, now {types[1]} {new_dims} {other.shape}"
            )
            continue
        size = np.where((one == other) | ((one != one) & (other != other)), 0.0, np.inf)
        if one.dtype.kind == "f":
            at = np.isfinite(one) & np.isfinite(other) & (size > 0)
            before, after = one[at].astype(np.float64), other[at].astype(np.float64)
            size[at] = np.abs(before - after) / np.maximum(np.abs(before), np.abs(after))
            largest = max(largest, size.max(initial=0))
        if (wrong := size > tolerance).any():
            example = ", now ".join(f"{of[wrong][0]!s:.80}" for of in (one, other))
            differences.append(f"{name}: {wrong.sum()} of {wrong.size} values, such as {example}")
    return largest, differences


if __name__ == "__main__":
    sys.exit(main())
