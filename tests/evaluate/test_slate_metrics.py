"""Slate metrics against an independent library, and on cases worked by hand."""

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import RR, R, Success, nDCG

from galen.evaluate.slate_metrics import (
    Answers,
    by_request,
    first_of,
    novelty_of,
    of_catalogue,
)
from galen.pipeline.candidates import Candidates


def answers(slates: list[list[tuple[int, float]]], truth: list[set[int]]) -> Answers:
    rows = [(r, item, score) for r, slate in enumerate(slates) for item, score in slate]
    pairs = [(r, item) for r, items in enumerate(truth) for item in sorted(items)]
    request, item, score = (np.array([row[n] for row in rows]) for n in range(3))
    return Answers(
        Candidates(request.astype(np.int64), item.astype(np.int64), {"score": score.astype(float)}),
        len(slates),
        np.array([r for r, _ in pairs], np.int64),
        np.array([i for _, i in pairs], np.int64),
    )


slate = st.lists(st.integers(0, 30), min_size=1, max_size=25, unique=True)
case = st.lists(st.tuples(slate, st.sets(st.integers(0, 30), min_size=1, max_size=4)), min_size=1)


@settings(max_examples=60)
@given(case)
def test_metrics_equal_those_of_an_independent_library(cases):
    slates = [[(item, -float(place)) for place, item in enumerate(s)] for s, _ in cases]
    ours = by_request(answers(slates, [t for _, t in cases]), cuts=(5, 10))
    qrels = [
        ir_measures.Qrel(str(r), str(item), 1)
        for r, (_, truth) in enumerate(cases)
        for item in truth
    ]
    run = [
        ir_measures.ScoredDoc(str(r), str(item), score)
        for r, s in enumerate(slates)
        for item, score in s
    ]
    names = {Success @ 5: "hr@5", R @ 10: "recall@10", nDCG @ 10: "ndcg@10", RR: "mrr"}
    for value in ir_measures.iter_calc(list(names), qrels, run):
        mine = ours[names[value.measure]][int(value.query_id)]
        assert mine == pytest.approx(value.value, abs=1e-9)


def test_a_tie_is_broken_against_the_model():
    tied = answers([[(1, 0.5), (2, 0.5), (3, 0.5), (4, 0.1)]], [{1}])
    assert tied.places().tolist() == [2]
    assert by_request(tied, cuts=(2, 3))["hr@2"].tolist() == [0]


def test_ties_of_two_requests_do_not_touch():
    tied = answers([[(1, 0.5)], [(1, 0.5), (2, 0.4)]], [{1}, {1}])
    assert tied.places().tolist() == [0, 0]


def test_a_true_item_outside_the_slate_is_a_miss():
    missed = by_request(answers([[(1, 1.0)]], [{9}]))
    assert missed["hr@10"].tolist() == [0]
    assert missed["mrr"].tolist() == [0]


def test_an_empty_slate_is_a_miss():
    empty = Answers(
        Candidates(np.empty(0, np.int64), np.empty(0, np.int64), {"score": np.empty(0)}),
        2,
        np.array([0, 1]),
        np.array([3, 4]),
    )
    assert by_request(empty)["hr@10"].tolist() == [0, 0]


def test_the_same_item_for_everybody_covers_little_and_is_unequal():
    slates = Candidates(np.arange(4), np.zeros(4, np.int64), {"score": np.ones(4)})
    metrics = of_catalogue(slates, np.array([7.0, 1.0, 0.0, 0.0]))
    assert metrics["coverage@10"] == 0.25
    assert metrics["gini@10"] == pytest.approx(0.75)
    assert metrics["novelty@10"] == pytest.approx(-np.log2(8 / 12))


def test_every_item_once_is_equal():
    slates = Candidates(np.arange(4), np.arange(4), {"score": np.ones(4)})
    assert of_catalogue(slates, np.ones(4))["gini@10"] == pytest.approx(0)


def test_the_first_places_are_in_their_order_and_a_short_slate_is_filled_up():
    slates = Candidates(np.array([0, 0, 0, 2]), np.array([7, 3, 5, 1]), {"score": np.zeros(4)})
    assert first_of(slates, 3, cut=2).tolist() == [[7, 3], [-1, -1], [1, -1]]


def test_novelty_of_each_slate_is_the_mean_of_its_items_and_all_together_that_of_the_catalogue():
    popularity = np.array([7.0, 1.0, 0.0, 0.0])  # 8, 2, 1 and 1 of 12: 12 events and one each
    first = np.array([[0, 1], [2, -1], [-1, -1]])
    found = novelty_of(first, popularity)
    bits = np.log2([12 / 8, 12 / 2, 12.0])
    assert found == pytest.approx([bits[:2].mean(), bits[2], 0])
    slates = Candidates(np.array([0, 0, 1]), np.array([0, 1, 2]), {"score": np.ones(3)})
    assert found @ [2, 1, 0] / 3 == pytest.approx(of_catalogue(slates, popularity)["novelty@10"])


def test_the_same_items_in_another_order_are_as_novel_to_the_last_digit():
    popularity = np.random.default_rng(0).integers(0, 99, 40).astype(float)
    first = np.random.default_rng(1).permuted(np.tile(np.arange(10), (50, 1)), axis=1)
    assert len(set(novelty_of(first, popularity).tolist())) == 1
