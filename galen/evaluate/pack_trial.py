"""What another rule pack would have changed on slates that were shown."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from rich.table import Table

from galen.data.arrays import Ints
from galen.data.columns import numbers_of
from galen.data.dataset import Dataset
from galen.data.schema import DAY, Kind
from galen.eligibility.declarations import RequestWords
from galen.eligibility.guard import Guard
from galen.eligibility.premises import DROP, NONE, Small
from galen.features.ledger import Ledger
from galen.pipeline.candidates import Candidates, Requests, no_histories

BATCH = 2000
"""Requests that are asked about at once."""


@dataclass(frozen=True, slots=True)
class Change:
    """Rows that one rule treats otherwise under the new pack."""

    rule: str
    dropped: int  # shown before, dropped now
    allowed: int  # dropped before, shown now
    warned: int  # with a notice that they did not have
    items: tuple[str, ...]  # item_ids, the most frequent first


@dataclass(frozen=True, slots=True)
class Trial:
    """Both packs asked about the same impressions."""

    old: str
    new: str
    rows: int
    changes: tuple[Change, ...]

    def table(self) -> Table:
        """A row for each rule that differs, with five items at most, for a terminal."""
        table = Table("rule", "now dropped", "now shown", "new notice", "most often")
        for change in self.changes:
            counts = (change.dropped, change.allowed, change.warned)
            table.add_row(change.rule, *(f"{n:,}" for n in counts), ", ".join(change.items[:5]))
        return table


def try_pack(data: Dataset, users: pa.Table, old: Guard, new: Guard, days: int) -> Trial:
    """Ask two packs about what was shown in the last days of a shop's events.

    Ages and what is declared are those of now, purchases those before each moment. Where the clock
    is "order" there is no day: all impressions are asked about.
    """
    shown = data.of(Kind.IMPRESSION)
    if data.clock == "time" and len(shown):
        shown = shown.take(shown.at > int(shown.at.max()) - days * DAY)
    ledger = Ledger.replay(data, users, int(shown.at.min()) if len(shown) else 0)
    actions = {
        name: _actions(shown, users, ledger, guard) for name, guard in (("old", old), ("new", new))
    }
    rules = [family.rule for family in old.gate.families]
    changes = []
    for place, rule in enumerate(rules):
        before, after = actions["old"][place], actions["new"][place]
        dropped, allowed = (before < DROP) & (after == DROP), (before == DROP) & (after < DROP)
        warned = (before == NONE) & (after > NONE) & ~dropped
        other = dropped | allowed | warned
        if other.any():
            items = Counter(shown.item[other].tolist()).most_common(20)
            names = tuple(data.catalogue.ids[item] for item, _ in items)
            counts = (int(dropped.sum()), int(allowed.sum()), int(warned.sum()))
            changes.append(Change(rule, *counts, names))
    return Trial(old.gate.version, new.gate.version, len(shown), tuple(changes))


def _actions(shown: Dataset, users: pa.Table, ledger: Ledger, guard: Guard) -> list[Small]:
    """By family: the action on each row that was shown."""
    found: list[list[Small]] = [[] for _ in guard.gate.families]
    for start in range(0, len(shown), BATCH):
        rows = np.arange(start, min(start + BATCH, len(shown)))
        requests = requests_of(shown, rows, users, ledger, guard)
        candidates = Candidates(np.arange(len(rows)), shown.item[rows].astype(np.int64))
        for place, family in enumerate(guard.gate.families):
            found[place].append(family.actions(requests, candidates))
    return [np.concatenate(parts) if parts else np.empty(0, np.int8) for parts in found]


def requests_of(
    shown: Dataset, rows: Ints, users: pa.Table, ledger: Ledger, guard: Guard
) -> Requests:
    """A request for each row of what was shown: who it was shown to, when and where."""
    user, at = shown.user[rows].astype(np.int64), shown.at[rows]
    people = users.take(pa.array(user))
    bought = ledger.bought(user.tolist(), at.tolist())
    asked = [RequestWords()] * len(rows)
    circumstances = guard.declarations.of(asked, people.to_pylist(), bought)
    surface = np.zeros(len(rows), np.int64) if shown.surface is None else shown.surface[rows]
    return Requests(
        user=user,
        at=at,
        history=no_histories(len(rows)),
        surface=surface.astype(np.int64),
        age=numbers_of(people["age"]),
        region=people["region"].to_pylist(),
        seed=np.zeros(len(rows), np.int64),
        circumstances=circumstances,
    )
