"""From slates to the events of a block of people, visit after visit until nobody comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Bools, Floats, Ints
from galen.data.schema import DAY, Kind, Surface
from galen.data.synthetic.items import Stock
from galen.data.synthetic.people import People
from galen.data.synthetic.visits import (
    SECOND,
    DrawnImpressions,
    LoggingPolicy,
    Visits,
    first_visits,
    sigmoid,
    slates,
)

MINUTE = 60 * SECOND
RETURNS_FOR_MORE = 0.6  # share of purchases after which a person comes back when it is used up
CYCLE_SPREAD = 0.12  # of the log of the time until then

Number = TypeVar("Number", bound=np.number[Any])


@dataclass(frozen=True, slots=True)
class EventPart:
    """Events of one kind; what it has not is NaN."""

    kind: Kind
    visit: Ints
    item: Ints
    at: Ints
    position: Ints
    quantity: Floats
    value: Floats
    propensity: Floats
    click_probability: Floats

    @classmethod
    def of(cls, kind: Kind, shown: DrawnImpressions, rows: Bools, at: Ints) -> "EventPart":
        """Events that follow from some impressions, at moments (I,)."""
        count = int(rows.sum())
        quantity, value, propensity, probability = np.full((4, count), np.nan)
        return cls(
            kind,
            shown.visit[rows],
            shown.item[rows],
            at[rows],
            shown.position[rows],
            quantity,
            value,
            propensity,
            probability,
        )


@dataclass(frozen=True, slots=True)
class Happened:
    """A round of visits with its events, and the visits that follow from it."""

    visits: Visits
    parts: Sequence[EventPart]
    later: Visits


def block_of_events(
    number: int,
    people: People,
    first_user: int,
    stock: Stock,
    policy: LoggingPolicy,
    start: int,
    days: int,
    random: np.random.Generator,
) -> tuple[pa.Table, Floats]:
    """The events of a block in order of moments, and each impression's true click probability."""
    rounds: list[Happened] = []
    visits = first_visits(people, start, days, random)
    end = start + days * DAY
    while len(visits):
        rounds.append(_round(visits, people, stock, policy, end, random))
        visits = rounds[-1].later
    return _table(number, first_user, rounds, end)


def _round(
    visits: Visits,
    people: People,
    stock: Stock,
    policy: LoggingPolicy,
    end: int,
    random: np.random.Generator,
) -> Happened:
    shown = slates(visits, people, stock, policy, random)
    count, start = len(shown.item), visits.at[shown.visit]
    quality, due = stock.quality[shown.item], shown.due
    clicked = random.random(count) < shown.click_probability
    carted = clicked & (random.random(count) < sigmoid(-0.7 + 0.3 * quality + 1.5 * due))
    bought = carted & (random.random(count) < sigmoid(0.2 + 1.0 * due))
    hidden = ~clicked & (random.random(count) < 0.002)
    rated = bought & (random.random(count) < 0.08)
    returned = bought & (random.random(count) < 0.02)
    click_at = start + ((5 + 6 * shown.position + 20 * random.random(count)) * SECOND).astype(int)
    cart_at = click_at + random.integers(5, 90, count) * SECOND
    paid_at = (start + random.integers(5, 20, len(visits))[shown.visit] * MINUTE).astype(np.int64)
    later = random.integers(4 * DAY, 20 * DAY, count)
    every = np.ones(count, bool)
    impressions = EventPart.of(Kind.IMPRESSION, shown, every, start)
    impressions.propensity[:] = shown.propensity
    impressions.click_probability[:] = shown.click_probability
    purchases = EventPart.of(Kind.PURCHASE, shown, bought, paid_at)
    quantity = 1.0 + random.poisson(0.15, len(purchases.item))
    purchases.quantity[:] = quantity
    purchases.value[:] = stock.price[purchases.item] * quantity
    ratings = EventPart.of(Kind.RATING, shown, rated, paid_at + later)
    stars = 3.9 + 0.6 * stock.quality[ratings.item] + random.normal(0, 0.8, len(ratings.item))
    ratings.value[:] = np.clip(np.round(stars), 1, 5)
    parts = (
        impressions,
        EventPart.of(Kind.CLICK, shown, clicked, click_at),
        EventPart.of(Kind.CART, shown, carted, cart_at),
        purchases,
        EventPart.of(Kind.HIDE, shown, hidden, click_at),
        ratings,
        EventPart.of(Kind.RETURN, shown, returned, paid_at + later),
    )
    return Happened(visits, parts, _buying_again(visits, purchases, stock, end, random))


def _buying_again(
    visits: Visits, bought: EventPart, stock: Stock, end: int, random: np.random.Generator
) -> Visits:
    """The visits of people whose pack is used up."""
    count = len(bought.item)
    cycle = stock.cycle[bought.item] * bought.quantity
    spread = random.lognormal(0, CYCLE_SPREAD, count)
    comes = np.isfinite(cycle) & (random.random(count) < RETURNS_FOR_MORE)
    wait = np.where(comes, cycle, 0) * spread * DAY
    comes &= bought.at + wait < end
    at = (bought.at + wait).astype(np.int64)[comes]
    item = bought.item[comes]
    usual = random.choice([Surface.HOME, Surface.PUSH, Surface.SEARCH], len(at), p=[0.5, 0.2, 0.3])
    surface = np.where(stock.prescription[item], Surface.POST_PRESCRIPTION, usual)
    user = visits.user[bought.visit[comes]]
    return Visits(user, at, stock.need[item], surface.astype(np.int64), item)


def _table(
    number: int, first_user: int, rounds: Sequence[Happened], end: int
) -> tuple[pa.Table, Floats]:
    parts, offset = [], 0
    for happened in rounds:
        parts += [(part, offset) for part in happened.parts]
        offset += len(happened.visits)
    visit = _joined([part.visit + shift for part, shift in parts], np.int64)
    at = _joined([part.at for part, _ in parts], np.int64)
    kind = _joined([np.full(len(p.item), int(p.kind)) for p, _ in parts], np.int8)
    order = np.argsort(at, kind="stable")
    order = order[at[order] < end]
    columns = {
        name: _joined([getattr(part, name) for part, _ in parts], np.float64)[order]
        for name in ("quantity", "value", "propensity", "click_probability")
    }
    position = _joined([part.position for part, _ in parts], np.int32)[order]
    kind, visit = kind[order], visit[order]
    user = _joined([h.visits.user for h in rounds], np.int64)[visit] + first_user
    surface = _joined([h.visits.surface for h in rounds], np.int8)[visit]
    slate = _names(f"{number}-v", offset).take(pa.array(visit))
    aside = pa.array((kind == Kind.RATING) | (kind == Kind.RETURN))  # later, of no slate
    within = pc.if_else(aside, pa.scalar(None, pa.string()), slate)
    table = pa.table(
        {
            "event_id": _names(f"{number}-e", len(order)),
            "user": user.astype(np.int32),
            "item": _joined([part.item for part, _ in parts], np.int32)[order],
            "kind": kind,
            "timestamp": pa.array(at[order], pa.timestamp("us")),
            "session": within,
            "request": within,
            "position": pa.array(position, mask=np.asarray(kind != Kind.IMPRESSION)),
            "surface": pc.if_else(aside, pa.scalar(None, pa.int8()), pa.array(surface)),
            **{
                name: pa.array(columns[name], from_pandas=True)
                for name in ("quantity", "value", "propensity")
            },
        }
    )
    return table, columns["click_probability"]


def _names(prefix: str, count: int) -> pa.StringArray:
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(np.arange(count)), "string"), "")


def _joined(parts: Sequence[npt.NDArray[Any]], dtype: type[Number]) -> npt.NDArray[Number]:
    return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype)
