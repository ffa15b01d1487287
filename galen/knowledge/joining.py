"""Joins what several sources say into one graph: the same drug is one concept with all its codes.

Two concepts of one kind are the same where they share a code, or a name and no code speaks against
it. Sources are joined in the order given, so the first gives a concept its id and name.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Ints
from galen.knowledge.loading.loaded import Loaded, RowProblem
from galen.knowledge.schema import CONCEPTS, EITHER_WAY, RELATIONS

DROPPED = -1


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of one source."""

    source: str
    file: str
    read: int  # rows of the file
    new: int  # concepts that no source before it knew
    joined: int  # concepts that another source knew
    relations: int
    aside: dict[str, int]  # reason -> rows not used


@dataclass(frozen=True, slots=True)
class Joined:
    """Tables that fit each other, and how they came about."""

    concepts: pa.Table  # of schema CONCEPTS
    relations: pa.Table  # of schema RELATIONS
    tallies: tuple[Tally, ...]
    problems: tuple[RowProblem, ...]
    places: tuple[Ints, ...]  # by source: the row of `concepts` for each concept; -1 where dropped


@dataclass(slots=True)
class _Known:
    """One concept while more is learned of it."""

    concept_id: str
    kind: str
    name: str
    source: str
    licence: str
    synonyms: dict[str, str] = field(default_factory=dict)  # folded -> as first written
    codes: dict[str, None] = field(default_factory=dict)


def folded(name: str) -> str:
    """A name without what does not tell names apart: width, case, spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


class _Register:
    """All concepts so far, found by code and by name."""

    def __init__(self) -> None:
        self.known: list[_Known] = []
        self._by_code: dict[tuple[str, str], int] = {}
        self._by_name: dict[tuple[str, str], int] = {}
        self._by_synonym: dict[tuple[str, str], int] = {}
        self._ids: set[str] = set()

    def find(self, kind: str, name: str, codes: Sequence[str]) -> int:
        """The row of a concept with one of these codes, or this very name; else DROPPED."""
        for code in codes:
            row = self._by_code.get((kind, code))
            if row is not None and not self._apart(row, codes[:1]):
                return row
        return self._first([self._by_name.get((kind, folded(name)))], codes)

    def find_synonym(
        self, kind: str, name: str, synonyms: Sequence[str], codes: Sequence[str]
    ) -> int:
        """The row of a concept for which the name, or whose name, is a synonym; else DROPPED."""
        found = [self._by_synonym.get((kind, folded(name)))]
        found += [self._by_name.get((kind, folded(word))) for word in synonyms]
        return self._first(found, codes)

    def _first(self, found: Sequence[int | None], codes: Sequence[str]) -> int:
        fits = (row for row in found if row is not None and not self._apart(row, codes))
        return next(fits, DROPPED)

    def _apart(self, row: int, codes: Sequence[str]) -> bool:
        """Whether a system of codes has one for both and tells them apart."""
        known = self.known[row].codes
        systems = {code.partition(":")[0] for code in known}
        shared = [code for code in codes if code.partition(":")[0] in systems]
        return bool(shared) and not any(code in known for code in shared)

    def add(self, concept: dict[str, Any]) -> int:
        """A new concept; its id tells it from one of the same kind and name."""
        row, wanted = len(self.known), concept["concept_id"]
        if wanted in self._ids:
            wanted = f"{wanted} ({(concept['codes'] or [concept['source']])[0]})"
        while wanted in self._ids:
            wanted += "'"
        self._ids.add(wanted)
        said = (concept["kind"], concept["name"], concept["source"], concept["licence"])
        self.known.append(_Known(wanted, *said))
        self._by_name.setdefault((concept["kind"], folded(concept["name"])), row)
        return row

    def learn(self, row: int, name: str, synonyms: Sequence[str], codes: Sequence[str]) -> None:
        """Add a source's names and codes to what is known."""
        known = self.known[row]
        for word in (name, *synonyms):
            if folded(word) != folded(known.name):
                known.synonyms.setdefault(folded(word), word)
            self._by_synonym.setdefault((known.kind, folded(word)), row)
        for code in codes:
            known.codes[code] = None
            self._by_code.setdefault((known.kind, code), row)

    def table(self) -> pa.Table:
        rows = [
            {
                "concept_id": known.concept_id,
                "kind": known.kind,
                "name": known.name,
                "synonyms": list(known.synonyms.values()),
                "codes": list(known.codes),
                "source": known.source,
                "licence": known.licence,
            }
            for known in self.known
        ]
        return pa.Table.from_pylist(rows, CONCEPTS)


def join(sources: Sequence[Loaded]) -> Joined:
    """One table of concepts and one of relations; problems are told, not raised."""
    register = _Register()
    problems: list[RowProblem] = []
    tallies, relations, places = [], [], []
    for loaded in sources:
        problems += loaded.problems
        to, new = _place(register, loaded, problems)
        told, aside = _moved(loaded, to)
        relations.append(told)
        places.append(to)
        joined = int((to != DROPPED).sum()) - new
        reasons = {**loaded.aside, **{why: rows for why, rows in aside.items() if rows}}
        tally = (loaded.name, loaded.file, loaded.read, new, joined, len(told), reasons)
        tallies.append(Tally(*tally))
    whole = pa.concat_tables(relations) if relations else RELATIONS.empty_table()
    return Joined(register.table(), _ordered(whole), tuple(tallies), tuple(problems), tuple(places))


def _place(register: _Register, loaded: Loaded, problems: list[RowProblem]) -> tuple[Ints, int]:
    """The row of the register for each concept of a source, and how many are new.

    Names go before synonyms, so that no concept takes the place of one with the very name.
    """
    rows = loaded.concepts.to_pylist()
    to = np.full(len(rows), DROPPED)
    for at, concept in enumerate(rows):
        to[at] = register.find(concept["kind"], concept["name"], concept["codes"] or ())
        if to[at] != DROPPED:
            register.learn(int(to[at]), *_said(concept))
    claimed = set(to[to != DROPPED].tolist()) if loaded.apart else set()
    new = 0
    for at in np.flatnonzero(to == DROPPED).tolist():
        concept = rows[at]
        kind, said = concept["kind"], _said(concept)
        to[at] = register.find(kind, said[0], said[2])  # a row before it may have made it known
        if to[at] == DROPPED:
            found = register.find_synonym(kind, *said)
            to[at] = DROPPED if found in claimed else found
        if to[at] == DROPPED and at in loaded.refers:
            reason = f"{concept['concept_id']!r} is no known concept; define it or correct it"
            problems.append(RowProblem(loaded.file, loaded.concept_at[at], reason))
        elif to[at] == DROPPED and loaded.adds:
            to[at] = register.add(concept)
            new += 1
        if to[at] != DROPPED:
            register.learn(int(to[at]), *said)
            if loaded.apart:
                claimed.add(int(to[at]))
    return to, new


def _said(concept: dict[str, Any]) -> tuple[str, Sequence[str], Sequence[str]]:
    return concept["name"], concept["synonyms"] or (), concept["codes"] or ()


def _moved(loaded: Loaded, to: Ints) -> tuple[pa.Table, dict[str, int]]:
    """A source's relations with rows of the register, and how many are set aside, with reasons."""
    told = loaded.relations
    if not len(told):
        return told, {"concepts that no other source knows": int((to == DROPPED).sum())}
    head, tail = (to[np.asarray(told[end], np.int64)] for end in ("head", "tail"))
    either = pc.is_in(told["relation"].cast(pa.string()), pa.array([r.value for r in EITHER_WAY]))
    turned = np.asarray(either) & (head > tail)
    head, tail = np.where(turned, tail, head), np.where(turned, head, tail)
    unknown = (head == DROPPED) | (tail == DROPPED)
    itself = (head == tail) & ~unknown
    told = told.set_column(0, RELATIONS.field("head"), pa.array(head, pa.int32()))
    told = told.set_column(2, RELATIONS.field("tail"), pa.array(tail, pa.int32()))
    aside = {
        "concepts that no other source knows": int((to == DROPPED).sum()),
        "relations of such concepts": int(unknown.sum()),
        "of a concept with itself": int(itself.sum()),
    }
    return told.filter(pa.array(~(unknown | itself))), aside


def _ordered(told: pa.Table) -> pa.Table:
    """Relations in a set order, one for the same ends and source: the most severe."""
    plain = told.set_column(1, "relation", told["relation"].cast(pa.string()))
    plain = plain.set_column(5, "source", plain["source"].cast(pa.string()))
    plain = plain.append_column("place", pa.array(range(len(told)), pa.int64()))
    keys = [("relation", "ascending"), ("head", "ascending"), ("tail", "ascending")]
    keys += [("source", "ascending"), ("severity", "descending"), ("place", "ascending")]
    order = pc.sort_indices(plain, sort_keys=keys)
    plain = plain.take(order)
    same = np.ones(max(len(plain) - 1, 0), bool)
    for name in ("relation", "head", "tail", "source"):
        column = plain[name].combine_chunks()
        same &= np.asarray(pc.equal(column[1:], column[:-1]))
    first = np.concatenate([np.ones(min(len(plain), 1), bool), ~same])
    kept = plain.filter(pa.array(first)).drop_columns(["place"])
    words = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in RELATIONS]
    flat = pa.schema([f.with_type(kind) for f, kind in zip(RELATIONS, words, strict=True)])
    return kept.cast(flat).cast(RELATIONS).combine_chunks().unify_dictionaries()
