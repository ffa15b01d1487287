"""The offline executor: the declared features of many past moments, as Ibis expressions.

Events and probes are put into one table per key and ordered by moment, probes before events of
the same moment; a running sum is then the count strictly before the probe. So a key costs one or
two sorts, which DuckDB spills to disk, and the same expressions compile for Spark.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from galen.data.arrays import Ints
from galen.data.catalogue import Catalogue
from galen.data.schema import DAY, TAKEN, Kind
from galen.data.shop import Shop
from galen.data.spilling import spill_folder
from galen.features.assembly import HOUR, UNKNOWN_MOMENT, YEAR, category_log_price, log_or_nan
from galen.features.declared import DECLARED
from galen.features.feature import (
    Count,
    Feature,
    Key,
    Kinds,
    Last,
    MeanPrice,
    OfItem,
    OfRequest,
    PurchaseInterval,
    Ratio,
    SameAsLast,
)

COLUMNS_OF: Final[dict[Key, tuple[str, ...]]] = {
    "item": ("item",),
    "category": ("category",),
    "user": ("user",),
    "user_item": ("user", "item"),
    "user_spu": ("user", "spu"),
    "user_category": ("user", "category"),
    "user_brand": ("user", "brand"),
}
ATTRIBUTES: Final = ("spu", "category", "brand")
STATIC: Final = ("price", "price_to_category", "created_at")


@dataclass(frozen=True, slots=True)
class Engine:
    """What DuckDB may use; what does not fit in memory goes to a temporary folder."""

    memory: str = "2GB"
    threads: int = 2


@contextmanager
def connected(engine: Engine) -> Iterator[Any]:
    """An Ibis connection to a DuckDB in memory."""
    limits: dict[str, Any] = {
        "memory_limit": engine.memory,
        "threads": engine.threads,
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
    }
    with spill_folder() as folder:
        connection = ibis.duckdb.connect(**limits, temp_directory=folder)
        try:
            yield connection
        finally:
            connection.disconnect()


@dataclass(frozen=True, slots=True)
class ShopTables:
    """A shop's tables as Ibis expressions, of any backend."""

    events: ir.Table  # event_id, user, item, kind, at, request, position, surface, propensity
    items: ir.Table  # item, spu, category, brand (codes), price, price_to_category, created_at
    users: ir.Table  # user, age


def shop_tables(connection: Any, shop: Shop) -> ShopTables:
    """The tables of a shop's folder.

    Raises:
        ValueError: the shop knows only the order of events, so moments cannot be compared.
    """
    if shop.clock != "time":
        raise ValueError(
            f"{shop.folder} has the clock 'order': moments of two users cannot be compared. "
            "Replay the events into the online store instead."
        )
    events = connection.read_parquet(shop.files("events"), table_name="galen_events")
    moment = events.timestamp
    at = moment.epoch_seconds().cast("int64") * 1_000_000 + moment.microsecond().cast("int64")
    names = ("event_id", "user", "item", "kind", "request", "position", "surface", "propensity")
    return ShopTables(
        events.select(*names, at=at),
        ibis.memtable(item_columns(Catalogue.read(shop))),
        ibis.memtable(_user_columns(shop)),
    )


def item_columns(catalogue: Catalogue) -> pa.Table:
    """The items as the offline executor reads them: codes as in the catalogue, null if unknown."""
    price, category = catalogue.price, catalogue.category
    means = np.append(category_log_price(catalogue), np.nan)  # code -1 finds the last
    created = catalogue.created_at
    return pa.table(
        {
            "item": np.arange(len(catalogue)),
            **{name: _codes(getattr(catalogue, name)) for name in ATTRIBUTES},
            "price": pa.array(price, from_pandas=True),
            "price_to_category": pa.array(log_or_nan(price) - means[category], from_pandas=True),
            "created_at": pa.array(created, pa.int64(), mask=created == UNKNOWN_MOMENT),
        }
    )


def _codes(codes: Ints) -> pa.Array:
    return pa.array(codes, pa.int64(), mask=codes < 0)


def _user_columns(shop: Shop) -> pa.Table:
    age = shop.read("users", ["age"]).column("age").cast(pa.float64())
    return pa.table({"user": np.arange(len(age)), "age": age})


def features_at(
    probes: ir.Table, tables: ShopTables, features: Sequence[Feature] = DECLARED
) -> ir.Table:
    """The probes with one column per feature, null where it is unknown.

    Probes have the columns `probe` (a different integer each), `user`, `item`, `at`
    (microseconds), `surface` and `age`; others are passed on. `features` must hold what their
    ratios divide.
    """
    coded = tables.items.select("item", *ATTRIBUTES)
    asked = probes.select("probe", "user", "item", "at").inner_join(coded, "item")
    events = tables.events.select("user", "item", "kind", "at").inner_join(
        tables.items.select("item", *ATTRIBUTES, "price"), "item"
    )
    sorts = _by_sort(features)
    parts = [_counted(events, asked, key, counted) for (key, _), counted in sorts.items()]
    if any(isinstance(f.source, PurchaseInterval) for f in features):
        parts.append(_intervals(events, asked))
    if any(isinstance(f.source, SameAsLast) for f in features):
        parts.append(_last_items(events, asked, tables.items))
    static = tables.items.select("item", **{f"own_{n}": n for n in (*ATTRIBUTES, *STATIC)})
    wide = reduce(_joined, parts, probes.left_join(static, "item").drop("item_right"))
    ratios = [f for f in features if isinstance(f.source, Ratio)]
    for wave in ([f for f in features if f not in ratios], ratios):
        wide = wide.mutate(**{f.name: _column(f, wide).cast("float64") for f in wave})
    names = {f.name for f in features}
    passed = (name for name in probes.columns if name not in names)
    return wide.select(*passed, *(f.name for f in features))


def _joined(wide: ir.Table, part: ir.Table) -> ir.Table:
    return wide.left_join(part, "probe").drop("probe_right")


def _by_sort(features: Iterable[Feature]) -> Mapping[tuple[Key, bool], list[Feature]]:
    """The features that are counted, by key, and by whether they need the many impressions."""
    found: dict[tuple[Key, bool], list[Feature]] = {}
    for feature in features:
        shown = Kind.IMPRESSION in _kinds(feature)
        match feature.source:
            case Count(_, key, _) | Last(_, key):
                found.setdefault((key, shown), []).append(feature)
            case MeanPrice():
                found.setdefault(("user", shown), []).append(feature)
    return found


def _column(feature: Feature, wide: ir.Table) -> ir.Value:
    """A feature from the columns that the sorts have left, or from features before it."""
    match feature.source:
        case Ratio(numerator, denominator, prior, strength):
            over = wide[numerator] + strength * prior
            column = over / (wide[denominator] + strength).nullif(0.0)
        case PurchaseInterval():
            column = wide.interval_days / wide.interval_gaps.nullif(0)
        case SameAsLast(attribute):
            column = (wide[f"last_{attribute}"] == wide[f"own_{attribute}"]).cast("int64")
        case OfItem("age_days"):
            column = (wide["at"] - wide.own_created_at) / DAY
        case OfItem(name):
            column = wide[f"own_{name}"]
        case OfRequest(name):
            column = _of_request(name, wide)
        case _:
            column = wide[feature.name]
    return column


def _of_request(column: str, wide: ir.Table) -> ir.Value:
    at = wide["at"]
    if column == "hour":
        return ((at % DAY - at % HOUR) / HOUR).round()
    if column == "weekday":
        return (_day(at) + 3) % 7
    if column in ("year_sine", "year_cosine"):
        phase = (at % YEAR) / YEAR * (2 * np.pi)
        return phase.sin() if column == "year_sine" else phase.cos()
    return wide[column]


def _day(at: ir.IntegerValue) -> ir.IntegerValue:
    """Whole days since the epoch; the division has no rest, so no backend can round it."""
    return ((at - at % DAY) / DAY).cast("int64")


def _counted(events: ir.Table, asked: ir.Table, key: Key, features: Sequence[Feature]) -> ir.Table:
    """One sort: `probe` and the features that count events of this key."""
    columns = COLUMNS_OF[key]
    kinds = {kind for feature in features for kind in _kinds(feature)}
    relevant = events.filter(events.kind.isin(sorted(int(kind) for kind in kinds)))
    together = _together(relevant, asked, columns, lambda t: {"kind": t.kind, "price": t.price})
    sums: dict[str, ir.Value] = {}
    for feature in features:
        sums |= _sums(feature, together, columns)
    counted = together.mutate(**sums).filter(together.event == 0)
    return counted.select("probe", **{f.name: _from_sums(f, counted) for f in features})


def _together(
    events: ir.Table,
    asked: ir.Table,
    columns: Sequence[str],
    payload: Callable[[ir.Table], Mapping[str, ir.Value]],
) -> ir.Table:
    """Events and probes with a known key; `event` is 0 for a probe, whose payload is null."""
    theirs = payload(events)
    happened = events.select(
        *columns, "at", event=ibis.literal(1, "int8"), probe=ibis.null("int64"), **theirs
    )
    empty = {name: ibis.null(value.type()) for name, value in theirs.items()}
    probed = asked.select(
        *columns, "at", event=ibis.literal(0, "int8"), probe=asked.probe.cast("int64"), **empty
    )
    together = happened.union(probed)
    together = together.filter([together[column].notnull() for column in columns])
    return together.mutate(day=_day(together["at"]))


def _kinds(feature: Feature) -> Kinds:
    match feature.source:
        case Count(kinds, _, _) | Last(kinds, _) | MeanPrice(kinds):
            return kinds
        case _:
            return ()


def _sums(feature: Feature, together: ir.Table, columns: Sequence[str]) -> dict[str, ir.Value]:
    """The running sums that a feature is made from; those of others may have the same names."""
    one = _of_kinds(together, _kinds(feature))
    before = ibis.window(group_by=columns, order_by=("at", "event"), preceding=None, following=0)
    match feature.source:
        case Count(_, _, days):
            sums = {_named("count", feature): one.sum().over(before)}
            if days is not None:
                past = ibis.range_window(group_by=columns, order_by="day", preceding=(None, days))
                sums[_named("start", feature)] = one.sum().over(past).coalesce(0)
            return sums
        case MeanPrice():
            price = ibis.ifelse(one == 1, together.price, ibis.null("float64"))
            paid, priced = _named("paid", feature), _named("priced", feature)
            return {paid: price.sum().over(before), priced: price.count().over(before)}
        case _:
            moment = ibis.ifelse(one == 1, together["at"], ibis.null("int64"))
            return {_named("last", feature): moment.max().over(before)}


def _from_sums(feature: Feature, counted: ir.Table) -> ir.Value:
    match feature.source:
        case Count(_, _, None):
            return counted[_named("count", feature)]
        case Count():
            return counted[_named("count", feature)] - counted[_named("start", feature)]
        case MeanPrice():
            return counted[_named("paid", feature)] / counted[_named("priced", feature)].nullif(0)
        case _:
            return (counted["at"] - counted[_named("last", feature)]) / DAY


def _named(what: str, feature: Feature) -> str:
    """The name of a sum, the same for all features that need it."""
    parts = [what, *(str(int(kind)) for kind in _kinds(feature))]
    if what == "start" and isinstance(feature.source, Count):
        parts.append(f"{feature.source.days}d")
    return "_".join(parts)


def _of_kinds(together: ir.Table, kinds: Kinds) -> ir.Value:
    """1 for an event of these kinds, 0 for others and for probes."""
    among = together.kind.isin([int(kind) for kind in kinds]).fill_null(False)
    return among.cast("int64")


def _intervals(events: ir.Table, asked: ir.Table) -> ir.Table:
    """`probe`, with the days and the number of gaps between purchases of its standard product."""
    bought = events.filter(events.kind == int(Kind.PURCHASE))
    bought = bought.mutate(day=_day(bought["at"]))
    own = ibis.window(group_by=("user", "spu"), order_by="at")
    bought = bought.mutate(gap=bought.day - bought.day.lag().over(own))
    gaps = bought.filter(bought.gap > 0)
    together = _together(gaps, asked, ("spu",), lambda t: {"gap": t.gap})
    before = ibis.window(group_by="spu", order_by=("at", "event"), preceding=None, following=0)
    summed = together.mutate(
        interval_days=together.gap.sum().over(before),
        interval_gaps=together.gap.count().over(before),
    )
    return summed.filter(summed.event == 0).select("probe", "interval_days", "interval_gaps")


def _last_items(events: ir.Table, asked: ir.Table, items: ir.Table) -> ir.Table:
    """`probe`, with the attributes of what its user took last."""
    taken = events.filter(events.kind.isin([int(kind) for kind in TAKEN]))
    together = _together(taken, asked, ("user",), lambda t: {"taken": t["at"]})
    before = ibis.window(group_by="user", order_by=("at", "event"), preceding=None, following=0)
    last = together.mutate(last=together.taken.max().over(before))
    last = last.filter(last.event == 0).select("probe", "user", "last")
    item = taken.group_by("user", last=taken["at"]).aggregate(item=taken.item.max())
    attributes = items.select("item", **{f"last_{name}": name for name in ATTRIBUTES})
    found = last.inner_join(item, ("user", "last")).inner_join(attributes, "item")
    return found.select("probe", *(f"last_{name}" for name in ATTRIBUTES))
