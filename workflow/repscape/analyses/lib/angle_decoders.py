"""Decoding an angle from activity, cross-validated: ridge regression and networks with one hidden layer."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from repscape.analyses.lib import relu_decoder
from repscape.analyses.lib.angles import Rows, absolute_error, circular_loss, to_angles, to_vectors
from repscape.analyses.lib.principal_axes import principal
from repscape.analyses.lib.ridge import Ridge
from repscape.core.seeds import derive

Method = Literal["ridge", "relu"]


class Training(NamedTuple):
    """How networks are trained; see `relu_decoder.train`."""

    decays: Sequence[float]
    hidden: int
    epochs: int
    learning_rate: float
    seed: int

    @property
    def told(self) -> list[int]:
        """Return the epochs of which errors are kept: 0, then ever fewer, and the last."""
        return sorted({0, *np.geomspace(1, self.epochs, 30).round().astype(int).tolist()})


class Decoded(NamedTuple):
    """What a method makes of one layer.

    Attributes
    ----------
    predicted : float64 (row,)
        The angle of each row, told by the decoder that was not trained on its group.
    chosen : float64 (fold,)
        The strength or decay that was chosen within the training rows.
    null : float64 (permutation,)
        Mean absolute error with permuted angles.
    error, loss : float64 (part, fold, strength or decay, epoch)
        Mean absolute error and circular loss of the training rows and of those left out, by strength;
        of ridge regression there is one epoch.
    """

    predicted: np.ndarray
    chosen: np.ndarray
    null: np.ndarray
    error: np.ndarray
    loss: np.ndarray


def decode(
    activity: np.ndarray,
    rows: Rows,
    angles: np.ndarray,
    *,
    period: float,
    methods: Sequence[Method],
    strengths: Sequence[float],
    training: Training,
) -> dict[str, Decoded]:
    """Decode the angle of each row by decoders that were trained without its fold.

    Both methods tell (cos 2πθ/period, sin 2πθ/period), with least squares, and the angle is the direction of
    what they tell. The strength of the penalty is the one with the least mean circular loss within the
    training rows: for ridge regression of each group of them predicted by all others, for networks of
    one more fold left out.

    Parameters
    ----------
    activity : float array (row, unit)
    rows : Rows
    angles : float64 (set, row)
        The rows' own angles and permutations of them.
    period : float
    methods : sequence of {"ridge", "relu"}
    strengths : sequence of float
        Of ridge regression; see `ridge.Ridge`.
    training : Training

    Returns
    -------
    dict of method to Decoded
    """
    aims = to_vectors(angles, period)  # (set, row, 2)
    decoders: dict[str, Any] = {"ridge": _Ridge(strengths, period), "relu": _Networks(training, period)}
    folds = int(rows.fold.max()) + 1
    told = {method: np.empty(angles.shape) for method in methods}
    parts: dict[str, list] = {method: [] for method in methods}
    for fold in range(folds):
        test, outside = rows.fold == fold, np.flatnonzero(rows.fold != fold)
        axes = principal(activity, outside)
        for method in methods:
            found = decoders[method].of_fold(activity, axes, rows, angles, aims, fold)
            told[method][:, test] = found.predicted[:, test]
            whole = to_angles(found.outputs, period)  # (strength, epoch, row)
            curves = [
                [measure(whole, angles[0], period)[..., here].mean(-1) for here in (~test, test)]
                for measure in (absolute_error, circular_loss)
            ]
            parts[method].append((found.chosen, np.array(curves)))
    results: dict[str, Decoded] = {}
    for method in methods:
        curves = np.stack(
            [curves for _, curves in parts[method]], 2
        )  # (measure, part, fold, strength, epoch)
        results[method] = Decoded(
            told[method][0],
            np.array([chosen for chosen, _ in parts[method]]),
            absolute_error(told[method][1:], angles[1:], period).mean(-1),
            *curves,
        )
    return results


class _Fold(NamedTuple):
    """Of decoders trained without a fold.

    Attributes
    ----------
    predicted : float64 (set, row)
        Angles, with the penalty chosen for each set.
    chosen : float
        For the rows' own angles.
    outputs : float array (strength, epoch, row, 2)
        For the rows' own angles.
    """

    predicted: np.ndarray
    chosen: float
    outputs: np.ndarray


class _Ridge:
    """Ridge regression with each of some strengths."""

    def __init__(self, strengths: Sequence[float], period: float):
        self._strengths, self._period = tuple(strengths), period

    def of_fold(self, activity, axes, rows: Rows, angles, aims, fold: int) -> _Fold:
        inside, sets = axes.training, len(aims)
        regression = Ridge(axes, aims[:, inside].transpose(1, 0, 2).reshape(len(inside), -1))
        every = np.arange(len(rows.fold))
        losses, outputs = [], []
        for strength in self._strengths:
            left_out = regression.left_out(strength, rows.group[inside]).reshape(len(inside), sets, 2)
            left_out = to_angles(left_out.swapaxes(0, 1), self._period)
            losses.append(circular_loss(left_out, angles[:, inside], self._period).mean(-1))
            outputs.append(regression.predict(every, strength).reshape(len(every), sets, 2).swapaxes(0, 1))
        chosen = np.argmin(losses, axis=0)
        outputs = np.array(outputs)  # (strength, set, row, 2)
        predicted = to_angles(outputs[chosen, np.arange(sets)], self._period)
        return _Fold(predicted, self._strengths[chosen[0]], outputs[:, None, 0])


class _Networks:
    """Networks with one hidden layer, with each of some decays."""

    def __init__(self, training: Training, period: float):
        self._training, self._period = training, period

    def _train(self, axes, aims, decays, told, *keys) -> np.ndarray:
        how = self._training
        return relu_decoder.train(
            axes.coordinates, axes.training, aims[:, axes.training],
            decays=decays, hidden=how.hidden, epochs=how.epochs, learning_rate=how.learning_rate,
            seed=derive(how.seed, *keys), told=told,
        )  # fmt: skip

    def of_fold(self, activity, axes, rows: Rows, angles, aims, fold: int) -> _Fold:
        how = self._training
        chosen = np.zeros(len(aims), int)
        if len(how.decays) > 1:
            next_one = (fold + 1) % (rows.fold.max() + 1)
            inner = principal(activity, np.flatnonzero(~np.isin(rows.fold, [fold, next_one])))
            outputs = self._train(inner, aims, how.decays, [how.epochs], fold, "inner")[0]
            test = rows.fold == next_one
            found = to_angles(outputs[:, :, test], self._period)  # (set, decay, row)
            chosen = circular_loss(found, angles[:, None, test], self._period).mean(-1).argmin(1)
        own = self._train(axes, aims[:1], how.decays, how.told, fold)[:, 0]  # (told, decay, row, 2)
        predicted = np.empty(angles.shape)
        predicted[0] = to_angles(own[-1, chosen[0]], self._period)
        for place in np.unique(chosen[1:]):
            which = np.flatnonzero(chosen[1:] == place) + 1
            outputs = self._train(axes, aims[which], [how.decays[place]], [how.epochs], fold)
            predicted[which] = to_angles(outputs[0, :, 0], self._period)
        return _Fold(predicted, how.decays[chosen[0]], own.swapaxes(0, 1))
