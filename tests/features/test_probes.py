import ibis
import pyarrow as pa
import pytest

from galen.data.schema import EVENTS, Kind, Surface
from galen.features.offline import Engine, connected
from galen.features.probes import MINUTE, impression_probes

SHOWN, CLICK, CART, PURCHASE = Kind.IMPRESSION, Kind.CLICK, Kind.CART, Kind.PURCHASE


def event(name, kind, at, *, user=0, item=0, request=None, propensity=None, position=None):
    return {
        "event_id": name,
        "user": user,
        "item": item,
        "kind": int(kind),
        "at": at,
        "request": request,
        "position": position,
        "surface": int(Surface.SEARCH) if request else None,
        "propensity": propensity,
    }


def probes_of(events: list[dict], **settings) -> dict[str, dict]:
    names = ("event_id", "user", "item", "kind", "at", "request", "position", "surface")
    schema = pa.schema([*(EVENTS.field(n) for n in names if n != "at"), ("at", pa.int64())])
    schema = schema.append(EVENTS.field("propensity"))
    users = pa.table({"user": [0, 1], "age": [40.0, None]})
    with connected(Engine()) as connection:
        table = ibis.memtable(pa.Table.from_pylist(events, schema=schema))
        found = connection.to_pyarrow(impression_probes(table, ibis.memtable(users), **settings))
    rows = sorted(found.to_pylist(), key=lambda row: row["probe"])
    assert [row["probe"] for row in rows] == list(range(len(rows)))
    return {row["event_id"]: row for row in rows}


def labels(row: dict) -> tuple[int, int, int]:
    return row["click"], row["cart"], row["purchase"]


def test_a_label_is_what_the_same_person_did_with_the_same_item_of_the_same_request() -> None:
    found = probes_of(
        [
            event("a", SHOWN, 100, item=1, request="r"),
            event("b", SHOWN, 100, item=2, request="r"),
            event("c", SHOWN, 100, item=1, request="other"),
            event("d", SHOWN, 100, item=1, request="r", user=1),
            event("e", CLICK, 100, item=1, request="r"),
            event("f", PURCHASE, 100 + 10**12, item=1, request="r"),
        ]
    )
    assert {name: labels(row) for name, row in found.items()} == {
        "a": (1, 0, 1),
        "b": (0, 0, 0),
        "c": (0, 0, 0),
        "d": (0, 0, 0),
    }


def test_what_came_before_the_impression_is_not_its_label() -> None:
    found = probes_of([event("x", CLICK, 99, request="r"), event("a", SHOWN, 100, request="r")])
    assert labels(found["a"]) == (0, 0, 0)


def test_what_comes_after_the_window_of_an_impression_is_not_known_in_it() -> None:
    events = [
        event("a", SHOWN, 100, request="r"),
        event("clicked", CLICK, 150, request="r"),
        event("bought", PURCHASE, 200, request="r"),
        event("b", SHOWN, 200, request="s"),
        event("bought later", PURCHASE, 300, request="s"),
        event("c", SHOWN, 300, request="t"),
        event("bought last", PURCHASE, 10**15, request="t"),
    ]
    found = {name: labels(row) for name, row in probes_of(events, ends=(200, 300)).items()}
    assert found == {"a": (1, 0, 0), "b": (0, 0, 0), "c": (0, 0, 1)}
    whole = {name: labels(row) for name, row in probes_of(events).items()}
    assert whole == {"a": (1, 0, 1), "b": (0, 0, 1), "c": (0, 0, 1)}


@pytest.mark.parametrize("late", [0, 1])
def test_without_requests_only_what_came_soon_is_a_label(late: int) -> None:
    end = 100 + 30 * MINUTE + late
    found = probes_of(
        [
            event("a", SHOWN, 100),
            event("b", CART, end),
            event("c", CLICK, 200, request="elsewhere"),
        ]
    )
    assert labels(found["a"]) == (0, 1 - late, 0)


def test_a_probe_says_who_where_and_how_likely() -> None:
    found = probes_of(
        [
            event("b", SHOWN, 7, user=1),
            event("a", SHOWN, 7, request="r", propensity=0.25, position=3),
            event("c", SHOWN, 7, request="r", propensity=0.0001),
        ]
    )
    assert list(found) == ["a", "b", "c"]
    assert found["a"]["weight"] == 4
    assert found["b"]["weight"] == 1
    assert found["c"]["weight"] == 100
    assert (found["a"]["age"], found["a"]["surface"], found["a"]["position"]) == (40, 1, 3)
    assert (found["b"]["age"], found["b"]["surface"], found["b"]["position"]) == (None, -1, None)
