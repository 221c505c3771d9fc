"""Decoding an angle from activity, cross-validated: ridge regression and networks with one hidden layer."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from repscape.analyses.lib import relu_decoder
from repscape.analyses.lib.angles import Rows, circular_loss, to_angles, to_vectors
from repscape.analyses.lib.circle import apart
from repscape.analyses.lib.principal_axes import Axes, principal
from repscape.analyses.lib.ridge import Ridge
from repscape.core.seeds import derive

Method = Literal["ridge", "relu"]


class Decoded(NamedTuple):
    """How well a method decodes one layer.

    Attributes
    ----------
    predicted : float64 (row,)
        The angle of each row, predicted by the decoder that was not trained on its group.
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


class _Sets(NamedTuple):
    """The sets of angles that are decoded.

    Attributes
    ----------
    rows : Rows
    angles : float64 (set, row)
    vectors : float64 (set, row, 2)
    period : float
    """

    rows: Rows
    angles: np.ndarray
    vectors: np.ndarray
    period: float


class RidgeDecoder(NamedTuple):
    """Ridge regression with each of some strengths, that of the least loss chosen; see `ridge.Ridge`.

    Each group of training rows is predicted by all others to choose.
    """

    strengths: Sequence[float]

    def without(self, fold: int, activity: np.ndarray, axes: Axes, sets: _Sets) -> _Fold:
        """Train without a fold, on the training rows of the axes."""
        inside, rows = axes.training, np.arange(len(sets.rows.fold))

        def by_set(vectors: np.ndarray) -> np.ndarray:
            return vectors.reshape(len(vectors), len(sets.angles), 2).swapaxes(0, 1)

        regression = Ridge(axes, sets.vectors[:, inside].transpose(1, 0, 2).reshape(len(inside), -1))
        losses, outputs = [], []
        for strength in self.strengths:
            angles = to_angles(by_set(regression.left_out(strength, sets.rows.group[inside])), sets.period)
            losses.append(circular_loss(angles, sets.angles[:, inside], sets.period).mean(-1))
            outputs.append(by_set(regression.predict(rows, strength)))
        chosen = np.argmin(losses, axis=0)
        vectors = np.array(outputs)  # (strength, set, row, 2)
        predicted = to_angles(vectors[chosen, np.arange(len(chosen))], sets.period)
        return _Fold(predicted, self.strengths[chosen[0]], vectors[:, None, 0])


class ReluDecoder(NamedTuple):
    """Networks with one hidden layer, with each of some decays; see `relu_decoder.train`.

    One more fold is left out to choose the decay with the least loss.
    """

    decays: Sequence[float]
    hidden: int
    epochs: int
    learning_rate: float
    seed: int

    @property
    def curve_epochs(self) -> list[int]:
        """Return the epochs of which errors are stored: 0, then ever fewer, and the last."""
        return sorted({0, *np.geomspace(1, self.epochs, 30).round().astype(int).tolist()})

    def without(self, fold: int, activity: np.ndarray, axes: Axes, sets: _Sets) -> _Fold:
        """Train without a fold, on the training rows of the axes."""
        last = [self.epochs]
        chosen = np.zeros(len(sets.angles), int)
        if len(self.decays) > 1:
            second = (fold + 1) % (sets.rows.fold.max() + 1)
            inner = principal(activity, np.flatnonzero(~np.isin(sets.rows.fold, [fold, second])))
            test = sets.rows.fold == second
            vectors = self._train(inner, sets.vectors, self.decays, last, fold, "inner")[0]
            angles = to_angles(vectors[:, :, test], sets.period)  # (set, decay, row)
            chosen = circular_loss(angles, sets.angles[:, None, test], sets.period).mean(-1).argmin(1)
        curves = self._train(axes, sets.vectors[:1], self.decays, self.curve_epochs, fold)[:, 0]
        predicted = np.empty(sets.angles.shape)
        predicted[0] = to_angles(curves[-1, chosen[0]], sets.period)  # curves (epoch, decay, row, 2)
        for number in np.unique(chosen[1:]):
            which = np.flatnonzero(chosen[1:] == number) + 1
            vectors = self._train(axes, sets.vectors[which], [self.decays[number]], last, fold)
            predicted[which] = to_angles(vectors[0, :, 0], sets.period)
        return _Fold(predicted, self.decays[chosen[0]], curves.swapaxes(0, 1))

    def _train(self, axes: Axes, vectors: np.ndarray, decays, after, *seed_keys) -> np.ndarray:
        return relu_decoder.train(
            axes.coordinates,
            axes.training,
            vectors[:, axes.training],
            decays=decays,
            hidden=self.hidden,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            seed=derive(self.seed, *seed_keys),
            after=after,
        )


Decoder = RidgeDecoder | ReluDecoder


def decode(
    activity: np.ndarray, rows: Rows, angles: np.ndarray, *, period: float, decoders: Mapping[Any, Decoder]
) -> dict[Any, Decoded]:
    """Decode the angle of each row by decoders that were trained without its fold.

    All methods predict (cos 2πθ/period, sin 2πθ/period) by least squares, and the angle is the direction of
    the prediction. The strength of the penalty is the one with the least mean circular loss within the
    training rows.

    Parameters
    ----------
    activity : float array (row, unit)
    rows : Rows
    angles : float64 (set, row)
        The rows' own angles and permutations of them.
    period : float
    decoders : mapping of name to Decoder

    Returns
    -------
    dict of name to Decoded
    """
    sets = _Sets(rows, angles, to_vectors(angles, period), period)
    predicted = {name: np.empty(angles.shape) for name in decoders}
    chosen: dict[Any, list[float]] = {name: [] for name in decoders}
    curves: dict[Any, list[np.ndarray]] = {name: [] for name in decoders}
    for fold in range(int(rows.fold.max()) + 1):
        test = rows.fold == fold
        axes = principal(activity, np.flatnonzero(~test))
        for name, decoder in decoders.items():
            found = decoder.without(fold, activity, axes, sets)
            predicted[name][:, test] = found.predicted[:, test]
            chosen[name].append(found.chosen)
            own = to_angles(found.outputs, period)  # (strength, epoch, row)
            measures = [measure(own, angles[0], period) for measure in (apart, circular_loss)]
            curves[name].append(
                np.array([[values[..., part].mean(-1) for part in (~test, test)] for values in measures])
            )
    return {
        name: Decoded(
            predicted[name][0],
            np.array(chosen[name]),
            apart(predicted[name][1:], angles[1:], period).mean(-1),
            *np.stack(curves[name], 2),  # (measure, part, fold, strength, epoch)
        )
        for name in decoders
    }
