"""Calibration by segment, on a world where a model is right on the whole and wrong in each part."""

from dataclasses import replace

import numpy as np
import pytest

from galen.features.encoding.samples import Samples, empty_side
from galen.features.encoding.scale import number_of
from galen.features.encoding.schema import Category, Schema, SchemaError
from galen.rank.gbdt import Gbdt
from galen.rank.score_metrics import auc, calibration_error
from galen.rank.segmented import Segmented

SURFACES = 4
BLIND = Gbdt(trees=60, categories=False)  # it reads the number and not the surface


def samples(seed: int, rows: int = 12_000) -> Samples:
    """On surface 3 and 2 the same number means more clicks than on 1; 0 is hardly ever there."""
    random = np.random.default_rng([seed, 3])
    surface = random.choice(SURFACES, rows, p=[0.01, 0.39, 0.3, 0.3])
    number = random.normal(size=rows).astype(np.float32)
    push = np.array([0.0, -1.5, 0.5, 1.5])[surface] + np.array([1, 0.5, 1, 2])[surface] * number
    chance = 1 / (1 + np.exp(-push))
    return Samples(
        **{**empty_side(rows), "numbers": number[:, None]},
        categories=surface[:, None],
        labels={
            "click": (random.random(rows) < chance).astype(np.float32),
            "buy": (random.random(rows) < chance / 4).astype(np.float32),
        },
        weight=np.ones(rows, np.float32),
        group=np.arange(rows) // 20,
    )


SCHEMA = Schema(
    categories=(Category("surface", SURFACES),),
    numbers=(number_of("number", samples(0).numbers[:, 0]),),
)


@pytest.fixture(scope="module")
def learned():
    return Segmented(BLIND, "surface").fit(SCHEMA, samples(0), samples(1))


def test_probabilities_come_to_hold_within_each_segment(learned):
    held_out = samples(2)
    blind = learned.model.score(held_out)
    found = learned.score(held_out)
    for place, objective in enumerate(learned.objectives):
        label = held_out.labels[objective]
        for surface in (1, 2, 3):
            inside = held_out.categories[:, 0] == surface
            before = calibration_error(label[inside], blind[inside, place])
            after = calibration_error(label[inside], found[inside, place])
            assert after < 0.6 * before
            assert after < 0.05
        assert calibration_error(label, found[:, place]) < 0.03
        assert auc(label, found[:, place]) > auc(label, blind[:, place]) + 0.03


def test_order_within_a_segment_stays(learned):
    held_out = samples(2, rows=500)
    blind, found = learned.model.score(held_out)[:, 0], learned.score(held_out)[:, 0]
    inside = held_out.categories[:, 0] == 1
    order = np.argsort(blind[inside], kind="stable")
    assert (np.diff(found[inside][order]) >= -1e-12).all()


def test_a_segment_of_few_rows_has_the_line_of_all(learned):
    for lines in learned.lines:
        assert set(lines.segments) == {1, 2, 3}
    rows = replace(samples(2, rows=50), categories=np.zeros((50, 1), np.int64))
    whole = Segmented(BLIND, "surface", rows=10**6).fit(SCHEMA, samples(0), samples(1))
    assert learned.score(rows) == pytest.approx(whole.score(rows))


def test_a_segment_without_a_positive_has_the_line_of_all():
    valid = samples(1)
    label = np.where(valid.categories[:, 0] == 2, 0, valid.labels["buy"]).astype(np.float32)
    valid = replace(valid, labels={**valid.labels, "buy": label})
    model = Segmented(BLIND, "surface").fit(SCHEMA, samples(0), valid)
    assert [set(lines.segments) for lines in model.lines] == [{1, 2, 3}, {1, 3}]


def test_labels_that_are_not_known_yet_calibrate_nothing():
    valid = samples(1)
    late = valid.labels["buy"].copy()
    late[6000:] = np.nan
    waiting = replace(valid, labels={**valid.labels, "buy": late})
    model = Segmented(BLIND, "surface").fit(SCHEMA, samples(0), waiting)
    assert np.isfinite(model.score(samples(2))).all()


def test_comes_back_from_disk_with_the_same_scores(learned, tmp_path):
    learned.save(tmp_path)
    again = Segmented(BLIND, "surface").load(tmp_path)
    assert again.schema == learned.schema
    assert again.objectives == ("click", "buy")
    assert np.array_equal(again.score(samples(2)), learned.score(samples(2)))


def test_a_row_is_scored_alone_as_among_others_and_no_rows_are_none(learned):
    rows = samples(2, rows=40)
    together = learned.score(rows)
    for row in range(0, 40, 7):
        assert learned.score(rows.take(slice(row, row + 1)))[0] == pytest.approx(together[row])
    assert learned.score(samples(2, rows=0)).shape == (0, 2)


def test_a_category_that_is_not_there_is_an_error():
    with pytest.raises(SchemaError, match="no category 'city'"):
        Segmented(BLIND, "city").fit(SCHEMA, samples(0), samples(1))
