from dataclasses import replace

import numpy as np
import pytest

from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.schema import DAY, ITEMS, Kind
from galen.features.declared import DECLARED, declared
from galen.features.feature import Ratio
from galen.features.store import FeatureStore
from galen.pipeline.candidates import Candidates, no_candidates
from galen.pipeline.stages import Assembler

NOW = 1_710_000_000_000_000


def rows(*pairs: tuple[int, int], **columns: list[float]) -> Candidates:
    request, item = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    return Candidates(request, item, {name: np.array(v) for name, v in columns.items()})


def value(store: FeatureStore, requests, pair: tuple[int, int], name: str) -> float:
    return float(store.assemble(requests, rows(pair)).matrix([name])[0, 0])


@pytest.fixture
def catalogue(world) -> Catalogue:
    """A catalogue that a test may change."""
    return Catalogue(world.data.catalogue.table)


@pytest.fixture
def store(world, catalogue: Catalogue) -> FeatureStore:
    return FeatureStore.replay(replace(world.data, catalogue=catalogue))


def test_the_store_is_an_assembler(store: FeatureStore) -> None:
    assembler: Assembler = store
    assert assembler.assemble(store.requests([0], NOW), rows((0, 1))).request.tolist() == [0]


def test_every_declared_feature_is_there_once_and_in_its_scope(store: FeatureStore) -> None:
    requests = store.requests([0, 1, -1], NOW)
    batch = store.assemble(requests, rows((0, 1), (0, 2), (2, 5), (2, 6)))
    by_request = {f.name for f in DECLARED if f.scope in ("user", "request")}
    assert set(batch.per_request) == by_request
    assert set(batch.per_row) == {f.name for f in DECLARED} - by_request
    assert {len(column) for column in batch.per_request.values()} == {3}
    assert {len(column) for column in batch.per_row.values()} == {4}
    assert len({f.name for f in DECLARED}) == len(DECLARED)


def test_ratios_divide_features_that_stand_before_them() -> None:
    for clock in ("time", "order"):
        before: set[str] = set()
        for feature in declared(clock):
            if isinstance(feature.source, Ratio):
                assert {feature.source.numerator, feature.source.denominator} <= before
            before.add(feature.name)


def test_what_channels_say_is_passed_on_under_its_name(store: FeatureStore) -> None:
    said = {"als_standing": [0.5], "als_rank": [3.0], "recall_score": [0.25]}
    found = rows((0, 1), **said, als_score=[7.0], propensity=[1.0])
    batch = store.assemble(store.requests([0], NOW), found)
    assert batch.matrix(list(said)).tolist() == [[0.5, 3, 0.25]]
    assert not {"als_score", "propensity"} & set(batch.per_row)


def test_an_event_changes_the_next_request(store: FeatureStore) -> None:
    before = value(store, store.requests([3], NOW), (0, 7), "user_item_clicks")
    store.write(3, 7, int(Kind.CLICK), NOW - 1)
    requests = store.requests([3], NOW)
    assert value(store, requests, (0, 7), "user_item_clicks") == before + 1
    assert requests.history.item[-1] == 7


def test_a_late_event_takes_its_place_in_the_history(store: FeatureStore) -> None:
    store.write(3, 7, int(Kind.CLICK), NOW - 1)
    store.write(3, 9, int(Kind.CLICK), NOW - 2)
    history = store.requests([3], NOW).history
    assert history.item[-2:].tolist() == [9, 7]
    assert (np.diff(history.at) >= 0).all()


def test_impressions_and_events_at_the_moment_are_no_history(store: FeatureStore) -> None:
    length = len(store.requests([3], NOW).history.item)
    store.write(3, 7, int(Kind.IMPRESSION), NOW - 1)
    store.write(3, 7, int(Kind.CLICK), NOW)
    assert len(store.requests([3], NOW).history.item) == length
    assert len(store.requests([3], NOW + 1).history.item) == length + 1


def test_a_history_keeps_its_newest_events(world) -> None:
    store = FeatureStore.replay(world.data, history_length=2)
    whole = FeatureStore.replay(world.data).requests([0, 5], NOW).history
    history = store.requests([0, 5], NOW).history
    assert history.length.tolist() == [2, 2]
    assert history.item.tolist() == whole.latest(2).item.tolist()


def test_a_session_stands_for_a_person_who_is_not_known(store: FeatureStore) -> None:
    requests = store.requests([-1, -1], NOW, recent=[[4, 2], []])
    assert requests.history.item.tolist() == [4, 2]
    found = store.assemble(requests, rows((0, 2), (0, 3), (0, 4), (1, 2)))
    names = ["user_item_clicks", "same_spu_as_last"]
    expected = [[1, 1], [0, 1], [1, 0], [0, np.nan]]
    np.testing.assert_array_equal(found.matrix(names), expected)


def test_a_session_ends_the_history_of_a_known_person_once(store: FeatureStore) -> None:
    store.write(3, 7, int(Kind.CLICK), NOW - 1)
    plain = store.requests([3], NOW).history.item.tolist()
    session = store.requests([3], NOW, recent=[[7, 11]]).history.item.tolist()
    assert session == [*plain, 11]


def test_new_users_and_items_may_come(store: FeatureStore, catalogue: Catalogue) -> None:
    user = 10_000
    item = catalogue.upsert({"item_id": "new", "category": ["brand new"], "price": 4.0})
    store.write(user, item, int(Kind.PURCHASE), NOW - DAY)
    requests = store.requests([user, user + 1], NOW)
    found = store.assemble(requests, rows((0, item), (1, item)))
    names = ["item_purchases_7d", "user_purchases", "days_since_spu_purchase", "user_mean_price"]
    expected = [[1, 1, 1, 4], [1, 0, np.nan, np.nan]]
    np.testing.assert_array_equal(found.matrix(names), expected)


def test_a_changed_price_is_seen_at_once(store: FeatureStore, catalogue: Catalogue) -> None:
    requests = store.requests([0], NOW)
    before = value(store, requests, (0, 0), "item_price_to_category")
    catalogue.upsert({**catalogue.record(0), "price": 500.0})
    assert value(store, requests, (0, 0), "item_price") == 500
    assert value(store, requests, (0, 0), "item_price_to_category") > before + 1


def changed_in_key(catalogue: Catalogue) -> None:
    """Items 0 … 5 go to other categories and standard products, one to none, one to a new one."""
    for row in range(6):
        other = catalogue.record(row + 12)
        changed = {"category": other["category"], "spu_id": other["spu_id"]}
        if row == 4:
            changed = {"category": None, "spu_id": None}
        if row == 5:
            changed = {"category": ["brand new"], "spu_id": "brand new"}
        catalogue.upsert({**catalogue.record(row), **changed})


def everything(store: FeatureStore, people: int, at: int = NOW) -> np.ndarray:
    names = [feature.name for feature in store.features]
    users = np.arange(people)
    pairs = Candidates(np.repeat(users, 24), np.tile(np.arange(24), people))
    return store.assemble(store.requests(users, at), pairs).matrix(names)


def test_events_of_an_item_that_changed_count_under_its_new_keys(
    store: FeatureStore, catalogue: Catalogue, world
) -> None:
    for day in range(3):
        store.write(3, 4, int(Kind.PURCHASE), NOW - (9 - day) * DAY)
    more = replace(
        world.data,
        catalogue=catalogue,
        user=np.append(world.data.user, [3] * 3).astype(np.int32),
        item=np.append(world.data.item, [4] * 3).astype(np.int32),
        kind=np.append(world.data.kind, [int(Kind.PURCHASE)] * 3).astype(np.int8),
        at=np.append(world.data.at, [NOW - (9 - day) * DAY for day in range(3)]),
    )
    order = np.lexsort((more.at, more.user))
    columns = {name: getattr(more, name)[order] for name in ("user", "item", "kind", "at")}
    more = replace(more, **columns)
    before = everything(store, more.users)
    changed_in_key(catalogue)
    after = everything(store, more.users)
    assert not np.array_equal(before, after, equal_nan=True)
    np.testing.assert_allclose(after, everything(FeatureStore.replay(more), more.users), rtol=1e-6)


def test_who_is_forgotten_after_an_item_changed_leaves_nothing_behind(
    store: FeatureStore, catalogue: Catalogue, world
) -> None:
    late = int(world.data.at.max()) + 1
    store.write(-1, 1, int(Kind.CLICK), late - 1)
    changed_in_key(catalogue)
    for user in range(world.data.users):
        store.forget(user)
    empty = FeatureStore(catalogue, "time")
    empty.write(-1, 1, int(Kind.CLICK), late - 1)
    np.testing.assert_array_equal(everything(store, 5, late), everything(empty, 5, late))


def test_windows_too_long_ago_are_unknown(store: FeatureStore) -> None:
    requests = store.requests([0], NOW - 400 * DAY)
    assert np.isnan(value(store, requests, (0, 0), "item_purchases_7d"))


def test_without_a_clock_there_are_no_features_of_time(world) -> None:
    data = replace(world.data, clock="order", at=world.data.place)
    store = FeatureStore.replay(data)
    assert all(not feature.needs_clock for feature in store.features)
    assert 25 < len(store.features) < len(DECLARED)
    requests = store.requests([0], int(data.length[0]))
    item = int(data.item[data.offsets[1] - 1])
    assert value(store, requests, (0, item), "user_item_purchases") >= 1
    store.write(0, item, int(Kind.PURCHASE), int(data.length[0]))
    store.forget(0)
    assert value(store, requests, (0, item), "user_item_purchases") == 0


def test_nothing_at_all_is_no_error() -> None:
    catalogue = Catalogue(ITEMS.empty_table())
    none = np.empty(0, np.int64)
    data = Dataset(
        catalogue,
        "time",
        0,
        none.astype(np.int32),
        none.astype(np.int32),
        none.astype(np.int8),
        none,
    )
    for store in (FeatureStore(catalogue, "time"), FeatureStore.replay(data)):
        assert len(store.assemble(store.requests([], NOW), no_candidates())) == 0
        assert len(store.assemble(store.requests([-1, 5], NOW), no_candidates())) == 0
        store.forget(5)


def test_replayed_and_written_stores_give_the_same(world) -> None:
    packs = np.random.default_rng(0).choice([np.nan, 1.0, 2.5], len(world.data))
    data = replace(world.data, quantity=packs)
    whole = FeatureStore.replay(data)
    written = FeatureStore(data.catalogue, "time")
    for place in np.random.default_rng(1).permutation(len(data)):
        event = (int(c[place]) for c in (data.user, data.item, data.kind, data.at))
        written.write(*event, None if np.isnan(packs[place]) else float(packs[place]))
    users = np.arange(data.users)
    pairs = Candidates(np.repeat(users, 24), np.tile(np.arange(24), data.users))
    names = [feature.name for feature in DECLARED]
    found = [s.assemble(s.requests(users, NOW), pairs).matrix(names) for s in (whole, written)]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)
    told = [s.requests(users, NOW).history for s in (whole, written)]
    assert sorted(set(told[0].packs.tolist())) == [1.0, 2.5]
    own = [np.lexsort((h.packs, h.kind, h.item, h.at, h.request)) for h in told]
    assert told[0].packs[own[0]].tolist() == told[1].packs[own[1]].tolist()


def test_an_age_that_only_rules_may_read_is_no_feature(store: FeatureStore) -> None:
    open_age = store.requests([0], NOW, age=40.0)
    private = replace(open_age, impersonal=np.array([True]))
    assert value(store, open_age, (0, 1), "age") == 40.0
    assert np.isnan(value(store, private, (0, 1), "age"))
