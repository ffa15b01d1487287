"""Lines from scores to probabilities hold on the rows that they are of."""

import numpy as np
import pytest

from galen.rank.calibration import Calibration, Platt


def test_scores_that_run_against_labels_still_give_the_share_that_is_seen():
    random = np.random.default_rng(0)
    score = random.normal(5, 1, 5000)
    label = (random.random(5000) < 1 / (1 + np.exp(score - 3))).astype(float)
    weight = random.random(5000)
    said = Calibration().fit(score, label, weight).probability(score)
    assert np.average(said, weights=weight) == pytest.approx(
        np.average(label, weights=weight), rel=1e-4
    )
    assert (np.diff(said[np.argsort(score)]) >= 0).all()


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_no_rows_leave_scores_as_they_are(method):
    assert Calibration(method).fit(*np.empty((3, 0))) == Platt(1.0, 0.0)
