"""What a shop showed, as moments to ask for features, with what came of each."""

from collections.abc import Sequence
from typing import Final

import ibis
import ibis.expr.types as ir

from galen.data.schema import Kind

LABELS: Final = {"click": Kind.CLICK, "cart": Kind.CART, "purchase": Kind.PURCHASE}
MINUTE: Final = 60_000_000  # microseconds
NOWHERE: Final = -1  # the surface of an impression that does not say
NEVER: Final = 2**62  # microseconds, far after every event


def impression_probes(
    events: ir.Table,
    users: ir.Table,
    *,
    within_minutes: int = 30,
    least_propensity: float = 0.01,
    ends: Sequence[int] = (),
) -> ir.Table:
    """One row per impression, for `features_at`, with labels and weight.

    Columns: probe (from 0, in order of moment and event_id), event_id, user, item, at, request,
    position, surface, age, propensity; click, cart and purchase (0 or 1); weight.
    A label is 1 where an event of that kind, of the same user, item and request, came at or after
    the impression. Impressions without a request are answered by events without one, within
    `within_minutes`. `ends` are the moments at which windows of a split end: what comes of an
    impression after its window is not known in it. Events are a shop's `ShopTables.events`.

    The weight is 1 / propensity, capped at 1 / `least_propensity`, and 1 where nothing was logged
    (inverse propensity scoring: Schnabel et al., "Recommendations as Treatments", ICML 2016).
    """
    kinds = [int(Kind.IMPRESSION), *map(int, LABELS.values())]
    relevant = events.filter(events.kind.isin(kinds)).mutate(asked=events.request.coalesce(""))
    onward = ibis.window(group_by=("user", "item", "asked"), order_by="at", range=(0, None))
    shown = relevant.kind == int(Kind.IMPRESSION)
    limit = ibis.ifelse(
        relevant.request.isnull(), relevant["at"] + within_minutes * MINUTE, relevant["at"]
    )
    following = {
        label: ibis.ifelse(relevant.kind == int(kind), relevant["at"], ibis.null("int64"))
        .min()
        .over(onward)
        for label, kind in LABELS.items()
    }
    labelled = relevant.mutate(
        latest=limit, closed=_closed(relevant, ends), shown=shown, **following
    )
    labelled = labelled.filter(labelled.shown)
    labels = {
        label: (
            labelled[label].notnull()
            & (labelled[label] < labelled.closed)
            & (labelled.request.notnull() | (labelled[label] <= labelled.latest))
        ).cast("int8")
        for label in LABELS
    }
    aged = labelled.mutate(**labels).left_join(users, "user").drop("user_right")
    return aged.select(
        "event_id",
        "user",
        "item",
        "at",
        "request",
        "position",
        "age",
        "propensity",
        *LABELS,
        probe=ibis.row_number().over(ibis.window(order_by=("at", "event_id"))),
        surface=aged.surface.coalesce(NOWHERE),
        weight=1.0 / ibis.greatest(aged.propensity.coalesce(1.0), least_propensity),
    )


def _closed(events: ir.Table, ends: Sequence[int]) -> ir.Value:
    """The moment at which the window of each event ends."""
    closed = ibis.literal(NEVER)
    for end in sorted(ends, reverse=True):
        closed = ibis.ifelse(events["at"] < end, end, closed)
    return closed
