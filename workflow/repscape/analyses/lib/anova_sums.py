"""Two-way analysis of variance of very many units at once, from sums that are kept while images stream."""

from typing import NamedTuple, cast

import numpy as np

from repscape.analyses.lib.factorial_design import Design, contrasts

CHUNK = 1 << 14  # units whose temporary values stay in a processor's cache


class Sums:
    """Sums of the values of each unit of a layer, by cell of a design.

    Values are taken relative to the unit's value for the first image, so that no precision is lost
    where a unit's mean is large: the sum of squares about any one of N values is at most N times
    the sum about their mean, so that the relative error of a sum of squares is below about
    N · 2⁻⁵². Memory: float64 × (cells + 2) a unit, whatever the number of images.
    """

    def __init__(self, design: Design):
        """Begin without values."""
        self._design = design
        self._axes: tuple[int, ...] | None = None  # in the order in which they lie in memory

    def add(self, images: range, answers) -> None:
        """Add answers, a tensor (image, channel, …), of images by their numbers.

        All memory is allocated before anything is added: where it runs out, nothing is added.
        """
        import torch

        if self._axes is None:  # their order in memory is by far the fastest
            strides, sizes = answers.stride(), answers.shape
            axes = tuple(sorted(range(1, answers.ndim), key=lambda axis: -strides[axis]))
            self._shape = [sizes[axis] for axis in axes]
            units = answers[0].numel()
            kind = {"dtype": torch.float64, "device": answers.device}
            self.first = answers[0].permute([axis - 1 for axis in axes]).flatten().double()
            self.cells = torch.zeros((len(self._design.counts), units), **kind)
            self.squares = torch.zeros(units, **kind)
            self._axes = axes
        values = answers.permute(0, *self._axes).flatten(1)
        cells = [self.cells[cell] for cell in self._design.cell[images.start : images.stop]]
        units = values.shape[1]
        chunk = CHUNK if values.device.type == "cpu" else units
        for start in range(0, units, chunk):
            here = slice(start, start + chunk)
            away = values[:, here].double().sub_(self.first[here])
            squares = torch.empty_like(self.squares[here])
            for cell, value in zip(cells, away, strict=True):
                cell[here].add_(value)
            self.squares[here].add_(torch.sum(away.square_(), 0, out=squares))

    def of_channel(self, channel: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return ``first`` (unit,), ``cells`` (cell, unit) and ``squares`` (unit,) of some channels.

        Units are in C order over (channel, y, x).
        """
        back = np.argsort(cast(tuple, self._axes))  # the channel is axis 1 of what was added

        def in_order(sums):
            shaped = sums.view(*sums.shape[:-1], *self._shape)
            lead = sums.ndim - 1
            moved = shaped.permute(*range(lead), *(lead + axis for axis in back))
            return moved.narrow(lead, channel.start, channel.stop - channel.start).flatten(lead).cpu().numpy()

        return in_order(self.first), in_order(self.cells), in_order(self.squares)

    @property
    def channels(self) -> int:
        """Return the number of channels."""
        return self._shape[cast(tuple, self._axes).index(1)]


class Effects(NamedTuple):
    """What explains the variance of units.

    Attributes
    ----------
    eta2 : float64 (effect, unit)
        Share of the sum of squares, NaN where a unit is constant.
    f, p : float64 (tested effect, unit)
    """

    eta2: np.ndarray
    f: np.ndarray
    p: np.ndarray


def effects(design: Design, first: np.ndarray, cells: np.ndarray, squares: np.ndarray) -> Effects:
    """Divide the variance of units between two factors, their interaction and the error.

    η² = SS_effect / SS_total. F = (SS_effect / df_effect) / (SS_error / df_error), and p is the upper
    tail of its distribution, as if errors were normal, independent and equally large. Without
    replicates the interaction stands for the error: the tests of the factors are exact if there is
    none, and too strict otherwise.

    Parameters
    ----------
    design : Design
    first : float64 (unit,)
        What was subtracted from each value.
    cells : float64 (cell, unit)
        Sums of the remaining values of each cell.
    squares : float64 (unit,)
        Sums of their squares.

    Returns
    -------
    Effects
        A unit counts as constant where its SD is below the rounding of float32, 2⁻²³ of its mean:
        such a variation is no answer. An effect below the rounding of the sums is 0; without error F is
        infinite, p 0, and without effect and error both are NaN.
    """
    from scipy.special import fdtrc

    images, df = len(design.cell), design.df
    mean = cells.sum(0) / images
    total = squares - images * mean**2
    weighted = cells / np.sqrt(design.counts)[:, None]
    parts = np.stack([((contrast @ weighted) ** 2).sum(0) for contrast in contrasts(design)])
    if design.replicated:
        parts = np.vstack([parts, squares - (weighted**2).sum(0)])
    rounding = images * np.finfo(float).eps
    parts = np.where(parts > rounding * total, parts, 0)
    constant = total <= images * (np.finfo(np.float32).eps * (first + mean)) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        eta2 = np.where(constant, np.nan, parts / total)
        mean_squares = parts / df[:, None]
        f = np.where(constant, np.nan, mean_squares[:-1] / mean_squares[-1])
    return Effects(eta2, f, np.where(constant, np.nan, fdtrc(df[:-1, None], df[-1], f)))
