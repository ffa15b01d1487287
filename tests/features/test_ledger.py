"""What households bought, for the rules that count."""

import numpy as np
import pyarrow as pa

from galen.data.schema import DAY, Kind
from galen.features.ledger import LONGEST, Ledger


def test_what_anybody_of_a_household_bought_counts_for_all_of_it():
    ledger = Ledger()
    for user, house in ((0, "a"), (1, "a"), (2, None)):
        ledger.live_in(user, house)
    ledger.add(0, 7, 10 * DAY, 2.0)
    ledger.add(2, 8, 10 * DAY, None)
    found = ledger.bought([1, 2, -1], [11 * DAY] * 3)
    assert found.item.offsets.tolist() == [0, 1, 2, 2]
    assert found.item.values.tolist() == [7, 8]
    assert found.quantity.tolist() == [2.0, 1.0]


def test_what_is_yet_to_come_or_long_ago_does_not_count():
    ledger = Ledger()
    for at in (0, LONGEST, LONGEST + 2 * DAY):
        ledger.add(0, 1, at, 1.0)
    found = ledger.bought([0], [LONGEST + DAY])
    assert found.ago.tolist() == [DAY]


def test_a_person_who_is_forgotten_leaves_nothing_of_their_own():
    ledger = Ledger()
    ledger.add(0, 1, DAY, 1.0)
    for user in (0, 1):
        ledger.live_in(user, "a")
        ledger.add(user, 2 + user, DAY, 1.0)
    ledger.forget(0)
    assert len(ledger.bought([0], [2 * DAY]).ago) == 0
    assert ledger.bought([1], [2 * DAY]).item.values.tolist() == [3]


def test_who_moves_takes_what_they_bought_along():
    ledger = Ledger()
    for user in (0, 1):
        ledger.live_in(user, "a")
    ledger.add(0, 7, DAY, 1.0)
    ledger.live_in(0, "b")
    ledger.live_in(2, "b")
    found = ledger.bought([0, 1, 2], [2 * DAY] * 3)
    assert found.item.count.tolist() == [1, 0, 1]


def test_purchases_of_a_shop_are_replayed_and_nothing_else(world):
    houses = pa.table({"household_id": pa.array([None] * world.data.users, pa.string())})
    ledger = Ledger.replay(world.data, houses, 0)
    user = int(world.data.user[0])
    mine = (world.data.user == user) & (world.data.kind == Kind.PURCHASE)
    newest = int(world.data.at.max())
    recent = mine & (world.data.at > newest - LONGEST)
    found = ledger.bought([user], [newest])
    assert found.item.values.tolist() == world.data.item[recent].tolist()
    assert np.all(found.quantity == 1)
