"""Tables that language models wrote about a shop, offline; each value says where it comes from.

They lie beside the shop, so that importing it again leaves them: SHOP.enriched/NAME.parquet. A
table is one file, so it is there whole or not at all; what was written of its origin as a whole
stands in the file's own metadata.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from galen.data.mendable import MendableError
from galen.data.replacing import replacing

PROVENANCE: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),  # provider:model
        pa.field("prompt", pa.string(), nullable=False),  # name@version; empty for vectors
        pa.field("knowledge", pa.string(), nullable=False),  # version checked against, or empty
        pa.field("at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("cost", pa.float64(), nullable=False),  # of the row, at the provider's prices
    ]
)
"""Columns that stand at the end of every table."""

ONE_ORIGIN: Final = ("model", "prompt", "knowledge")
"""Columns of which a table has one value, unless mixing is asked for."""

OTHER: Final = "other"
"""Stands in every vocabulary: a model that finds no word fit has a way to say so."""

_ABOUT: Final = b"galen"


class EnrichedError(MendableError):
    """A table of enrichments is missing, cut short, mixed, or knows the future."""


@runtime_checkable
class ReadsTables(Protocol):
    """Settings of a part that may need tables which were written of a shop."""

    @property
    def tables(self) -> tuple[str, ...]:
        """Those without which it cannot learn, by name."""
        ...


@runtime_checkable
class ReadsTablesFound(Protocol):
    """Settings of a part that learns from some tables where a shop has them, and without."""

    @property
    def tables_found(self) -> tuple[str, ...]:
        """Those it reads where they are there, by name."""
        ...


@dataclass(frozen=True, slots=True)
class Extent:
    """Which events something was made from, 0 where from none."""

    events: int = 0
    until: int = 0  # the last moment of them: microseconds, or the place where order is the clock
    held_back: int = 0  # the newest events of each person that are not among them

    def within(self, other: "Extent") -> bool:
        """Is all that was known to this known to the other, also where the shop has grown since?"""
        if not self.events:
            return True
        newest = self.held_back >= other.held_back and self.until <= other.until
        return newest and self.events <= other.events

    def __str__(self) -> str:
        held = f" without the last {self.held_back} of each person" if self.held_back else ""
        return f"{self.events:,} events up to {self.until}{held}"


def enriched_folder(shop: Path) -> Path:
    """Where the tables of a shop lie."""
    shop = shop.resolve()
    return shop.with_name(shop.name + ".enriched")


def write_enriched(folder: Path, name: str, rows: pa.Table, made_from: Extent) -> Path:
    """Put a table in the place of the one before, whole or not at all.

    Raises:
        EnrichedError: a column of `PROVENANCE` is missing.
    """
    lacking = [field.name for field in PROVENANCE if field.name not in rows.column_names]
    if lacking:
        raise EnrichedError(f"table {name!r} lacks {', '.join(lacking)}: where is it from?")
    folder.mkdir(parents=True, exist_ok=True)
    about = {_ABOUT: json.dumps(asdict(made_from)).encode()}
    place = folder / f"{name}.parquet"
    with replacing(place) as file:
        pq.write_table(rows.replace_schema_metadata(about), file, compression="zstd")
    return place


def read_all(folder: Path, name: str) -> pa.Table:
    """A whole table as it was written, whatever its origins.

    Raises:
        EnrichedError: it is missing or cannot be read.
    """
    path = folder / f"{name}.parquet"
    try:
        return pq.read_table(path)
    except FileNotFoundError:
        raise EnrichedError(_missing(str(folder), name)) from None
    except (pa.ArrowException, OSError) as error:
        raise EnrichedError(f"{path} cannot be read: {error}. Write it again.") from error


def read_enriched(
    folder: Path | None,
    name: str,
    columns: Sequence[str],
    *,
    known: Extent | None = None,
    mixed: bool = False,
) -> pa.Table:
    """The wanted columns of a table, and those that tell of its origin.

    With `known`, events that it was made from must be among those that are known: what is learned
    for an evaluation may not have seen what it is judged by.

    Raises:
        EnrichedError: it is missing, cannot be read, lacks a column, holds values of two models,
            prompts or versions of the knowledge without `mixed`, or was made from later events.
    """
    path = Path() if folder is None else folder / f"{name}.parquet"
    if folder is None or not path.exists():
        where = "This shop" if folder is None else str(folder)
        raise EnrichedError(_missing(where, name))
    try:
        table = pq.read_table(path, columns=[*columns, *PROVENANCE.names])
        extent = made_from(table)
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise EnrichedError(f"{path} cannot be read: {error}. Write it again.") from error
    lacking = [column for column in columns if column not in table.column_names]
    if lacking:
        raise EnrichedError(f"{path} lacks {', '.join(lacking)}; write it again.")
    for origin in ONE_ORIGIN:
        values = pc.unique(table[origin]).to_pylist()
        if len(values) > 1 and not mixed:
            told = " and ".join(repr(value) for value in sorted(values)[:3])
            raise EnrichedError(f"{path} mixes {origin} {told}; write it again as a whole.")
    if known is not None and not extent.within(known):
        raise EnrichedError(
            f"{path} was made from {extent}, which may not all be among those known here, {known}; "
            f"write it from what is known before the split: {_command(name)} --before-split "
            "PROTOCOL."
        )
    return table


def made_from(table: pa.Table) -> Extent:
    """The events that a table was made from.

    Raises:
        ValueError, TypeError: it does not say so in a form that is known.
    """
    return Extent(**json.loads((table.schema.metadata or {}).get(_ABOUT, b"{}")))


@dataclass(frozen=True, slots=True)
class Origin:
    """A table that lies beside a shop: how much was written, by what, and when last."""

    name: str
    rows: int = 0
    models: tuple[str, ...] = ()  # provider:model
    newest: datetime | None = None  # None where it has no rows, or cannot be read


def origins(folder: Path) -> list[Origin]:
    """What is written of a shop, by name; a table that cannot be read stands there without rows."""
    found = []
    for path in sorted(folder.glob("*.parquet")):
        try:
            told = pq.read_table(path, columns=["model", "at"])
        except (pa.ArrowException, OSError, ValueError):
            found.append(Origin(path.stem))
            continue
        models = tuple(sorted(pc.unique(told["model"]).to_pylist()))
        found.append(Origin(path.stem, len(told), models, pc.max(told["at"]).as_py()))
    return found


def check_written(folder: Path, names: Iterable[str]) -> None:
    """See that tables were written, before anything is learned that they are for.

    Raises:
        EnrichedError: some are missing; the message has the command that writes each.
    """
    missing = sorted({name for name in names if not (folder / f"{name}.parquet").exists()})
    if missing:
        raise EnrichedError(_missing(str(folder), *missing))


def _missing(where: str, *names: str) -> str:
    word, which = ("tables", "them") if len(names) > 1 else ("table", "it")
    told, how = " and ".join(map(repr, names)), ", ".join(map(_command, names))
    return f"{where} has no {word} {told}; write {which}: {how}."


def _command(name: str) -> str:
    own = {"product_groups": "groups", "vectors": "vectors", "vectors_co_taken": "co-taken"}
    return f"galen enrich {own.get(name, f'run {name}')} SHOP"
