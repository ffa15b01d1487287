"""The contract of every ranker; a new one joins by being in the catalogue."""

import numpy as np
import pytest

from galen.assembly.catalog import RANKERS
from galen.evaluate.score_metrics import auc, calibration_error
from galen.pipeline.candidates import Batch
from galen.pipeline.stages import Examples

FEATURES = ("signal", "noise", "holes")


def examples(seed: int, rows: int = 6000) -> Examples:
    """Clicks follow `signal`, purchases run against it; half of `holes` is missing."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, 3)).astype(np.float32)
    matrix[random.random(rows) < 0.5, 2] = np.nan
    click = 1 / (1 + np.exp(-(2 * matrix[:, 0] - 1)))
    purchase = 1 / (1 + np.exp(2 * matrix[:, 0] + 2))
    return Examples(
        FEATURES,
        matrix,
        np.arange(rows) // 20.0,
        {
            "click": (random.random(rows) < click).astype(float),
            "purchase": (random.random(rows) < purchase).astype(float),
        },
        np.ones(rows),
    )


def batch_of(rows: Examples) -> Batch:
    columns = {name: rows.matrix[:, place] for place, name in enumerate(rows.features)}
    return Batch(np.zeros(len(rows.matrix), np.int64), {}, columns)


@pytest.fixture(scope="module", params=sorted(RANKERS))
def learned(request):
    spec = RANKERS[request.param]()
    return spec, spec.fit(examples(0), examples(1))


def test_orders_each_objective_by_what_causes_it(learned):
    _, ranker = learned
    held_out = examples(2)
    scores = ranker.score(batch_of(held_out))
    assert ranker.objectives == ("click", "purchase")
    for place, objective in enumerate(ranker.objectives):
        assert auc(held_out.labels[objective], scores[:, place]) > 0.8


def test_its_probabilities_are_calibrated(learned):
    _, ranker = learned
    held_out = examples(2)
    scores = ranker.score(batch_of(held_out))
    for place, objective in enumerate(ranker.objectives):
        assert calibration_error(held_out.labels[objective], scores[:, place]) < 0.04


def test_the_same_seed_learns_the_same(learned):
    spec, ranker = learned
    again = spec.fit(examples(0), examples(1))
    asked = batch_of(examples(2))
    assert ranker.score(asked).tolist() == again.score(asked).tolist()


def test_comes_back_from_disk_with_the_same_scores(learned, tmp_path):
    spec, ranker = learned
    ranker.save(tmp_path)
    asked = batch_of(examples(2))
    assert ranker.score(asked).tolist() == spec.load(tmp_path).score(asked).tolist()


def test_a_row_is_scored_alone_as_among_others(learned):
    _, ranker = learned
    rows = examples(2, rows=40)
    together = ranker.score(batch_of(rows))
    for row in range(0, 40, 7):
        alone = Batch(
            np.zeros(1, np.int64),
            {},
            {name: rows.matrix[row : row + 1, p] for p, name in enumerate(FEATURES)},
        )
        assert ranker.score(alone)[0] == pytest.approx(together[row])


def test_scores_no_rows_with_no_rows(learned):
    _, ranker = learned
    assert ranker.score(batch_of(examples(0, rows=0))).shape == (0, 2)


@pytest.mark.parametrize("name", sorted(RANKERS))
def test_an_objective_that_never_happened_gets_its_smoothed_share(name):
    rows = examples(0, rows=400)
    never = Examples(rows.features, rows.matrix, rows.group, {"click": np.zeros(400)}, rows.weight)
    scores = RANKERS[name]().fit(never, never).score(batch_of(rows))
    assert scores == pytest.approx(1 / 402)


def test_a_listwise_ranker_puts_the_taken_row_first():
    random = np.random.default_rng(0)
    request = np.repeat(np.arange(400.0), 15)
    matrix = random.normal(size=(6000, 3)).astype(np.float32)
    best = matrix[:, 0].reshape(400, 15).argmax(axis=1)
    label = np.zeros((400, 15))
    label[np.arange(400), best] = 1
    rows = Examples(FEATURES, matrix, request, {"next": label.ravel()}, np.ones(6000))
    ranker = RANKERS["gbdt"](loss="listwise").fit(rows, rows)
    first = ranker.score(batch_of(rows))[:, 0].reshape(400, 15).argmax(axis=1)
    assert (first == best).mean() > 0.9
