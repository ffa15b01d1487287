"""The attack finds what slates tell, and nothing where they tell nothing."""

import numpy as np
import pytest
from worlds import items_table

from benchmarks.condition_inference import highest, mean_of
from benchmarks.condition_shop import MODES, Shopfront
from benchmarks.inference_attack import Slates, attack, auc_interval, seen, split_households
from benchmarks.many_requests import together
from galen.data.catalogue import Catalogue
from galen.data.synthetic.shop import SyntheticSettings
from galen.evaluate.intervals import Interval
from galen.features.store import FeatureStore

PEOPLE, ITEMS, SHOWN = 1200, 30, 6


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue(items_table([{"item_id": str(row)} for row in range(ITEMS)]))


def slates(random, has, lift):
    """Item 0 is shown to those who have it more often by `lift`; the others are alike."""
    person = np.repeat(np.arange(PEOPLE), SHOWN)
    item = random.integers(1, ITEMS, len(person))
    first = np.arange(0, len(person), SHOWN)
    told = random.random(PEOPLE) < 0.3 + lift * has
    item[first[told]] = 0
    return Slates(person, item, np.tile(np.arange(SHOWN), PEOPLE), PEOPLE)


@pytest.mark.parametrize(("lift", "low", "high"), [(0.5, 0.68, 0.9), (0.0, 0.42, 0.58)])
def test_the_attack_is_as_good_as_what_slates_tell(catalogue, lift, low, high):
    random = np.random.default_rng(0)
    has = random.random(PEOPLE) < 0.3
    features = seen(slates(random, has, lift), catalogue)
    assert features.items.shape == (PEOPLE, 2 * ITEMS + 1)
    known = random.random(PEOPLE) < 0.5
    parts = {"all": np.ones(PEOPLE, bool), "few": np.arange(PEOPLE) < 20}
    found = attack(features, has, known, parts, seed=0)
    assert set(found) == {"items, all", "words, all", "trees, all"}  # too few of a part: left out
    auc = found["items, all"]
    assert low < auc.value < high
    assert auc.low < auc.value < auc.high


def test_nothing_is_said_of_what_too_few_have(catalogue):
    random = np.random.default_rng(0)
    has = np.arange(PEOPLE) < 20
    features = seen(slates(random, has, 0.5), catalogue)
    everybody = {"all": np.ones(PEOPLE, bool)}
    assert attack(features, has, random.random(PEOPLE) < 0.5, everybody, seed=0) == {}


def test_a_household_is_on_one_side_of_the_split():
    homes = [f"house-{n // 2}" for n in range(400)]
    known = split_households(homes, np.random.default_rng(0))
    assert (known[::2] == known[1::2]).all()
    assert 0.4 < known.mean() < 0.6


def test_the_interval_of_a_perfect_score_is_one_point():
    has = np.arange(100) < 40
    auc = auc_interval(has, has.astype(float), seed=0)
    assert (auc.value, auc.low, auc.high) == (1.0, 1.0, 1.0)


def test_requests_put_together_are_what_they_were_alone(world):
    store = FeatureStore.replay(world.data)
    now = int(world.data.at.max()) + 1
    parts = [store.requests([user], now, age=20.0 + user, seed=user) for user in range(4)]
    whole, alone = together(parts), store.requests([0, 1, 2, 3], now)
    assert whole.user.tolist() == alone.user.tolist()
    assert whole.history.offsets.tolist() == alone.history.offsets.tolist()
    assert whole.history.item.tolist() == alone.history.item.tolist()
    assert whole.age.tolist() == [20.0, 21.0, 22.0, 23.0]
    assert whole.seed.tolist() == [0, 1, 2, 3]
    assert whole.impersonal.tolist() == [False] * 4


@pytest.fixture(scope="module")
def shopfront(tmp_path_factory):
    settings = SyntheticSettings(300, 150, days=60, seed=0)
    shop = Shopfront.open(tmp_path_factory.mktemp("front"), settings, "popular", "general")
    yield shop
    shop.service.close()


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode.private], ids=lambda m: m.name)
def test_a_private_slate_is_the_same_whoever_asks(shopfront, mode):
    assert shopfront.told_apart(mode, 60, 20, seed=0) == 0


def test_what_people_declared_shows_where_nothing_is_hidden(shopfront):
    """Else the test above would be blind."""
    (open_mode,) = (mode for mode in MODES if mode.name == "non-personalised")
    assert shopfront.told_apart(open_mode, 60, 20, seed=0) > 0


def test_the_mean_over_shops_is_surer_than_one_of_them():
    one = Interval(0.52, 0.46, 0.58)
    mean = mean_of([one, Interval(0.5, 0.44, 0.56)])
    assert mean.value == pytest.approx(0.51)
    assert mean.high - mean.low == pytest.approx(0.12 / 2**0.5)
    assert highest([{"a": one, "b": mean}])[0] == "a"
    assert highest([{"a": one, "b": mean}, {"b": mean}])[0] == "b"  # "a" was not made in all
