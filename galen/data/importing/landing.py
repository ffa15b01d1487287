"""Checked blocks of rows → the tables of a new shop, with ids made into rows."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Bools, Ints
from galen.data.importing.feeds import FIELDS, Feed, ImportPlan, TableName
from galen.data.importing.identities import Fingerprints, Identities, SeenIds
from galen.data.importing.lines import RowBlock
from galen.data.importing.mapping import Mapped
from galen.data.importing.people import readable
from galen.data.importing.quarantine import Quarantine
from galen.data.importing.reading import columns_of, read_blocks
from galen.data.importing.validation import CheckedRows, RowVerdict, check, fill
from galen.data.importing.words import left_out
from galen.data.never_shown import NeverShown
from galen.data.shop import ShopWriter

Progress = Callable[[str, int, int], None]
"""Takes what is being read, and bytes done of all."""

_PART: Final = 1_000_000  # ids written at once


class Landing:
    """One import on its way: rows land in the shop's tables or in quarantine."""

    def __init__(
        self,
        plan: ImportPlan,
        mapped: Mapping[TableName, Mapped],
        assumed: Mapping[str, pa.Scalar],
        now: datetime,
        writer: ShopWriter,
        quarantine: Quarantine,
        progress: Progress | None,
    ) -> None:
        self._plan = plan
        self._mapped = mapped
        self._assumed = assumed
        self._now = now
        self._writer = writer
        self._quarantine = quarantine
        self._progress = progress
        fingerprints = Fingerprints()
        self._ids = {name: Identities(fingerprints) for name in ("items", "users")}
        self._events = SeenIds(fingerprints)
        self._done = 0
        self._total = sum(feed.path.stat().st_size for feed in plan.feeds().values())
        self.landed: dict[str, int] = dict.fromkeys(("items", "users", "events"), 0)
        self._in_part = 0  # people of whom a part could not be read
        self.read_of: dict[str, int] = {}  # table → rows that its own file gave whole
        self.never_shown = NeverShown()
        self.left_out: Counter[tuple[str, str]] = Counter()  # by table and word

    def read(self) -> None:
        """Read all files of the plan."""
        for name, feed in self._plan.feeds().items():
            self._read(name, feed)
            self.read_of[name] = self.landed[name] - (self._in_part if name == "users" else 0)
        if self._plan.items is None:
            self._write_ids("items", 0)
        self._write_ids("users", self.landed["users"])

    def _read(self, name: TableName, feed: Feed) -> None:
        mapped = self._mapped[name]
        made = {*feed.made}
        needed = [*dict.fromkeys([*mapped.columns.values(), *feed.reads])]
        there = columns_of(feed.path, feed.dialect)
        needed = [column for column in needed if column in there and column not in made]
        dialect = replace(feed.dialect, joined=1) if name == "events" else feed.dialect

        def reject(line: int | None, reason: str, content: str) -> None:
            self._quarantine.add(name, feed.path, line, reason, content)

        def advance(size: int) -> None:
            self._done += size
            if self._progress is not None:
                self._progress(f"reading {name}", self._done, self._total)

        for block in read_blocks(feed.path, dialect, needed, reject, advance):
            kept = _in_scope(feed, block)
            shaped = kept if feed.adapt is None else replace(kept, table=feed.adapt(kept.table))
            kept, shaped = self._without_words(name, kept, shaped)
            raw = kept.table
            checked = check(name, shaped, mapped, self._now)
            self._land(name, feed, kept.lines, checked)
            for place, reason in checked.verdict.rejected():
                content = msgspec.json.encode(raw.slice(place, 1).to_pylist()[0], enc_hook=str)
                reject(int(kept.lines[place]), reason, content.decode())

    def _without_words(
        self, name: TableName, raw: RowBlock, shaped: RowBlock
    ) -> tuple[RowBlock, RowBlock]:
        """The rows, raw and shaped, that have none of the words whose rows are left out."""
        out = np.zeros(len(shaped.lines), bool)
        for field, meanings in self._mapped[name].words.items():
            column = shaped.table[self._mapped[name].columns[field]]
            for word, there in left_out(column, meanings).items():
                self.left_out[name, f"{field} {word}"] += int((there & ~out).sum())
                out |= there
        return (_some(raw, ~out), _some(shaped, ~out)) if out.any() else (raw, shaped)

    def _land(self, name: TableName, feed: Feed, lines: Ints, checked: CheckedRows) -> None:
        if name == "events":
            self._land_events(feed, RowBlock(checked.table, lines), checked.verdict)
        elif name == "users":
            self._land_users(checked)
        else:
            rows = self._first_rows(name, checked.table, checked.verdict.good, checked.verdict)
            self._write(name, fill(rows, self._assumed))

    def _land_users(self, checked: CheckedRows) -> None:
        """Everybody who can be told apart: a person of whom nothing is known has no allergies."""
        verdict = checked.verdict
        known = ~verdict.bad_fields().get("user_id", np.zeros(len(checked.table), bool))
        rows = self._first_rows("users", readable(checked), known, verdict)
        self._in_part += len(rows) - int(verdict.good.sum())
        self._write("users", rows)

    def _first_rows(
        self, name: TableName, table: pa.Table, usable: Bools, verdict: RowVerdict
    ) -> pa.Table:
        """The usable rows whose id was not there before."""
        key = FIELDS[name].names[0]
        places = np.flatnonzero(usable)
        rows = table.take(pa.array(places))
        doubled = self._ids[name].doubled(_one(rows[key]))
        verdict.against(_at(places[doubled], len(table)), f"{key} is there twice")
        return rows.filter(pa.array(~doubled))

    def _land_events(self, feed: Feed, block: RowBlock, verdict: RowVerdict) -> None:
        table = block.table
        if self._plan.items is not None:
            items = self._items_of(table, verdict, add=False)
            verdict.against(items < 0, "item_id is not among the items")
        if "event_id" in table.column_names:
            places = np.flatnonzero(verdict.good)
            doubled = self._events.doubled(_one(table["event_id"].take(pa.array(places))))
            verdict.against(_at(places[doubled], len(table)), "event_id is there twice")
        if self._plan.items is None:  # only now: an item of none but rejected events is none
            items = self._items_of(table, verdict, add=True)
        places = np.flatnonzero(verdict.good)
        good = table if len(places) == len(table) else table.take(pa.array(places))
        users = self._ids["users"].rows(_one(good["user_id"]), add=True)
        if "event_id" not in good.column_names:
            numbers = pa.array(block.lines[places]).cast(pa.string())
            ids = pc.binary_join_element_wise(pa.scalar(feed.path.name), numbers, ":")
            good = good.append_column("event_id", ids)
        rows = good.append_column("user", pa.array(users))
        self._write("events", rows.append_column("item", pa.array(items[places])))

    def _items_of(
        self, table: pa.Table, verdict: RowVerdict, *, add: bool
    ) -> npt.NDArray[np.int32]:
        """(rows,): the row of each event's item, -1 where the event is bad or the item unknown."""
        places = np.flatnonzero(verdict.good)
        items = np.full(len(table), -1, np.int32)
        whole = len(places) == len(table)
        ids = table["item_id"] if whole else table["item_id"].take(pa.array(places))
        items[places] = self._ids["items"].rows(_one(ids), add=add)
        return items

    def _write_ids(self, name: TableName, start: int) -> None:
        ids = self._ids[name].after(start)
        for place in range(0, len(ids), _PART):
            key = FIELDS[name].names[0]
            rows = pa.table({key: ids.slice(place, _PART)})
            self._write(name, fill(rows, self._assumed) if name == "items" else rows)

    def _write(self, name: TableName, rows: pa.Table) -> None:
        if name == "items":
            self.never_shown += NeverShown.of(rows)
        self._writer.write(name, rows)
        self.landed[name] += len(rows)


def _in_scope(feed: Feed, block: RowBlock) -> RowBlock:
    if feed.keep is None:
        return block
    return _some(block, np.asarray(pc.fill_null(feed.keep(block.table), True)))


def _some(block: RowBlock, mask: Bools) -> RowBlock:
    return RowBlock(block.table.filter(pa.array(mask)), block.lines[mask])


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()


def _at(places: Ints, rows: int) -> Bools:
    mask: Bools = np.zeros(rows, bool)
    mask[places] = True
    return mask
