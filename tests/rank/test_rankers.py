"""The contract of every ranking model; a new one joins by being in the catalogue."""

from dataclasses import replace

import numpy as np
import pytest

from galen.assembly.catalog import RANKERS
from galen.features.encoding.samples import Samples, empty_side
from galen.features.encoding.scale import number_of
from galen.features.encoding.schema import Category, Schema
from galen.rank.score_metrics import auc, calibration_error

NAMES = ("signal", "noise", "holes")


def samples(seed: int, rows: int = 6000) -> Samples:
    """Clicks follow `signal` and `shelf`, purchases run against them; `holes` is half missing."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(rows, 3)).astype(np.float32)
    numbers[random.random(rows) < 0.5, 2] = np.nan
    shelf = random.integers(0, 4, (rows, 1))
    push = 2 * numbers[:, 0] + shelf[:, 0] - 1.5
    click = 1 / (1 + np.exp(-(push - 1)))
    purchase = 1 / (1 + np.exp(push + 2))
    return Samples(
        **{**empty_side(rows), "numbers": numbers},
        categories=shelf,
        labels={
            "click": (random.random(rows) < click).astype(np.float32),
            "purchase": (random.random(rows) < purchase).astype(np.float32),
        },
        weight=np.ones(rows, np.float32),
        group=np.arange(rows) // 20,
    )


def schema_of(rows: Samples) -> Schema:
    numbers = tuple(number_of(name, rows.numbers[:, p]) for p, name in enumerate(NAMES))
    return Schema(categories=(Category("shelf", 4),), numbers=numbers)


def taught() -> Samples:
    """What a table keeps where it drops most negatives: clicks are far more often than they are."""
    rows = samples(0)
    share = np.where(rows.labels["click"] > 0, 1.0, 0.15)
    return rows.take(np.flatnonzero(np.random.default_rng(4).random(len(rows)) < share))


@pytest.fixture(scope="module", params=sorted(RANKERS))
def learned(request):
    spec = RANKERS[request.param]()
    return spec, spec.fit(schema_of(samples(0)), taught(), samples(1))


def test_orders_each_objective_by_what_causes_it(learned):
    _, model = learned
    held_out = samples(2)
    scores = model.score(held_out)
    assert model.objectives == ("click", "purchase")
    for place, objective in enumerate(model.objectives):
        assert auc(held_out.labels[objective], scores[:, place]) > 0.8


def test_its_probabilities_are_calibrated_though_it_learned_from_other_shares(learned):
    _, model = learned
    held_out = samples(2)
    scores = model.score(held_out)
    for place, objective in enumerate(model.objectives):
        assert calibration_error(held_out.labels[objective], scores[:, place]) < 0.04


def test_the_same_seed_learns_the_same(learned):
    spec, model = learned
    again = spec.fit(schema_of(samples(0)), taught(), samples(1))
    assert model.score(samples(2)).tolist() == again.score(samples(2)).tolist()


def test_comes_back_from_disk_with_the_same_scores(learned, tmp_path):
    spec, model = learned
    model.save(tmp_path)
    again = spec.load(tmp_path)
    assert again.schema == model.schema
    assert model.score(samples(2)).tolist() == again.score(samples(2)).tolist()


def test_a_row_is_scored_alone_as_among_others(learned):
    _, model = learned
    rows = samples(2, rows=40)
    together = model.score(rows)
    for row in range(0, 40, 7):
        assert model.score(rows.take(slice(row, row + 1)))[0] == pytest.approx(together[row])


def misplaced(seed: int) -> Samples:
    """What is good stands in the worst places, so that it is clicked less than what is not."""
    random = np.random.default_rng(seed + 10)
    rows = samples(seed)
    good = rows.numbers[:, 0]
    at = 2 + np.clip(np.round(1.2 * good + random.normal(size=len(rows))), -1, 1).astype(np.int64)
    click = random.random(len(rows)) < 1 / (1 + np.exp(3 * at - 5 - good))
    ids = np.concatenate([rows.categories, at[:, None]], axis=1)
    return replace(rows, categories=ids, labels={"click": click.astype(np.float32)})


def test_a_position_is_learned_from_and_has_no_part_in_a_score(learned):
    spec, _ = learned
    shown = misplaced(0)
    fields = (Category("shelf", 4), Category("position", 4))
    schema = Schema(categories=fields, numbers=schema_of(shown).numbers, position="position")
    model = spec.fit(schema, shown, misplaced(1))
    said = model.score(shown)
    assert auc((shown.numbers[:, 0] > 0).astype(np.float32), said[:, 0]) > 0.7
    moved = shown.categories.copy()
    moved[:, 1] = moved[:, 1] % 3 + 1
    assert said.tolist() == model.score(replace(shown, categories=moved)).tolist()


def test_probabilities_hold_though_no_position_is_known_when_a_row_is_scored():
    def shown(seed: int) -> Samples:
        random = np.random.default_rng(seed)
        rows = samples(seed)
        at = random.integers(1, 11, (len(rows), 1))
        chance = 1 / (1 + np.exp(0.5 * (at[:, 0] - 1) - rows.numbers[:, 0]))
        click = (random.random(len(rows)) < chance).astype(np.float32)
        ids = np.concatenate([rows.categories, at], axis=1)
        return replace(rows, categories=ids, labels={"click": click})

    fields = (Category("shelf", 4), Category("position", 11))
    schema = Schema(categories=fields, numbers=schema_of(samples(0)).numbers, position="position")
    later = shown(2)
    for name, spec in RANKERS.items():
        said = spec().fit(schema, shown(0), shown(1)).score(later)[:, 0]
        assert calibration_error(later.labels["click"], said) < 0.04, name


def test_an_objective_without_a_known_label_to_choose_on_keeps_the_order_it_learned(learned):
    spec, _ = learned
    rows, held_out, later = samples(0), samples(1), samples(2)
    unknown = np.full(len(held_out), np.nan, np.float32)
    valid = replace(held_out, labels={**held_out.labels, "purchase": unknown})
    scores = spec.fit(schema_of(rows), rows, valid).score(later)
    for place, label in enumerate(later.labels.values()):
        assert auc(label, scores[:, place]) > 0.8


def test_scores_no_rows_with_no_rows(learned):
    _, model = learned
    assert model.score(samples(0, rows=0)).shape == (0, 2)


def test_a_label_that_is_not_known_yet_teaches_nothing(learned):
    spec, _ = learned
    rows = samples(0, rows=2000)
    late = rows.labels["click"].copy()
    late[:1000] = np.nan
    half = rows.take(slice(1000, 2000))
    waiting = replace(rows, labels={"click": late})
    alone = replace(half, labels={"click": half.labels["click"]})
    valid = replace(samples(1), labels={"click": samples(1).labels["click"]})
    told = spec.fit(schema_of(rows), waiting, valid).score(samples(2))
    assert told == pytest.approx(spec.fit(schema_of(rows), alone, valid).score(samples(2)))


@pytest.mark.parametrize("name", sorted(RANKERS))
def test_an_objective_that_never_happened_gets_its_smoothed_share(name):
    rows = samples(0, rows=400)
    never = replace(rows, labels={"click": np.zeros(400, np.float32)})
    scores = RANKERS[name]().fit(schema_of(rows), never, never).score(rows)
    assert scores == pytest.approx(1 / 402)


def test_a_listwise_ranker_puts_the_taken_row_first():
    random = np.random.default_rng(0)
    numbers = random.normal(size=(6000, 3)).astype(np.float32)
    best = numbers[:, 0].reshape(400, 15).argmax(axis=1)
    label = np.zeros((400, 15), np.float32)
    label[np.arange(400), best] = 1
    rows = Samples(
        **{**empty_side(6000), "numbers": numbers},
        categories=np.zeros((6000, 0), np.int64),
        labels={"next": label.ravel()},
        weight=np.ones(6000, np.float32),
        group=np.repeat(np.arange(400), 15),
    )
    schema = Schema(numbers=tuple(number_of(n, numbers[:, p]) for p, n in enumerate(NAMES)))
    model = RANKERS["gbdt"](loss="listwise").fit(schema, rows, rows)
    first = model.score(rows)[:, 0].reshape(400, 15).argmax(axis=1)
    assert (first == best).mean() > 0.9
