"""The contract of every rule of eligibility, and what each of them guards."""

import itertools

import numpy as np
import pytest
from worlds import items_table

from galen.assembly.catalog import FILTERS
from galen.data.catalogue import Catalogue
from galen.data.schema import RxClass, Surface
from galen.eligibility.rules.prescription import ALLOWED
from galen.pipeline.candidates import Candidates, Requests, no_histories


def requests(surface: list[int], age: list[float], region: list[str | None]) -> Requests:
    rows = len(surface)
    return Requests(
        np.full(rows, -1),
        np.zeros(rows, np.int64),
        no_histories(rows),
        np.array(surface, np.int64),
        np.array(age, float),
        region,
        np.arange(rows),
    )


def everything(asked: Requests, catalogue: Catalogue) -> Candidates:
    pairs = np.array(list(itertools.product(range(len(asked)), range(len(catalogue)))))
    return Candidates(pairs[:, 0], pairs[:, 1])


UNKNOWN = Catalogue(
    items_table(
        [
            {
                "item_id": "unknown",
                "rx_class": None,
                "stock": None,
                "hidden": None,
                "min_age": None,
                "regions": None,
            },
            {"item_id": "known"},
        ]
    )
)


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_what_is_unknown_is_not_shown(name):
    rule = FILTERS[name](UNKNOWN)
    asked = requests([int(Surface.HOME)], [40], ["east"])
    assert rule.keep(asked, everything(asked, UNKNOWN)).tolist() == [False, True]


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_a_rule_has_an_id_and_a_reason_for_people(name):
    rule = FILTERS[name](UNKNOWN)
    assert rule.rule == name
    assert " " in rule.reason


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_a_rule_answers_no_rows_with_no_rows(name):
    asked = requests([], [], [])
    empty = Candidates(np.empty(0, np.int64), np.empty(0, np.int64))
    kept = FILTERS[name](UNKNOWN).keep(asked, empty)
    assert kept.shape == (0,)
    assert kept.dtype == bool


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_a_rule_answers_a_batch_as_it_answers_its_rows_one_by_one(name):
    catalogue = Catalogue(
        items_table(
            [
                {"item_id": "a", "rx_class": "pharmacist", "min_age": 18},
                {"item_id": "b", "stock": 0, "regions": ["west"]},
                {"item_id": "c", "hidden": True, "regions": ["east", "west"]},
            ]
        )
    )
    asked = requests([0, 1, 3], [17, 18, np.nan], ["east", None, "west"])
    rule = FILTERS[name](catalogue)
    rows = everything(asked, catalogue)
    together = rule.keep(asked, rows)
    alone = [bool(rule.keep(asked, rows.take(np.array([n])))[0]) for n in range(len(rows))]
    assert together.tolist() == alone


def test_prescription_medicine_is_shown_on_no_surface_and_a_plain_item_on_all():
    catalogue = Catalogue(
        items_table([{"item_id": rx.value, "rx_class": rx.value} for rx in RxClass])
    )
    asked = requests([int(s) for s in Surface], [40] * len(Surface), ["east"] * len(Surface))
    kept = FILTERS["prescription"](catalogue).keep(asked, everything(asked, catalogue))
    shown = kept.reshape(len(Surface), len(RxClass))
    for column, rx in enumerate(RxClass):
        assert {s for s in Surface if shown[int(s), column]} == ALLOWED[rx]
    assert not shown[:, list(RxClass).index(RxClass.PRESCRIPTION)].any()
    assert shown[:, list(RxClass).index(RxClass.NONE)].all()


@pytest.mark.parametrize("surface", [-1, len(Surface), 99])
def test_an_unknown_surface_is_shown_nothing(surface):
    asked = requests([surface], [40], ["east"])
    kept = FILTERS["prescription"](UNKNOWN).keep(asked, everything(asked, UNKNOWN))
    assert not kept.any()


def test_a_licence_ends_at_the_border_and_unknown_people_see_what_is_sold_everywhere():
    catalogue = Catalogue(
        items_table(
            [{"item_id": "east", "regions": ["east"]}, {"item_id": "all", "regions": ["*"]}]
        )
    )
    asked = requests([0, 0, 0], [40, 40, 40], ["east", "west", None])
    kept = FILTERS["region"](catalogue).keep(asked, everything(asked, catalogue))
    assert kept.reshape(3, 2).tolist() == [[True, True], [False, True], [False, True]]


def test_a_person_of_unknown_age_sees_only_what_has_no_limit():
    catalogue = Catalogue(
        items_table([{"item_id": "adult", "min_age": 18}, {"item_id": "all", "min_age": 0}])
    )
    asked = requests([0, 0, 0], [17, 18, np.nan], [None] * 3)
    kept = FILTERS["age"](catalogue).keep(asked, everything(asked, catalogue))
    assert kept.reshape(3, 2).tolist() == [[False, True], [True, True], [False, True]]
