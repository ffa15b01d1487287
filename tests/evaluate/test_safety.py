"""What the gate costs is told by slice, over the same people with and without it."""

import io

import numpy as np
import pytest
from rich.console import Console

from galen.assembly.examples.people import PeopleColumns
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.train import train
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.eligibility.guard import Guard
from galen.evaluate.guarded import Guarded
from galen.evaluate.intervals import paired_interval
from galen.evaluate.run import evaluate
from galen.evaluate.safety import SafetyCost, cost_of_safety, safety_figures, safety_table

RECIPE = Recipe.from_tree(
    {"name": "small", "filters": ["stock"], "recall": {"popular": {"quota": 60, "repeat": True}}},
    where="test",
)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    settings = SyntheticSettings(users=1500, items=120, days=90, seed=3)
    shop = synthesize(tmp_path_factory.mktemp("safety") / "shop", settings, lambda *_: None)
    trained = train(RECIPE, shop, "strict", progress=lambda _: None)
    guarded = Guarded(Guard.of(trained.split.final.catalogue), shop.read("users"))
    people, silent = PeopleColumns.read(shop), (lambda _: None)
    asked = {"seed": 0, "progress": silent}
    with_gate = evaluate(trained.parts, trained.split, people, **asked, guarded=guarded)
    return with_gate, evaluate(trained.parts, trained.split, people, **asked)


def test_every_slice_has_its_cost_and_declarations_are_among_them(done):
    evaluation, _ = done
    costs = cost_of_safety(evaluation)
    parts = {cost.part for cost in costs}
    assert {"all", "history 1-3", "declared nothing", "declared conditions"} <= parts
    for cost in costs:
        assert cost.change.value == pytest.approx(cost.through - cost.without)
        assert cost.change.low <= cost.change.value <= cost.change.high


def test_the_gate_costs_hits_where_it_drops_what_people_took(done):
    evaluation, _ = done
    (everybody,) = (
        cost for cost in cost_of_safety(evaluation) if (cost.part, cost.metric) == ("all", "hr@10")
    )
    free = evaluation.results["small"].by_request["hr@10"]
    assert everybody.requests == len(free)
    assert everybody.without == pytest.approx(free.mean())
    assert everybody.change.value != 0
    assert safety_figures(cost_of_safety(evaluation))["all"]["hr@10"]["with"] == everybody.through


def test_the_table_names_every_slice_in_the_width_of_a_page(done):
    evaluation, _ = done
    costs = cost_of_safety(evaluation)
    console = Console(width=112, record=True, file=io.StringIO())
    console.print(safety_table(costs, "small"))
    page = console.export_text()
    assert all(cost.part in page for cost in costs)
    assert "…" not in page


def test_a_slice_of_one_person_has_its_change_and_no_ends_that_are_no_numbers():
    one = np.array([1.0])
    change = paired_interval(one, one, seed=0)
    costs = [SafetyCost("toddlers", 1, m, 1.0, 1.0, change) for m in ("hr@10", "ndcg@10")]
    console = Console(width=112, record=True, file=io.StringIO())
    console.print(safety_table(costs, "small"))
    page = console.export_text()
    assert page.count("+0.000") == 2
    assert "nan" not in page


def test_without_a_pack_nothing_is_told_of_its_cost(done):
    _, evaluation = done
    assert evaluation.guarded is None
    assert cost_of_safety(evaluation) == []
    assert not any("declared" in part.name for part in evaluation.question.slices)
