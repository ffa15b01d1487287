"""What a source says, before it is joined with others: concepts, relations, and where they stand.

Head and tail of a relation are rows of the same source's concepts. Every row knows its place in
the file, so that a problem can be told by file and row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import pyarrow as pa

from galen.knowledge.labels.lookalikes import disguise
from galen.knowledge.schema import CONCEPTS, RELATIONS, ConceptKind, Relation, concept_id

Place = int | str
"""Where a row stands in its file: a row number from 1, or a TOML key."""

LIMIT: Final = 50


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row cannot be used, and where it stands."""

    file: str
    at: Place
    reason: str

    def __str__(self) -> str:
        place = f"row {self.at}" if isinstance(self.at, int) else self.at
        return f"{self.file}, {place}: {self.reason}" if place else f"{self.file}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """All that one source says."""

    name: str
    file: str
    concepts: pa.Table  # of schema CONCEPTS; ids are not yet final
    relations: pa.Table  # of schema RELATIONS; head and tail are rows of `concepts`
    concept_at: Sequence[Place]  # by row of concepts
    relation_at: Sequence[Place]  # by row of relations
    read: int = 0  # rows of the file
    aside: dict[str, int] = field(default_factory=dict)  # reason -> rows not used
    problems: tuple[RowProblem, ...] = ()
    refers: frozenset[int] = frozenset()  # rows of concepts that another source must know
    adds: bool = True  # False: concepts that no other source knows are set aside
    apart: bool = False  # True: its concepts differ from each other, whatever their synonyms say


class SourceDraft:
    """Collects what a source says while it is read; one concept per kind and key."""

    def __init__(
        self,
        name: str,
        file: str,
        licence: str,
        citation: str | None = None,
        strict: bool = False,
    ) -> None:
        """Of a strict source every synonym is kept, for the check to judge; of a public table,
        which a user cannot mend, disguised synonyms are set aside."""
        self._strict = strict
        self.name, self.file, self.licence, self.citation = name, file, licence, citation
        self.problems: list[RowProblem] = []
        self._aside: dict[str, int] = {}
        self._row_of: dict[tuple[str, str], int] = {}
        self._concepts: list[dict[str, Any]] = []
        self._relations: list[tuple[Any, ...]] = []
        self._concept_at: list[Place] = []
        self._relation_at: list[Place] = []
        self._refers: set[int] = set()

    def concept(
        self,
        kind: ConceptKind,
        name: str,
        at: Place,
        *,
        key: str | None = None,
        synonyms: Sequence[str] = (),
        codes: Sequence[str] = (),
        refers: bool = False,
    ) -> int:
        """The row of a concept; one already met under the same key is found again."""
        found = self._row_of.setdefault((kind.value, key or name), len(self._concepts))
        if found == len(self._concepts):
            self._concepts.append(
                {
                    "concept_id": concept_id(kind, name),
                    "kind": kind.value,
                    "name": name,
                    "synonyms": self._kept(name, synonyms),
                    "codes": list(codes),
                    "source": self.name,
                    "licence": self.licence,
                }
            )
            self._concept_at.append(at)
            if refers:
                self._refers.add(found)
        return found

    def also_called(self, row: int, name: str) -> None:
        """Give a concept one more synonym."""
        known = self._concepts[row]
        if name not in known["synonyms"]:
            known["synonyms"] += self._kept(known["name"], [name])

    def _kept(self, name: str, synonyms: Sequence[str]) -> list[str]:
        """Synonyms that are not the name, each once."""
        others = list(dict.fromkeys(word for word in synonyms if word != name))
        if self._strict:
            return others
        clean = [word for word in others if disguise(word) is None]
        self.set_aside("synonyms with unseen letters or mixed scripts", len(others) - len(clean))
        return clean

    def relate(
        self,
        head: int,
        relation: Relation,
        tail: int,
        at: Place,
        *,
        severity: int | None = None,
        confidence: float | None = None,
        source: str | None = None,
        licence: str | None = None,
        citation: str | None = None,
        on: date | None = None,
    ) -> None:
        """Say that a relation holds between two rows of concepts."""
        said = (severity, confidence, source or self.name, licence or self.licence)
        self._relations.append((head, relation.value, tail, *said, citation or self.citation, on))
        self._relation_at.append(at)

    def rows(self, table: pa.Table, *needed: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Rows of a table by their numbers from 1; those without a word are set aside."""
        for at, row in enumerate(table.to_pylist(), 1):
            empty = [name for name in needed if not row[name]]
            if empty:
                self.set_aside(f"without {', '.join(empty)}")
            else:
                yield at, row

    def set_aside(self, reason: str, rows: int = 1) -> None:
        """Count rows that are not used, with the reason."""
        if rows:
            self._aside[reason] = self._aside.get(reason, 0) + rows

    def refuse(self, at: Place, reason: str) -> None:
        """Note a row that nobody may use before it is mended."""
        self.problems.append(RowProblem(self.file, at, reason))

    def done(self, read: int, adds: bool = True, apart: bool = False) -> Loaded:
        """What was collected, as columns."""
        columns = list(zip(*self._relations, strict=True)) or [()] * len(RELATIONS)
        plain = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in RELATIONS]
        arrays = [
            pa.array(values, kind).cast(wanted.type)
            for values, kind, wanted in zip(columns, plain, RELATIONS, strict=True)
        ]
        return Loaded(
            self.name,
            self.file,
            pa.Table.from_pylist(self._concepts, CONCEPTS),
            pa.Table.from_arrays(arrays, schema=RELATIONS),
            self._concept_at,
            self._relation_at,
            read,
            self._aside,
            tuple(self.problems),
            frozenset(self._refers),
            adds,
            apart,
        )
