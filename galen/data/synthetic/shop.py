"""Write a synthetic shop, block of people after block of people, in bounded memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from galen.data.arrays import Floats
from galen.data.schema import Kind
from galen.data.shop import Shop, new_shop
from galen.data.synthetic.declarations import STATES, declare, draw_health, lists_of
from galen.data.synthetic.events import block_of_events
from galen.data.synthetic.items import Stock, make_stock
from galen.data.synthetic.people import People, make_people
from galen.data.synthetic.visits import LoggingPolicy

BLOCK = 8192  # users drawn together, each block from its own seed

Progress = Callable[[str, int, int], None]  # what is done, users so far, users in all


@dataclass(frozen=True, slots=True)
class SyntheticSettings:
    """What to make; the same settings make the same shop."""

    users: int = 10_000
    items: int = 2_000
    days: int = 180
    seed: int = 0
    start: date = date(2025, 3, 1)  # the first day with events
    sessions: float = 4.0  # mean number of visits a user, those for buying again aside

    @property
    def start_at(self) -> int:
        """Microseconds since the epoch."""
        moment = datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC)
        return int(moment.timestamp()) * 1_000_000


@dataclass(frozen=True, slots=True)
class UserBlock:
    """Users and their events, in the schemas of a shop."""

    users: pa.Table
    events: pa.Table
    click_probability: Floats  # (events,) true of an impression; NaN for what is none
    first: int  # row in the shop of the first of the users


def synthesize(folder: Path, settings: SyntheticSettings, progress: Progress) -> Shop:
    """Make a shop in a folder, whole or not at all.

    Raises:
        ShopError: the folder holds something else than a shop.
    """
    stock = _stock(settings)
    with new_shop(folder, name="synthetic", source="galen synth", clock="time") as writer:
        writer.write("items", stock.table)
        done = 0
        for block in _blocks(settings, stock):
            writer.write("users", block.users)
            writer.write("events", block.events)
            done += len(block.users)
            progress("making people and their events", done, settings.users)
    return Shop.open(folder)


def true_click_probability(settings: SyntheticSettings) -> Iterator[pa.Table]:
    """Every impression's event_id with the probability with which it was clicked, in blocks.

    No model can have a lower expected log loss than these probabilities.
    """
    for block in blocks(settings):
        shown = pa.array(np.asarray(block.events["kind"]) == Kind.IMPRESSION)
        known = block.events.select(["event_id"])
        yield known.append_column("probability", pa.array(block.click_probability)).filter(shown)


def true_conditions(settings: SyntheticSettings) -> Iterator[pa.Table]:
    """Every user_id with the conditions and states that they have, told or not, in blocks.

    What an attacker who looks at slates would like to know.
    """
    for number, people, _ in _people(settings):
        health = draw_health(people, _health_stream(settings, number))
        everyone = np.ones(len(people), bool)
        known = people.table.select(["user_id", "household_id"])
        yield known.append_column("conditions", lists_of(health.state, STATES, everyone))


def blocks(settings: SyntheticSettings) -> Iterator[UserBlock]:
    """People and events, block after block, without a shop to hold them."""
    return _blocks(settings, _stock(settings))


def item_table(settings: SyntheticSettings) -> pa.Table:
    """The items of the shop."""
    return _stock(settings).table


def _stock(settings: SyntheticSettings) -> Stock:
    return make_stock(settings.items, settings.start_at, settings.days, settings.seed)


def _blocks(settings: SyntheticSettings, stock: Stock) -> Iterator[UserBlock]:
    policy, start, days = LoggingPolicy(stock), settings.start_at, settings.days
    for number, people, random in _people(settings):
        first = number * BLOCK
        events, chance = block_of_events(number, people, first, stock, policy, start, days, random)
        private = _health_stream(settings, number)
        users = declare(people, draw_health(people, private), private)
        yield UserBlock(users, events, chance, first)


def _people(settings: SyntheticSettings) -> Iterator[tuple[int, People, np.random.Generator]]:
    """Blocks of people by number, each with the stream that its events are drawn from."""
    for number, first in enumerate(range(0, settings.users, BLOCK)):
        random = np.random.default_rng([settings.seed, 2, number])
        count = min(BLOCK, settings.users - first)
        sessions, start, days = settings.sessions, settings.start_at, settings.days
        yield number, make_people(first, count, start, days, sessions, random), random


def _health_stream(settings: SyntheticSettings, number: int) -> np.random.Generator:
    """Apart from that of events, which are the same whatever people declare."""
    return np.random.default_rng([settings.seed, 3, number])
