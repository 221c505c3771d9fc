"""Decoders of angles, against scikit-learn's in a loop."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.preprocessing import StandardScaler

from repscape.analyses.lib.angle_decoders import ReluDecoder, RidgeDecoder, decode
from repscape.analyses.lib.angles import arrange, circular_loss, to_angles, to_vectors
from repscape.analyses.lib.circle import apart

STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def test_ridge_decoding_is_that_of_a_loop_over_folds_and_strengths(tuned_to):
    """Nested cross-validation by scikit-learn, on single trials whose images are left out together."""
    image = np.repeat(np.arange(20), 3)
    angle = np.arange(20) * 9.0
    activity = tuned_to(angle[image], 40, 0.6)
    rows = arrange(angle, image, "images", 180, 4, 0)
    decoders = {"ridge": RidgeDecoder(STRENGTHS)}
    found = decode(activity, rows, rows.angle[None], period=180, decoders=decoders)["ridge"]
    aims = to_vectors(rows.angle, 180)
    for fold in range(4):
        train, test = rows.fold != fold, rows.fold == fold
        scaled = StandardScaler().fit(activity[train]).transform(activity) / np.sqrt(40)
        losses = []
        for at, strength in enumerate(STRENGTHS):
            model = SklearnRidge(alpha=strength * train.sum())
            inner = cross_val_predict(
                model, scaled[train], aims[train], groups=image[train], cv=LeaveOneGroupOut()
            )
            losses.append(circular_loss(to_angles(inner, 180), rows.angle[train], 180).mean())
            whole = to_angles(model.fit(scaled[train], aims[train]).predict(scaled), 180)
            for part, here in enumerate((train, test)):
                error = apart(whole[here], rows.angle[here], 180).mean()
                assert found.error[part, fold, at, 0] == pytest.approx(error, rel=1e-6)
                loss = circular_loss(whole[here], rows.angle[here], 180).mean()
                assert found.loss[part, fold, at, 0] == pytest.approx(loss, rel=1e-5, abs=1e-9)
        best = STRENGTHS[int(np.argmin(losses))]
        assert found.chosen[fold] == best
        model = SklearnRidge(alpha=best * train.sum()).fit(scaled[train], aims[train])
        np.testing.assert_allclose(
            found.predicted[test], to_angles(model.predict(scaled[test]), 180), rtol=1e-5, atol=1e-6
        )


def test_the_test_fold_has_no_part_in_its_decoders(tuned_to):
    """Other activity and angles in one fold change its own predictions alone, not the decoders' choices."""
    angle = np.arange(24) * 7.5
    rows = arrange(angle, np.arange(24), "images", 180, 4, 0)
    activity, other = tuned_to(angle, 30, 0.3), tuned_to(angle, 30, 0.3)
    inside = rows.fold == 2
    other[inside] = np.random.default_rng(0).normal(size=other[inside].shape)
    angles = rows.angle.copy()
    angles[inside] = angles[inside][::-1]
    decoders = {
        "ridge": RidgeDecoder(STRENGTHS), "relu": ReluDecoder((0.0, 0.01, 0.1), 6, 30, 0.1, 0)
    }  # fmt: skip
    how = {"period": 180, "decoders": decoders}
    first = decode(activity, rows, rows.angle[None], **how)
    second = decode(other, rows._replace(angle=angles), angles[None], **how)
    for method in ("ridge", "relu"):
        assert first[method].chosen[2] == second[method].chosen[2]
        np.testing.assert_allclose(
            first[method].error[0, 2], second[method].error[0, 2], rtol=1e-5, atol=1e-7
        )
