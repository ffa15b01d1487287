"""What the page shows, as plain values: the template only lays them out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from galen.data.catalogue import RX_CLASSES
from galen.data.enriched import Origin
from galen.data.schema import Kind
from galen.serve.measures import ServiceFigures
from galen.serve.messages import Recommendation
from galen.serve.service import Service

RX_WORDS = {
    "none": "not a medicine",
    "otc": "general sale",
    "pharmacist": "sold by a pharmacist",
    "prescription": "prescription only",
    "unknown": "class unknown, never shown",
}
DID = {
    Kind.IMPRESSION: "saw",
    Kind.CLICK: "clicked",
    Kind.CART: "put into the cart",
    Kind.PURCHASE: "bought",
    Kind.RATING: "rated",
    Kind.HIDE: "hid",
    Kind.RETURN: "returned",
}
LENGTHS = ((0, 0), (1, 3), (4, 10), (11, 10**9))
"""Spans of history lengths that get an example user each."""


@dataclass(frozen=True, slots=True)
class Example:
    """Somebody to try the page with."""

    user: str
    events: int


@dataclass(frozen=True, slots=True)
class RxRow:
    """How many items may be sold in one way."""

    words: str
    items: int
    share: float  # of all items, in percent


@dataclass(frozen=True, slots=True)
class ShopView:
    """The shop in numbers."""

    items: int
    hidden: int
    users: int
    model_version: str
    rx: list[RxRow]


@dataclass(frozen=True, slots=True)
class Place:
    """One item of the slate with what changed since the slate before."""

    number: int
    id: str
    title: str
    price: str
    reason: str
    channels: list[str]
    notices: list[str]
    score: str
    is_new: bool


def shop_view(service: Service) -> ShopView:
    """Count what the page tells of the shop."""
    state = service.state
    count = np.bincount(state.catalogue.rx_class + 1, minlength=len(RX_CLASSES) + 1)
    names = ("unknown", *RX_CLASSES)
    total = max(len(state.catalogue), 1)
    rows = [
        RxRow(RX_WORDS[name], int(items), 100 * items / total)
        for name, items in zip(names, count, strict=True)
        if items
    ]
    return ShopView(
        items=len(state.catalogue),
        hidden=int((state.catalogue.hidden == 1).sum()),
        users=state.people.known,
        model_version=service.recommender.version,
        rx=sorted(rows, key=lambda row: -row.items),
    )


def examples(service: Service) -> list[Example]:
    """A user or two of each span of history lengths."""
    state = service.state
    length = state.length.values
    found = [Example(user_id, int(length[row])) for user_id, row in state.people.first(2000)]
    chosen = []
    for low, high in LENGTHS:
        chosen += [example for example in found if low <= example.events <= high][:2]
    return chosen


def places(reply: Recommendation, before: list[str]) -> list[Place]:
    """The slate of a reply as the page shows it; items not in `before` are marked new."""
    return [
        Place(
            number=number,
            id=item.id,
            title=item.title or item.id,
            price="" if item.price is None else f"{item.price:,.2f}",
            reason=item.reason,
            channels=[channel.replace("_", " ") for channel in item.channels],
            notices=item.notices,
            score=f"{item.score:.2f}",
            is_new=bool(before) and item.id not in before,
        )
        for number, item in enumerate(reply.items, start=1)
    ]


def lately(service: Service, user_id: str) -> list[str]:
    """What a user did last, in words, newest first."""
    catalogue = service.state.catalogue
    lines = []
    for kind, item in service.lately(user_id, 5) if user_id else []:
        title = catalogue.titles[catalogue.row_of[item]] or item
        lines.append(f"{DID[kind]} {title}")
    return lines


def written_lines(written: Sequence[Origin]) -> list[tuple[str, str, str]]:
    """Name, writers, and rows with their day, of each table beside the shop."""
    lines = []
    for table in written:
        name = table.name.replace("_", " ")
        if table.newest is None:
            lines.append((name, "nobody", "empty, or cannot be read"))
        else:
            day = f"{table.newest:%Y-%m-%d}"
            lines.append((name, ", ".join(table.models), f"{table.rows:,} rows, {day}"))
    return lines


def doing_lines(doing: ServiceFigures) -> list[tuple[str, str]]:
    """Name and value of each line of the panel "how it is doing"."""
    lines = [("Slates served", f"{doing.recommendations:,}")]
    if doing.median_ms is not None and doing.p99_ms is not None:
        lines += [("Half within", f"{doing.median_ms:.1f} ms")]
        lines += [("99 in 100 within", f"{doing.p99_ms:.1f} ms")]
    lines += [(f"Events {name}", f"{count:,}") for name, count in sorted(doing.events.items())]
    lines += [(f"Without {part}", f"{count:,}") for part, count in sorted(doing.degraded.items())]
    return lines
