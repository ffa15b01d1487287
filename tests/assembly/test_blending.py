"""Powers of a blend: they find the formula that decided, and say nothing where nothing did."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from galen.assembly.blending import fitted_blend
from galen.pipeline.candidates import Batch
from galen.pipeline.stages import Examples

GIVEN = {"click": 0.7, "purchase": 1.5}


@dataclass
class Known:
    """Scores that are columns of the batch."""

    objectives = ("click", "purchase")

    def score(self, batch):
        return batch.matrix(self.objectives).astype(np.float64)


def examples(seed=0, requests=3000, each=8):
    """In each request the best by click^2 · purchase^.5 · price^-1, with noise, was bought."""
    draw = np.random.default_rng(seed)
    rows = requests * each
    click, purchase = draw.uniform(0.05, 0.9, rows), draw.uniform(0.01, 0.5, rows)
    price = draw.uniform(1, 50, rows)
    value = 2 * np.log(click) + 0.5 * np.log(purchase) - np.log(price) + draw.gumbel(size=rows)
    bought = np.zeros((requests, each))
    bought[np.arange(requests), value.reshape(requests, each).argmax(1)] = 1
    columns = {"click": click, "purchase": purchase, "item_price": price}
    batch = Batch(
        np.repeat(np.arange(requests), each),
        {},
        {name: column.astype(np.float32) for name, column in columns.items()},
    )
    return Examples(batch, {"purchase": bought.ravel()}, np.ones(rows))


def test_the_powers_that_decided_are_found():
    powers = fitted_blend(Known(), examples(), "purchase", GIVEN)
    assert powers["click"] == pytest.approx(2, abs=0.25)
    assert powers["purchase"] == pytest.approx(0.5, abs=0.15)
    assert powers["price"] == pytest.approx(-1, abs=0.15)


def test_without_a_row_of_the_label_the_given_powers_stay():
    rows = examples()
    never = Examples(rows.batch, {"purchase": np.zeros(len(rows))}, rows.weight)
    assert fitted_blend(Known(), never, "purchase", GIVEN) == {**GIVEN, "price": 0.0}


def test_an_unknown_label_is_told():
    with pytest.raises(ValueError, match="no label 'cart'; there are purchase"):
        fitted_blend(Known(), examples(), "cart", GIVEN)


def test_a_few_choices_hardly_move_the_given_powers():
    few, many = (
        fitted_blend(Known(), examples(requests=count), "purchase", GIVEN) for count in (5, 3000)
    )
    assert abs(few["click"] - GIVEN["click"]) < 0.2 * abs(many["click"] - GIVEN["click"])
    assert abs(few["price"]) < 0.2


def test_recall_is_weighed_beside_the_ranker_where_its_score_is_known():
    rows = examples()
    draw = np.random.default_rng(1)
    asked = np.log(rows.batch.per_row["click"]) * 2 + draw.normal(size=len(rows))
    columns = {**rows.batch.per_row, "recall_score": asked.astype(np.float32)}
    told = Examples(Batch(rows.batch.request, {}, columns), rows.labels, rows.weight)
    assert "recall" not in fitted_blend(Known(), rows, "purchase", GIVEN)
    assert fitted_blend(Known(), told, "purchase", GIVEN)["recall"] == pytest.approx(0, abs=0.1)
    noisy = {**columns, "click": draw.uniform(0.05, 0.9, len(rows)).astype(np.float32)}
    lost = Examples(Batch(rows.batch.request, {}, noisy), rows.labels, rows.weight)
    assert fitted_blend(Known(), lost, "purchase", GIVEN)["recall"] > 0.3


def test_a_factor_that_is_the_same_everywhere_has_no_power():
    rows = examples()
    columns = {**rows.batch.per_row, "item_price": np.full(len(rows), 3.0, np.float32)}
    same = Examples(Batch(rows.batch.request, {}, columns), rows.labels, rows.weight)
    assert fitted_blend(Known(), same, "purchase", GIVEN)["price"] == 0.0


def test_a_factor_that_differs_by_rounding_alone_keeps_its_power():
    rows = examples(requests=200)
    columns = dict(rows.batch.per_row)
    noise = np.random.default_rng(1).normal(size=len(rows)) * 1e-7
    columns["click"] = (0.3 * (1 + noise)).astype(np.float32)
    alike = Examples(replace(rows.batch, per_row=columns), rows.labels, rows.weight)
    powers = fitted_blend(Known(), alike, "purchase", GIVEN)
    assert powers["click"] == GIVEN["click"]
    assert powers["price"] < -0.2
