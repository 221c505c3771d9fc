"""Ridge regression on principal axes: many strengths and targets at once, and groups left out in turn."""

import numpy as np

from repscape.analyses.lib.principal_axes import Axes


class Ridge:
    """Ridge regression of targets on the training rows of some axes.

    With X the training rows, centred, and n their number, the weights w minimise
    |y − ȳ − X w|² / n + s |w|², s being the strength (scikit-learn's ``alpha`` is n s); the intercept ȳ is
    not penalised. On principal axes X'X is diagonal, so that a strength costs no more than products.

    Parameters
    ----------
    axes : Axes
    targets : float64 (training row, target)
    """

    def __init__(self, axes: Axes, targets: np.ndarray):
        """Compute what all strengths have in common."""
        self._axes, self._own = axes, axes.coordinates[axes.training]
        self._mean = targets.mean(0)
        self._away = targets - self._mean
        self._moments = self._own.T @ self._away / len(targets)

    def predict(self, rows: np.ndarray, strength: float | np.ndarray) -> np.ndarray:
        """Predict the targets of some rows, by their indices.

        Parameters
        ----------
        rows : int array (row,)
        strength : float, or float array (target,)
            Above 0.

        Returns
        -------
        float64 (row, target)
        """
        weights = self._moments / (self._axes.variance[:, None] + strength)
        return self._mean + self._axes.coordinates[rows] @ weights

    def left_out(self, strength: float, group: np.ndarray) -> np.ndarray:
        """Predict each training row by the other groups' rows alone.

        Groups are not left out one by one: with H the matrix that makes predictions of targets, the
        errors of a group g that is left out are (1 − H_gg)⁻¹ times its errors when it is not (Allen,
        Technometrics 16:125, 1974, for single rows). Units stay standardised by all training rows.

        Parameters
        ----------
        strength : float
        group : int array (training row,)

        Returns
        -------
        float64 (training row, target)
        """
        errors = self._away - (self.predict(self._axes.training, strength) - self._mean)
        # H = 1/n + U diag(shrink) U', with U'U = n diag(variance)
        shrunk = self._own / np.sqrt(len(errors) * (self._axes.variance + strength))
        found = np.empty_like(errors)
        for members in _equal_sizes(group):
            own = shrunk[members]  # (group, member, axis)
            hat = own @ own.transpose(0, 2, 1) + 1 / len(errors)
            found[members] = np.linalg.solve(np.eye(members.shape[1]) - hat, errors[members])
        return self._away + self._mean - found


def _equal_sizes(group: np.ndarray) -> list[np.ndarray]:
    """Return the indices of the members of groups, an array (group, member) for each size of group."""
    order = np.argsort(group, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    sizes = np.array([len(own) for own in members])
    return [np.array([own for own in members if len(own) == size]) for size in np.unique(sizes)]
