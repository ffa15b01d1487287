"""Lists teach by what is taken of them; a row's weight counts only where that is asked for."""

from dataclasses import replace

import numpy as np

from galen.features.encoding.samples import Samples, empty_side
from galen.features.encoding.scale import number_of
from galen.features.encoding.schema import Schema
from galen.rank.gbdt import Gbdt
from galen.rank.score_metrics import grouped_auc

LISTS = 600


def lists() -> Samples:
    """Of two rows the larger wins in two lists of three, the smaller in the others, heavily."""
    number = np.random.default_rng(0).normal(size=(LISTS, 2)).astype(np.float32)
    contrary = np.arange(LISTS) % 3 == 0
    first = (number[:, 0] > number[:, 1]) ^ contrary
    label = np.stack([first, ~first], axis=1).ravel().astype(np.float32)
    return Samples(
        **{**empty_side(2 * LISTS), "numbers": number.reshape(-1, 1)},
        categories=np.empty((2 * LISTS, 0), np.int64),
        labels={"next": label},
        weight=np.repeat(np.where(contrary, 20.0, 1.0), 2).astype(np.float32),
        group=np.repeat(np.arange(LISTS), 2),
    )


def slope(weighted: bool) -> float:
    """How much the largest numbers are preferred to the smallest."""
    rows = lists()
    schema = Schema(numbers=(number_of("number", rows.numbers[:, 0]),))
    model = Gbdt(loss="listwise", weighted=weighted, trees=30).fit(schema, rows, rows)
    score = np.asarray(model.boosters[0].predict(rows.numbers, raw_score=True))
    order = np.argsort(rows.numbers[:, 0])
    return float(score[order[-200:]].mean() - score[order[:200]].mean())


def test_lists_of_two_teach_what_is_preferred_by_their_weight():
    assert slope(weighted=False) > 0
    assert slope(weighted=True) < 0


def test_lists_teach_alike_whatever_their_names_and_wherever_their_rows_stand():
    random = np.random.default_rng(0)
    name = random.permutation(LISTS).repeat(random.integers(2, 20, LISTS))
    shelf, own = random.normal(scale=2, size=LISTS)[name], random.normal(size=len(name))
    taken = random.random(len(name)) < 1 / (1 + np.exp(1.5 * own - 2 * shelf))
    rows = Samples(  # more is taken where numbers are large, and within a list where they are small
        **{**empty_side(len(name)), "numbers": (shelf + own)[:, None].astype(np.float32)},
        categories=np.empty((len(name), 0), np.int64),
        labels={"next": taken.astype(np.float32)},
        weight=np.ones(len(name), np.float32),
        group=name,
    )
    schema = Schema(numbers=(number_of("number", rows.numbers[:, 0]),))
    for found in (rows, rows.take(random.permutation(len(rows)))):
        model = Gbdt(loss="listwise").fit(schema, found, found)
        assert grouped_auc(rows.labels["next"], model.score(rows)[:, 0], rows.group) > 0.7


def test_where_no_held_out_list_has_a_positive_every_tree_is_grown():
    rows = lists()
    nothing = replace(rows, labels={"next": np.zeros_like(rows.labels["next"])})
    schema = Schema(numbers=(number_of("number", rows.numbers[:, 0]),))
    model = Gbdt(loss="listwise", trees=7).fit(schema, rows, nothing)
    assert model.boosters[0].num_trees() == 7
    assert np.isfinite(model.score(rows)).all()
