"""A small shop's files, to be imported whole or with something broken in them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from galen.data.importing.importer import ImportReport, ImportSettings, import_shop
from galen.data.shop import Shop

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HEADER = b"event_id,user_id,item_id,kind,timestamp,quantity,value,propensity\n"
LENIENT = ImportSettings(max_bad_share=1.0)


def event(n: int, **changed: str) -> bytes:
    """The n-th event as a line of CSV."""
    row = {
        "event_id": f"e{n}",
        "user_id": f"u{n % 7}",
        "item_id": f"i{n % 5}",
        "kind": "click",
        "timestamp": f"2026-05-{1 + n % 28:02}T10:00:00",
        "quantity": "1",
        "value": "9.5",
        "propensity": "0.5",
    } | changed
    return ",".join(row.values()).encode() + b"\n"


def events(count: int) -> bytes:
    return HEADER + b"".join(event(n) for n in range(count))


def run(
    folder: Path, settings: ImportSettings = LENIENT, **files: bytes | tuple[str, bytes]
) -> ImportReport:
    """Import files given as bytes of CSV, or as (ending, bytes)."""
    paths: dict[str, Path] = {}
    for name, given in files.items():
        ending, data = given if isinstance(given, tuple) else (".csv", given)
        paths[name] = folder / f"{name}{ending}"
        paths[name].write_bytes(data)
    return import_shop("table", paths, folder / "shop", now=NOW, settings=settings)


def shop(folder: Path) -> Shop:
    return Shop.open(folder / "shop", verify=True)


def landed(folder: Path) -> set[str]:
    """Ids of the events in the shop."""
    return set(shop(folder).read("events")["event_id"].to_pylist())


def rejected(folder: Path) -> Mapping[tuple[str, int | None], str]:
    """(table, line) → reason."""
    rows = shop(folder).read("quarantine").to_pylist()
    return {(row["table"], row["line"]): row["reason"] for row in rows}
