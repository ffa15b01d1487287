"""The made-up shop is what docs/guides/synthetic-shop.md says it is."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from galen.data.dataset import Dataset
from galen.data.schema import EVENTS, ITEMS, USERS, Kind, RxClass, Surface
from galen.data.shop import Shop
from galen.data.synthetic.items import DAY, make_stock
from galen.data.synthetic.people import make_people
from galen.data.synthetic.shop import (
    BLOCK,
    SyntheticSettings,
    synthesize,
    true_click_probability,
)
from galen.data.synthetic.visits import (
    EXAMINED,
    NOTHING,
    SLOTS,
    SURFACES,
    LoggingPolicy,
    Visits,
    slates,
)
from galen.data.synthetic.words import NEEDS

SETTINGS = SyntheticSettings(users=6000, items=600, days=240, seed=5)


def made(folder: Path, settings: SyntheticSettings) -> Shop:
    return synthesize(folder, settings, lambda *_: None)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return made(tmp_path_factory.mktemp("synthetic") / "shop", SETTINGS)


@pytest.fixture(scope="module")
def events(shop: Shop) -> dict[str, np.ndarray]:
    table = shop.read("events")
    columns = {name: table[name].to_numpy() for name in table.column_names if name != "timestamp"}
    return columns | {"at": table["timestamp"].cast(pa.int64()).to_numpy()}


def test_the_tables_have_the_schemas_of_a_shop(shop: Shop) -> None:
    assert [shop.read(t).schema for t in ("items", "users", "events")] == [ITEMS, USERS, EVENTS]
    assert (shop.rows("items"), shop.rows("users")) == (600, 6000)


def test_the_same_settings_make_the_same_shop(tmp_path: Path) -> None:
    small = [SyntheticSettings(users=300, items=90, days=60, seed=seed) for seed in (1, 1, 2)]
    shops = [made(tmp_path / str(n), settings) for n, settings in enumerate(small)]
    entries = [shop.manifest.tables for shop in shops]
    assert entries[0] == entries[1]
    assert entries[0]["events"] != entries[2]["events"]


def test_more_users_leave_whole_blocks_as_they_were(tmp_path: Path) -> None:
    few = SyntheticSettings(users=BLOCK, items=90, days=30, sessions=0.5)
    more = SyntheticSettings(users=BLOCK + 10, items=90, days=30, sessions=0.5)
    one, two = (made(tmp_path / str(s.users), s).read("events") for s in (few, more))
    assert two.slice(0, len(one)).equals(one)
    assert two["user"].slice(len(one)).to_numpy().min() >= BLOCK


@pytest.mark.parametrize("users, items, days", [(1, 1, 1), (3, 2, 400), (40, 70, 2)])
def test_the_smallest_shops_are_shops_too(
    tmp_path: Path, users: int, items: int, days: int
) -> None:
    data = Dataset.read(
        made(tmp_path / "s", SyntheticSettings(users=users, items=items, days=days))
    )
    assert (data.users, len(data.catalogue)) == (users, items)


def test_more_than_half_of_the_users_are_sparse(shop: Shop, events: dict) -> None:
    acted = events["user"][events["kind"] != Kind.IMPRESSION]
    assert np.mean(np.bincount(acted, minlength=shop.rows("users")) <= 3) > 0.5


def test_every_event_is_in_time_once_and_of_what_was_shown(events: dict) -> None:
    start = SETTINGS.start_at
    assert events["at"].min() >= start
    assert events["at"].max() < start + SETTINGS.days * DAY
    assert len(set(events["event_id"])) == len(events["event_id"])
    shown = events["kind"] == Kind.IMPRESSION
    seen = set(zip(events["request"][shown], events["item"][shown], strict=True))
    assert len(seen) == shown.sum()
    followed = np.isin(events["kind"], [Kind.CLICK, Kind.CART, Kind.PURCHASE, Kind.HIDE])
    pairs = set(zip(events["request"][followed], events["item"][followed], strict=True))
    assert pairs <= seen
    assert set(events["kind"]) == {int(kind) for kind in Kind}


def test_surfaces_are_visited_in_their_shares(events: dict) -> None:
    shown = events["kind"] == Kind.IMPRESSION
    _, first = np.unique(events["request"][shown], return_index=True)
    share = np.bincount(events["surface"][shown][first].astype(int), minlength=len(Surface))
    share = share / share.sum()
    for surface in (Surface.HOME, Surface.SEARCH, Surface.DETAIL, Surface.CART, Surface.PUSH):
        assert share[surface] == pytest.approx(SURFACES[surface][0], abs=0.06)
    assert share[Surface.POST_PRESCRIPTION] > 0


def test_classes_stock_and_visibility_are_partly_bad_and_partly_unknown(shop: Shop) -> None:
    items = shop.read("items").to_pylist()
    assert {item["rx_class"] for item in items} == {None, *(str(rx) for rx in RxClass)}
    for field, bad in (("stock", 0), ("hidden", True)):
        values = [item[field] for item in items]
        assert 0.005 < np.mean([v == bad for v in values]) < 0.12
        assert 0.005 < np.mean([v is None for v in values]) < 0.06
    assert len({item["spu_id"] for item in items}) < 0.7 * len(items)
    assert any("ml, " in item["title"] for item in items)


def test_cold_items_are_shown_only_after_they_are_created(shop: Shop, events: dict) -> None:
    created = shop.read("items")["created_at"].cast(pa.int64()).to_numpy()
    shown = events["kind"] == Kind.IMPRESSION
    assert (created[events["item"][shown]] <= events["at"][shown]).all()
    assert 0.1 < np.mean(created > SETTINGS.start_at) < 0.3


def test_prescriptions_are_shown_only_where_they_may_be(shop: Shop, events: dict) -> None:
    rx = np.array(shop.read("items")["rx_class"].to_pylist(), dtype=object)
    surface = events["surface"][rx[events["item"]] == RxClass.PRESCRIPTION]
    assert set(surface[~np.isnan(surface)]) <= {Surface.SEARCH, Surface.POST_PRESCRIPTION}


def test_lower_places_are_clicked_less_for_the_same_appeal(events: dict) -> None:
    """Clicks over what would be clicked at the first place follow the power of the place."""
    shown = events["kind"] == Kind.IMPRESSION
    tables = pa.concat_tables(true_click_probability(SETTINGS))
    assert tables["event_id"].to_pylist() == events["event_id"][shown].tolist()
    position = events["position"][shown].astype(int)
    appeal = tables["probability"].to_numpy() / (1.0 + position) ** EXAMINED
    rate = np.bincount(position, clicked(events)[shown]) / np.bincount(position, appeal)
    np.testing.assert_allclose(rate, (1.0 + np.arange(len(rate))) ** EXAMINED, rtol=0.2)


def clicked(events: dict) -> np.ndarray:
    """(E,): was this item of this request clicked?"""
    key = events["request"].astype(str) + "/" + events["item"].astype(str).astype(object)
    return np.isin(key.astype(str), key[events["kind"] == Kind.CLICK].astype(str)).astype(float)


def test_the_true_probabilities_are_those_of_the_clicks(events: dict) -> None:
    shown = events["kind"] == Kind.IMPRESSION
    truth = pa.concat_tables(true_click_probability(SETTINGS))["probability"].to_numpy()
    label = clicked(events)[shown]
    for part in np.array_split(np.argsort(truth), 8):
        spread = np.sqrt((truth[part] * (1 - truth[part])).sum())
        assert abs((label[part] - truth[part]).sum()) < 4 * spread


@pytest.mark.parametrize("surface", [Surface.SEARCH, Surface.PUSH])
@pytest.mark.parametrize("again", [NOTHING, 7])
def test_logged_propensities_are_how_often_an_item_is_in_a_slate(
    surface: Surface, again: int
) -> None:
    stock = make_stock(200, SETTINGS.start_at, 30, seed=1)
    random = np.random.default_rng(2)
    people = make_people(0, 1, SETTINGS.start_at, 30, 1.0, random)
    count = 20_000
    visits = Visits(
        np.zeros(count, np.int64),
        np.full(count, SETTINGS.start_at + 29 * DAY),
        np.full(count, 3),
        np.full(count, int(surface)),
        np.full(count, again),
    )
    shown = slates(visits, people, stock, LoggingPolicy(stock), random)
    often = np.bincount(shown.item, minlength=200) / count
    told = np.zeros(200)
    told[shown.item] = shown.propensity
    spread = np.sqrt(told * (1 - told) / count)
    assert (np.abs(often - told) <= 5 * spread + 1e-4).all()
    assert often.sum() == pytest.approx(SLOTS[surface], rel=0.4)


def test_people_come_back_when_a_pack_is_used_up(events: dict) -> None:
    stock = make_stock(SETTINGS.items, SETTINGS.start_at, SETTINGS.days, SETTINGS.seed)
    bought = events["kind"] == Kind.PURCHASE
    user, item, at, quantity = (events[name][bought] for name in ("user", "item", "at", "quantity"))
    order = np.lexsort((at, item, user))
    user, item, at, quantity = user[order], item[order], at[order], quantity[order]
    again = (user[1:] == user[:-1]) & (item[1:] == item[:-1])
    days = np.diff(at)[again] / DAY
    cycle = (stock.cycle[item] * quantity)[:-1][again]
    near = np.abs(np.log(days / cycle)) < 0.3
    assert again.sum() > 300
    assert near.mean() > 0.75


def test_needs_follow_the_season(events: dict) -> None:
    stock = make_stock(SETTINGS.items, SETTINGS.start_at, SETTINGS.days, SETTINGS.seed)
    names = [need.name for need in NEEDS]
    day = (events["at"] // DAY) % 365
    clicks = events["kind"] == Kind.CLICK
    summer = (day > 160) & (day < 220)
    share = {
        name: np.mean(stock.need[events["item"][clicks & summer]] == names.index(name))
        / np.mean(stock.need[events["item"][clicks & ~summer]] == names.index(name))
        for name in ("sun", "cold")
    }
    assert share["sun"] > 1.5
    assert share["cold"] < 0.85  # the shop is open from spring to autumn
