"""The made-up people declare what fits what they buy, in words that the knowledge knows."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from galen.data.synthetic.declarations import (
    MEDICINES,
    STATES,
    TELLS,
    declare,
    draw_health,
    lists_of,
)
from galen.data.synthetic.health import AILMENTS, ALLERGIES, LACTATION, PREGNANCY
from galen.data.synthetic.items import NEED_OF
from galen.data.synthetic.people import make_people
from galen.data.synthetic.shop import SyntheticSettings, blocks, synthesize, true_conditions
from galen.eligibility.declarations import MEDICINE_KINDS, STATE_KINDS
from galen.knowledge.build import built_in

SETTINGS = SyntheticSettings(users=4000, items=80, days=30, seed=4, sessions=0.5)


def drawn(seed: int = 0):
    people = make_people(0, 8000, 0, 100, 1.0, np.random.default_rng(seed))
    return people, draw_health(people, np.random.default_rng(seed + 100))


def test_every_word_that_may_be_declared_is_known_to_the_knowledge() -> None:
    graph = built_in()
    known = set(graph.ids)
    kinds = graph.concepts["kind"].to_pylist()
    others = graph.concepts["synonyms"].to_pylist()
    for kind, names in zip(kinds, others, strict=True):
        known |= {f"{kind}:{name.lower()}" for name in names or ()}

    def unknown(words, allowed):
        return [w for w in words if not any(f"{kind}:{w}" in known for kind in allowed)]

    assert unknown(STATES, STATE_KINDS) == []
    assert unknown((*MEDICINES, *(name for name, _ in ALLERGIES)), MEDICINE_KINDS) == []


def test_declarations_leave_every_other_draw_as_it_was() -> None:
    """The stream of events is not touched: people and events drawn without them are the same."""
    (block,) = blocks(SETTINGS)
    random = np.random.default_rng([SETTINGS.seed, 2, 0])
    alone = make_people(
        0, SETTINGS.users, SETTINGS.start_at, SETTINGS.days, SETTINGS.sessions, random
    )
    assert block.users.select(alone.table.column_names).equals(alone.table)
    before = random.bit_generator.state
    declare(alone, draw_health(alone, np.random.default_rng(9)), np.random.default_rng(9))
    assert random.bit_generator.state == before


def test_a_condition_is_had_where_its_need_is_bought_for() -> None:
    people, health = drawn()
    for place, ailment in enumerate(AILMENTS):
        has = health.state[:, place]
        assert has.any()
        if ailment.need:
            need = NEED_OF[ailment.need]
            assert people.for_good[has, need].all()
            mean = people.need[:, need].mean()
            assert people.need[has, need].mean() > 1.5 * mean


def test_of_a_household_one_adult_is_the_reason_of_a_need() -> None:
    people, health = drawn()
    place = STATES.index("hypertension")
    by_house = np.bincount(people.house, health.state[:, place])
    assert by_house.max() == 1


def test_who_takes_a_medicine_has_what_it_is_for() -> None:
    _, health = drawn()
    for number, name in enumerate(MEDICINES):
        reasons = [p for p, a in enumerate(AILMENTS) if name in dict(a.medicines)]
        takes = health.medicine[:, number]
        assert takes.any()
        assert health.state[takes][:, reasons].any(axis=1).all()


def test_women_of_an_age_expect_or_nurse_and_those_who_buy_for_it_more_often() -> None:
    people, health = drawn()
    sex, stage = (np.asarray(people.table[name]) for name in ("sex", "life_stage"))
    pregnant, nursing = (health.state[:, STATES.index(s)] for s in (PREGNANCY, LACTATION))
    assert pregnant.sum() > 50 < nursing.sum()
    assert (sex[pregnant | nursing] == "female").all()
    assert not (pregnant & nursing).any()
    assert set(stage[nursing]) == {"parents with a baby"}
    want = people.need[:, NEED_OF["women"]]
    couples = (stage == "couple") & (sex == "female")
    assert want[couples & pregnant].mean() > 1.2 * want[couples & ~pregnant].mean()


def test_a_third_of_people_tell_and_the_others_leave_the_field_out(tmp_path: Path) -> None:
    shop = synthesize(tmp_path / "shop", SETTINGS, lambda *_: None)
    users = shop.read("users")
    for name in ("conditions", "medicines", "allergies"):
        silent = users[name].is_null().to_numpy()
        assert 1 - silent.mean() == pytest.approx(TELLS, abs=0.03)
    told = [words for words in users["conditions"].to_pylist() if words is not None]
    assert 0.2 < np.mean([bool(words) for words in told]) < 0.7
    assert {None, (), ("cross_sell",)} <= {
        None if words is None else tuple(words) for words in users["consents"].to_pylist()
    }


def test_what_is_told_is_true_and_not_all_that_is_true_is_told(tmp_path: Path) -> None:
    shop = synthesize(tmp_path / "shop", SETTINGS, lambda *_: None)
    told = shop.read("users", ["user_id", "conditions"]).to_pylist()
    true = pa.concat_tables(true_conditions(SETTINGS)).to_pylist()
    assert [row["user_id"] for row in told] == [row["user_id"] for row in true]
    pairs = [
        (set(t["conditions"] or ()), set(h["conditions"])) for t, h in zip(told, true, strict=True)
    ]
    assert all(one <= other for one, other in pairs)
    assert 0.2 < sum(len(one) for one, _ in pairs) / sum(len(other) for _, other in pairs) < 0.5


def test_lists_hold_the_words_of_their_row_and_are_missing_where_nobody_told() -> None:
    chosen = np.array([[True, False, True], [True, True, True], [False, False, False]])
    found = lists_of(chosen, ["a", "b", "c"], np.array([True, False, True]))
    assert found.to_pylist() == [["a", "c"], None, []]
