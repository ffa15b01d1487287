from dataclasses import replace

import numpy as np
import pytest
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.schema import DAY, Kind
from galen.pipeline.candidates import Requests, no_histories
from galen.recall.seasonal import Seasonal

SUN, COLD, TEETH, BABY, HOLIDAY = range(5)
ITEMS = [{"item_id": w, "category": [w]} for w in ("sun", "cold", "teeth", "baby", "holiday")]
JANUARY, JULY = 15 * DAY, 196 * DAY
YEARS = 2
PEOPLE = 400


def shop(clock: str = "time") -> Dataset:
    """Two years: sun in summer, colds in winter, teeth always, babies with young parents."""
    random = np.random.default_rng(0)
    user = np.repeat(np.arange(PEOPLE), 12)
    day = random.uniform(0, YEARS * 365.25, len(user))
    warm = 0.5 - 0.5 * np.cos(day / 365.25 * 2 * np.pi)
    parent = user % 4 == 0
    wants = np.stack(
        [0.5 * warm, 0.5 * (1 - warm), np.full(len(user), 0.45), np.where(parent, 0.6, 0.02)],
        axis=1,
    )
    draw = random.random(len(user))[:, None] * wants.sum(axis=1, keepdims=True)
    item = (np.cumsum(wants, axis=1) < draw).sum(axis=1)
    at = (day * DAY).astype(np.int64)
    order = np.lexsort((at, user))
    return Dataset(
        catalogue=Catalogue(items_table(ITEMS)),
        clock=clock,
        users=PEOPLE,
        user=user[order].astype(np.int32),
        item=item[order].astype(np.int32),
        kind=np.full(len(user), int(Kind.PURCHASE), np.int8),
        at=at[order],
        age=np.where(np.arange(PEOPLE) % 4 == 0, 25.0, 50.0),
        life_stage=["parents" if n % 4 == 0 else "couple" for n in range(PEOPLE)],
    )


@pytest.fixture(scope="module")
def data():
    return shop()


def asked(at: int, age: float = np.nan, stage: str | None = None) -> Requests:
    return Requests(
        user=np.array([-1]),
        at=np.array([at]),
        history=no_histories(1),
        surface=np.zeros(1, np.int64),
        age=np.array([age]),
        region=[None],
        seed=np.zeros(1, np.int64),
        life_stage=[stage],
    )


def order(index, requests: Requests) -> list[int]:
    return index.retrieve(requests, 10).item.tolist()


def before(found: list[int], one: int, other: int) -> bool:
    return found.index(one) < found.index(other)


def test_summer_and_winter_have_their_own_order(data):
    index = Seasonal().fit(data)
    assert before(order(index, asked(JULY)), SUN, COLD)
    assert before(order(index, asked(JANUARY)), COLD, SUN)
    assert order(index, asked(JULY + 3 * 365 * DAY))[0] == order(index, asked(JULY))[0]


def test_the_year_goes_round(data):
    index = Seasonal().fit(data)
    first, last = index.season[:, 0], index.season[:, -1]
    assert last == pytest.approx(first, rel=0.15)
    assert index.season[COLD, 0] > 1.3


def test_what_sells_evenly_keeps_a_factor_near_one(data):
    assert Seasonal().fit(data).season[TEETH] == pytest.approx(np.ones(52), abs=0.25)


def test_a_word_without_events_has_no_factor(data):
    index = Seasonal().fit(data)
    for table in (index.season, index.age, index.life_stage):
        assert table[HOLIDAY].tolist() == [1.0] * table.shape[1]


def test_a_handful_of_events_moves_a_word_less_than_many(data):
    few = data.take((data.item != BABY) | (np.arange(len(data)) % 40 == 0))
    many, some = Seasonal().fit(data), Seasonal().fit(few)
    parents = 1 + many.stages.index("parents")
    assert many.life_stage[BABY, parents] > some.life_stage[BABY, parents] > 1


def test_a_shop_without_seasons_is_not_given_any(data):
    random = np.random.default_rng(1)
    even = replace(data, at=np.sort(random.integers(0, YEARS * 365 * DAY, len(data))))
    season = Seasonal().fit(even).season
    assert season == pytest.approx(np.ones_like(season), abs=0.1)


def test_a_life_stage_brings_what_people_at_it_take(data):
    index = Seasonal().fit(data)
    parents, couple = (order(index, asked(JULY, stage=s)) for s in ("parents", "couple"))
    assert before(parents, BABY, TEETH)
    assert before(couple, TEETH, BABY)


def test_an_age_stands_in_where_the_stage_is_not_known(data):
    index = Seasonal().fit(data)
    assert before(order(index, asked(JULY, age=27.0)), BABY, TEETH)
    assert before(order(index, asked(JULY, age=27.0, stage="couple")), TEETH, BABY)


def test_an_age_that_only_rules_may_read_brings_nothing(data):
    index = Seasonal().fit(data)
    private = replace(asked(JULY, age=27.0), impersonal=np.array([True]))
    assert order(index, private) == order(index, asked(JULY))
    assert order(index, private) != order(index, asked(JULY, age=27.0))


def test_a_stage_that_was_never_seen_is_as_none(data):
    index = Seasonal().fit(data)
    assert order(index, asked(JULY, stage="astronaut")) == order(index, asked(JULY))


def test_without_a_clock_there_is_no_season():
    index = Seasonal(by=("season",)).fit(shop(clock="order"))
    assert order(index, asked(3)) == order(index, asked(10**15))


def test_stages_come_back_from_disk(data, tmp_path):
    index = Seasonal().fit(data)
    index.save(tmp_path)
    again = Seasonal().load(tmp_path)
    assert again.stages == ["couple", "parents"]
    parents = asked(JULY, stage="parents")
    assert order(again, parents) == order(index, parents)


def test_a_part_of_a_batch_keeps_the_life_stages_of_its_people(data):
    one = asked(JULY)
    two = replace(
        one,
        user=np.array([-1, -1]),
        at=np.array([JULY, JULY]),
        history=no_histories(2),
        surface=np.zeros(2, np.int64),
        age=np.full(2, np.nan),
        region=[None, None],
        seed=np.zeros(2, np.int64),
        life_stage=["couple", "parents"],
    )
    index = Seasonal().fit(data)
    assert order(index, two.part(1, 2)) == order(index, asked(JULY, stage="parents"))
    assert order(index, two.part(1, 2)) != order(index, two.part(0, 1))


def test_the_best_are_those_of_all_that_were_taken():
    random = np.random.default_rng(2)
    made = [{"item_id": f"i{i}", "category": [f"word {i % 3}"]} for i in range(60)]
    item, user = random.integers(0, 60, 400), np.arange(400)
    at = random.integers(0, 300 * DAY, 400)
    kind = np.full(400, int(Kind.PURCHASE))
    columns = {"user": user, "item": item, "kind": kind, "at": at}
    kinds = {"user": np.int32, "item": np.int32, "kind": np.int8, "at": np.int64}
    typed = {name: column.astype(kinds[name]) for name, column in columns.items()}
    index = Seasonal().fit(Dataset(Catalogue(items_table(made)), "time", 400, **typed))
    summer = asked(JULY, age=30.0)
    all_taken = np.flatnonzero(index.count > 0)
    places = np.broadcast_to(index.places(summer), (len(all_taken), 3))
    expected = all_taken[np.argsort(-index.scores(all_taken, places), kind="stable")]
    assert index.retrieve(summer, 7).item.tolist() == expected[:7].tolist()
