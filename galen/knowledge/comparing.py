"""Tells two graphs of knowledge apart: what a new one adds, drops and grades otherwise."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
from rich.table import Table

from galen.knowledge.graph import Graph
from galen.knowledge.schema import EITHER_WAY, SEVERITIES

Key = tuple[str, str, str, str]
"""Head, relation, tail and source; the ends in the order of the alphabet where either may be."""

_SAID = ("severity", "confidence", "licence", "citation", "date")
_TURNS = frozenset(relation.value for relation in EITHER_WAY)


@dataclass(frozen=True, slots=True)
class Shift:
    """A relation whose severity is another; 0 is ungraded."""

    head: str
    relation: str
    tail: str
    source: str
    before: int
    after: int

    def __str__(self) -> str:
        grades = " -> ".join(SEVERITIES.get(s, "ungraded") for s in (self.before, self.after))
        return f"{self.head} {self.relation} {self.tail} ({self.source}): {grades}"


@dataclass(frozen=True, slots=True)
class RelationChanges:
    """How many relations of one kind and source came, went and changed."""

    relation: str
    source: str
    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs, from an old graph to a new one."""

    old: str  # versions
    new: str
    concepts_added: tuple[str, ...]
    concepts_removed: tuple[str, ...]
    concepts_changed: tuple[str, ...]
    relations: tuple[RelationChanges, ...]
    rose: tuple[Shift, ...]  # severities
    fell: tuple[Shift, ...]

    def json(self) -> str:
        """All that differs under its field's name, for a script."""
        return msgspec.json.format(msgspec.json.encode(asdict(self)), indent=1).decode()

    def table(self) -> Table:
        """Counts by relation and source, for a terminal."""
        table = Table("relation", "source", title=f"from {self.old} to {self.new}")
        for column in ("added", "removed", "changed"):
            table.add_column(column, justify="right")
        told = (self.concepts_added, self.concepts_removed, self.concepts_changed)
        table.add_row("concepts", "all", *(f"{len(some):,}" for some in told))
        for count in self.relations:
            numbers = (count.added, count.removed, count.changed)
            table.add_row(count.relation, count.source, *(f"{number:,}" for number in numbers))
        return table


def compare(old: Graph, new: Graph) -> Difference:
    """What the new graph says that the old one did not, and the other way round."""
    before, after = _concepts(old), _concepts(new)
    changed = (name for name in before.keys() & after.keys() if before[name] != after[name])
    said, says = _relations(old), _relations(new)
    both = said.keys() & says.keys()
    otherwise = [key for key in both if said[key] != says[key]]
    shifts = [
        Shift(*key, was, now)
        for key in sorted(otherwise)
        if (was := said[key][0] or 0) != (now := says[key][0] or 0)
    ]
    return Difference(
        old.version,
        new.version,
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(before.keys() - after.keys())),
        tuple(sorted(changed)),
        _counts(says.keys() - said.keys(), said.keys() - says.keys(), otherwise),
        tuple(shift for shift in shifts if shift.after > shift.before),
        tuple(shift for shift in shifts if shift.after < shift.before),
    )


def _concepts(graph: Graph) -> dict[str, tuple[Any, ...]]:
    return {
        row["concept_id"]: (row["name"], sorted(row["synonyms"] or ()), sorted(row["codes"] or ()))
        for row in graph.concepts.to_pylist()
    }


def _relations(graph: Graph) -> Mapping[Key, tuple[Any, ...]]:
    """What is said of each relation, by its key."""
    ids = graph.ids
    found = {}
    for row in graph.relations.to_pylist():
        head, tail = ids[row["head"]], ids[row["tail"]]
        if row["relation"] in _TURNS and head > tail:
            head, tail = tail, head
        key = (head, row["relation"], tail, row["source"])
        found[key] = tuple(row[name] for name in _SAID)
    return found


def _counts(added: set[Key], removed: set[Key], changed: list[Key]) -> tuple[RelationChanges, ...]:
    counters = [Counter((key[1], key[3]) for key in keys) for keys in (added, removed, changed)]
    kinds = sorted({kind for counter in counters for kind in counter})
    return tuple(RelationChanges(*kind, *(counter[kind] for counter in counters)) for kind in kinds)
