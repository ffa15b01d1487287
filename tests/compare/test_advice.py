"""Sentences made from made-up figures whose right answer is known."""

import pytest

from galen.compare.advice import advise, advise_on_safety
from galen.compare.forbidden import Forbidden
from galen.compare.verdicts import Paired, SliceVerdict
from galen.evaluate.intervals import Interval

SECONDS = {"classic": 10.0, "enriched": 21.0, "hybrid": 80.0}


def verdict(slice_name, people, means, sure):
    """`sure` are the recipes that are surely worse than the best, and the best than the first."""
    best, first = max(means, key=means.get), next(iter(means))

    def paired(name, over, p):
        value = means[name] - means[over]
        change = Interval(value, value - 0.003, value + 0.003)
        return Paired(slice_name, name, over, people, change, p)

    over_best = {n: paired(n, best, 0.001 if n in sure else 0.5) for n in means if n != best}
    over_first = {n: paired(n, first, 0.001 if first in sure else 0.5) for n in means if n != first}
    intervals = {name: Interval(value, value, value) for name, value in means.items()}
    return SliceVerdict(slice_name, people, intervals, best, over_best, over_first)


@pytest.mark.parametrize(
    ("slice_name", "means", "sure", "said"),
    [
        (
            "history 1-3",
            {"classic": 0.0381, "enriched": 0.0432},
            {"classic"},
            "For people with 1-3 events use enriched: NDCG@10 0.0432, "
            "+0.0051 [0.0021, 0.0081] over classic, at 2.1x its training cost.",
        ),
        (
            "all",
            {"classic": 0.05, "enriched": 0.04, "hybrid": 0.045},
            {"enriched", "hybrid"},
            "For everybody use classic: NDCG@10 0.0500, "
            "+0.0050 [0.0020, 0.0080] over hybrid, at 0.12x its training cost.",
        ),
        (
            "history > 10",
            {"classic": 0.040, "enriched": 0.041},
            set(),
            "For people with more than 10 events nothing is surely better than another: use "
            "classic, the cheapest to learn: NDCG@10 0.0400; -0.0010 [-0.0040, 0.0020] against "
            "enriched, at 0.48x its training cost.",
        ),
        (
            "department baby",
            {"classic": 0.03, "enriched": 0.040, "hybrid": 0.041},
            {"classic"},
            "For the department baby use enriched: NDCG@10 0.0400, +0.0100 [0.0070, 0.0130] over "
            "classic, at 2.1x its training cost; -0.0010 [-0.0040, 0.0020] against hybrid, at "
            "0.26x its training cost.",
        ),
        (
            "warm items",
            {"classic": 0.05, "enriched": 0.04, "hybrid": 0.0499},
            {"enriched"},
            "For those who take warm items use classic: NDCG@10 0.0500; hybrid is not surely "
            "worse, but dearer to learn.",
        ),
        (
            "tail items",
            {"classic": 0.0, "enriched": 0.0},
            set(),
            "For those who take items of the tail no recipe finds anything (NDCG@10 0.0000); "
            "classic is the cheapest to learn.",
        ),
    ],
)
def test_the_sentence_says_what_the_figures_say(slice_name, means, sure, said):
    assert advise(verdict(slice_name, 500, means, sure), SECONDS).sentence == said


def test_of_recipes_that_cost_alike_the_better_figure_is_taken():
    costs = {"classic": 0.21, "enriched": 0.2}
    alike = verdict("head items (top 20%)", 500, {"classic": 0.0942, "enriched": 0.0628}, set())
    assert advise(alike, costs).sentence == (
        "For those who take items of the head nothing is surely better than another: use classic, "
        "the best of the cheapest to learn: NDCG@10 0.0942."
    )
    third = {"classic": 0.0942, "enriched": 0.0628, "hybrid": 0.01}
    told = advise(verdict("all", 500, third, {"hybrid"}), costs | {"hybrid": 3.0}).sentence
    assert told == (
        "For everybody use classic: NDCG@10 0.0942; enriched is not surely worse, at about the "
        "same cost."
    )


def test_what_costs_nothing_is_no_multiple_of_anything():
    figures = verdict("all", 500, {"classic": 0.05, "enriched": 0.06}, {"classic"})
    free = advise(figures, dict.fromkeys(SECONDS, 0.0)).sentence
    assert free.endswith("over classic, which costs nothing to learn.")


def test_of_too_few_people_nothing_is_advised_surely():
    told = advise(verdict("history 0", 7, {"classic": 0.1, "enriched": 0.2}, set()), SECONDS)
    assert told.sentence == (
        "People without a history: only 7, too few to tell; classic has NDCG@10 0.1000."
    )


def test_one_recipe_alone_is_compared_with_nothing():
    told = advise(verdict("all", 500, {"classic": 0.1}, set()), SECONDS)
    assert told.sentence.endswith("nothing else was compared.")


def test_safety_is_told_by_what_was_counted():
    clean, unsafe = Forbidden(100, 0, 0), Forbidden(100, 4, 3, {"allergy": 4})
    told = advise_on_safety({"classic": (clean, unsafe), "hybrid": (clean, clean)})
    assert "no recipe showed a forbidden item in 200 rows" in told
    assert "classic 4 of 100, hybrid 0 of 100" in told
    assert advise_on_safety({"a": (clean, clean)}).endswith(" rows either.")
    assert advise_on_safety({"a": (unsafe, unsafe)}).startswith("Do not serve")
