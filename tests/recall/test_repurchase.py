import re
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from safetensors.numpy import save_file
from worlds import DAY, NOW, items_table

from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.schema import Kind
from galen.pipeline.candidates import Histories, Requests
from galen.recall.repurchase import Repurchase, RepurchaseError, days_of_supply, goods_of, packs

WEEKLY, MONTHLY, LARGE, ONCE, COURSE, OTHER_BRAND = range(6)
SHOP = [
    {"item_id": "a", "category": ["care", "teeth"], "pack_size": 10.0, "pack_unit": "ml"},
    {"item_id": "b", "spu_id": "b", "category": ["vitamins"], "pack_size": 30.0, "pack_unit": "g"},
    {"item_id": "c", "spu_id": "b", "category": ["vitamins"], "pack_size": 60.0, "pack_unit": "g"},
    {"item_id": "d", "category": ["devices"], "title": "thermometer"},
    {"item_id": "e", "category": ["medicines", "antibiotics"], "ingredients": ["Amoxicillin"]},
    {"item_id": "f", "category": ["care", "teeth"]},
]


def shop(clock: str = "time") -> Dataset:
    """60 people: one good weekly, one monthly or in a large pack every other month, one once."""
    random = np.random.default_rng(0)
    rows = []
    for user in range(60):
        start = int(random.integers(0, 20))
        for item, every in ((WEEKLY, 7), (MONTHLY, 30), (LARGE, 60), (COURSE, 30)):
            if item in (MONTHLY, LARGE) and user % 2 == (item == MONTHLY):
                continue
            rows += [
                (user, item, day + int(random.integers(-1, 2))) for day in range(start, 200, every)
            ]
        rows.append((user, ONCE, start))
    user, item, day = (np.array(column) for column in zip(*sorted(rows), strict=True))
    at = NOW - 210 * DAY + day * DAY
    order = np.lexsort((at, user))
    return Dataset(
        catalogue=Catalogue(items_table(SHOP)),
        clock=clock,
        users=60,
        user=user[order].astype(np.int32),
        item=item[order].astype(np.int32),
        kind=np.full(len(user), int(Kind.PURCHASE), np.int8),
        at=at[order].astype(np.int64),
    )


@pytest.fixture(scope="module")
def data():
    return shop()


def asked(*bought: tuple[int, float], packs: float = 1.0, people: float = np.nan) -> Requests:
    """One person who bought packs of items so many days ago."""
    rows = sorted(bought, key=lambda row: -row[1])
    return Requests(
        user=np.array([-1]),
        at=np.array([NOW]),
        history=Histories(
            np.array([0, len(rows)]),
            np.array([item for item, _ in rows], np.int64),
            np.full(len(rows), int(Kind.PURCHASE)),
            np.array([NOW - int(days * DAY) for _, days in rows], np.int64),
            np.full(len(rows), packs),
        ),
        surface=np.zeros(1, np.int64),
        age=np.array([40.0]),
        region=["east"],
        seed=np.zeros(1, np.int64),
        household=np.array([people]),
    )


def order(index, *bought) -> list[int]:
    return index.retrieve(asked(*bought), 10).item.tolist()


def test_what_is_due_comes_before_what_was_bought_too_lately(data):
    index = Repurchase(horizon=3.0).fit(data)
    assert order(index, (WEEKLY, 1), (MONTHLY, 28)) == [MONTHLY, WEEKLY]
    assert order(index, (WEEKLY, 6), (MONTHLY, 5)) == [WEEKLY, MONTHLY]


def test_a_large_pack_is_due_later_than_a_small_one(data):
    index = Repurchase().fit(data)
    chance = {
        item: index.retrieve(asked((item, 26)), 1).columns["score"][0] for item in (MONTHLY, LARGE)
    }
    assert chance[MONTHLY] > chance[LARGE] + 1


def due(index, request: Requests) -> float:
    """Days until the one thing that was bought is due."""
    return float(index.renewal.outlook(index.bought(request).spells).due(0.5)[0])


def test_several_packs_bought_at_once_last_longer(data):
    index = Repurchase().fit(data)
    assert due(index, asked((MONTHLY, 0), packs=2.0)) > 1.5 * due(index, asked((MONTHLY, 0)))


@pytest.fixture(scope="module")
def dosed(data):
    """The tooth paste of a known dose has two siblings that nobody bought, one without a dose."""
    rows = [dict(item) for item in SHOP]
    rows[WEEKLY] |= {"spu_id": "a", "daily_dose": 10 / 7}
    rows.append({**rows[WEEKLY], "item_id": "g", "pack_size": 40.0})
    rows.append({**rows[WEEKLY], "item_id": "h", "pack_size": 20.0, "daily_dose": None})
    people = np.where(np.arange(data.users) % 2, 1.0, 4.0)
    return replace(data, catalogue=Catalogue(items_table(rows)), household=people)


def test_days_of_supply_are_the_pack_over_the_daily_dose(dosed):
    catalogue = dosed.catalogue
    good = goods_of(catalogue, "product")[0]
    days = days_of_supply(catalogue, good, packs(catalogue, good))
    assert days[[WEEKLY, 6, 7]] == pytest.approx([7, 28, 14])
    assert np.isnan(days[[MONTHLY, ONCE]]).all()


def test_a_pack_that_nobody_bought_yet_is_due_by_its_dose(dosed, tmp_path):
    index = Repurchase().fit(dosed)
    index.save(tmp_path)
    for known in (index, Repurchase().load(tmp_path)):
        week, month = (due(known, asked((item, 0))) for item in (WEEKLY, 6))
        assert week == pytest.approx(7, abs=1.5)
        assert month == pytest.approx(4 * week)


def test_the_reason_says_when_a_thing_is_due_and_how_sure_that_is(dosed):
    index = Repurchase().fit(dosed)
    fresh, late = (index.why(asked((6, days)), 0) for days in (2, 60))
    said = re.fullmatch(r".* around (.*), between (.*) and (.*)", fresh(6))
    days = [datetime.strptime(day, "%d %B %Y").replace(tzinfo=UTC) for day in said.groups()]
    now = datetime.fromtimestamp(NOW / 1e6, UTC)
    usual, early, end = ((day - now).days for day in days)
    assert 20 < usual < 32
    assert early < usual < end
    assert fresh(WEEKLY) == fresh(6)  # another pack of the same product
    assert late(6).endswith("may have run out")
    assert fresh(ONCE) is None


def test_a_date_too_far_to_plan_for_is_not_told(dosed):
    index = Repurchase().fit(dosed)
    years = index.why(asked((6, 2), packs=40), 0)
    assert years(6) == "You bought this before"


def test_a_household_that_uses_no_more_than_one_person_changes_nothing(dosed):
    """Here households of four buy as seldom as people who live alone."""
    index = Repurchase().fit(dosed)
    alone, four = (due(index, asked((WEEKLY, 0), people=n)) for n in (1.0, 4.0))
    assert four == pytest.approx(alone, rel=0.1)


def test_nothing_is_proposed_too_early_where_the_recipe_says_so(data):
    index = Repurchase(suppress=0.1).fit(data)
    assert order(index, (MONTHLY, 5)) == []
    assert order(index, (MONTHLY, 29)) == [MONTHLY]


def test_what_is_bought_once_is_not_proposed_again(data):
    assert ONCE in order(Repurchase().fit(data), (ONCE, 30))
    index = Repurchase(once=0.2).fit(data)
    assert order(index, (ONCE, 30), (WEEKLY, 6)) == [WEEKLY]


@pytest.mark.parametrize("word", ["antibiotics", "Antibiotics", "amoxicillin"])
def test_a_course_that_ends_is_not_proposed_again(data, word):
    assert COURSE in order(Repurchase().fit(data), (COURSE, 29))
    assert order(Repurchase(courses=(word,)).fit(data), (COURSE, 29)) == []


def test_a_course_may_be_named_by_a_word_of_its_title(data):
    index = Repurchase(courses=("thermometer",)).fit(data)
    assert order(index, (ONCE, 30), (WEEKLY, 6)) == [WEEKLY]


def test_by_word_another_brand_restarts_the_clock(data):
    own = Repurchase(of="product").fit(data).retrieve(asked((WEEKLY, 6), (OTHER_BRAND, 0.5)), 5)
    word = Repurchase(of="word").fit(data).retrieve(asked((WEEKLY, 6), (OTHER_BRAND, 0.5)), 5)
    assert own.item[0] == WEEKLY
    assert own.columns["score"][0] > word.columns["score"][0] + 0.5


def test_a_shop_without_a_clock_puts_what_was_bought_often_first(data):
    index = Repurchase().fit(shop(clock="order"))
    assert index.renewal is None
    assert order(index, (MONTHLY, 9), (WEEKLY, 8), (MONTHLY, 7))[0] == MONTHLY


def test_a_shop_without_a_clock_comes_back_from_disk(tmp_path):
    index = Repurchase().fit(shop(clock="order"))
    index.save(tmp_path)
    assert Repurchase().load(tmp_path).renewal is None


def test_what_an_older_galen_saved_is_refused_with_what_to_do(tmp_path):
    old = {"product": np.zeros(3, np.int64), "interval": np.zeros(3)}
    save_file(old, tmp_path / "repurchase.safetensors")
    with pytest.raises(RepurchaseError, match="galen train"):
        Repurchase().load(tmp_path)
