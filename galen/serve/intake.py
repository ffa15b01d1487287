"""Which events of a batch can be taken, and what is wrong with the others."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from galen.serve.answering.state import ShopState
from galen.serve.durable.tables import LoggedEvent
from galen.serve.messages import KINDS, SURFACES, Event, EventBatch, EventError

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD: Final = timedelta(minutes=5)  # how far a sender's clock may run ahead


@dataclass(frozen=True, slots=True)
class CheckedEvents:
    """The events to log with their places in the batch, and the errors of the rest."""

    events: list[LoggedEvent]
    places: list[int]
    errors: list[EventError]


def check(batch: EventBatch, state: ShopState, now: int) -> CheckedEvents:
    """Part a batch into what can be logged and what cannot."""
    checked = CheckedEvents([], [], [])
    for index, event in enumerate(batch.events):
        at = now if event.timestamp is None else microseconds(event.timestamp)
        wrong = _wrong(event, at, state, now)
        if wrong is None:
            checked.events.append(_logged(event, min(at, now)))  # so the next request sees it
            checked.places.append(index)
        else:
            error = EventError(index=index, event_id=event.event_id, detail=wrong)
            checked.errors.append(error)
    return checked


def microseconds(moment: datetime) -> int:
    """Microseconds since the epoch, exactly."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def _wrong(event: Event, at: int, state: ShopState, now: int) -> str | None:
    if event.user is None and event.session is None:
        return "an event needs a user or a session"
    if event.item not in state.catalogue.row_of:
        return f"there is no item {event.item!r}; PUT the item first"
    if at > now + AHEAD // timedelta(microseconds=1):
        return "its timestamp lies in the future"
    return None


def _logged(event: Event, at: int) -> LoggedEvent:
    return LoggedEvent(
        event_id=event.event_id,
        user=event.user,
        item=event.item,
        kind=int(KINDS[event.kind]),
        at=at,
        session=event.session,
        request=event.request,
        position=event.position,
        surface=None if event.surface is None else int(SURFACES[event.surface]),
        quantity=event.quantity,
        value=event.value,
        propensity=event.propensity,
    )
