"""What the copy of a catalogue's items claims: each item's legal class, and what breaks a rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from galen.data.catalogue import Catalogue
from galen.features.item_facts import ItemFacts
from galen.knowledge.graph import Graph
from galen.knowledge.texts.claims import Breach, ClaimCheck, ProductClass
from galen.knowledge.texts.product_class import ProductClasses
from galen.knowledge.texts.uses import Uses

FIELDS: Final = ("title", "description")
"""The columns of an item that people read."""

CLASSES: Final = tuple(ProductClass)
BAN: Final = "ban"

Bools = npt.NDArray[np.bool_]
Verdicts = dict[str, list[Breach]]


@dataclass(frozen=True, slots=True)
class CopyBreach:
    """A stretch of an item's copy that a rule forbids."""

    item: str
    field: str
    product_class: str
    rule: str
    severity: str
    start: int  # of the field's text
    end: int
    text: str  # the stretch itself
    citation: str


class ItemClaims:
    """Follows the catalogue: an item that changed is read again. Nothing is read before asked for.

    A text is checked once for each legal class and set of facts; `verdicts` are those of before.
    """

    def __init__(self, catalogue: Catalogue, facts: ItemFacts, graph: Graph) -> None:
        self.catalogue = catalogue
        self.check = ClaimCheck.read()
        self.verdicts: Verdicts = {}
        self._facts = facts
        self._uses = Uses.of(graph)
        self._classes = ProductClasses.read()
        self._said: dict[tuple[str, ProductClass, frozenset[str]], list[Breach]] = {}
        self._known: dict[bytes, frozenset[str]] = {}  # facts, by concepts
        self._class = np.empty(0, np.int8)
        self._breaches: dict[int, tuple[CopyBreach, ...]] = {}
        self._banned = np.empty(0, bool)
        self._class_version = self._copy_version = -1

    @property
    def product_class(self) -> npt.NDArray[np.int8]:
        """(items,) places in CLASSES."""
        version = self.catalogue.version
        if version != self._class_version:
            rows = self._stale(self._class_version)
            self._class = _longer(self._class, len(self.catalogue))
            for row, record in zip(rows, self._records(rows), strict=True):
                said = record["rx_class"], record["category"], record["title"]
                self._class[row] = CLASSES.index(self._classes.of(*said))
            self._class_version = version
        return self._class

    @property
    def banned(self) -> Bools:
        """(items,) whether the copy holds what is banned."""
        self._read_copy()
        return self._banned

    @property
    def breaches(self) -> list[CopyBreach]:
        """All breaches, by item in the order of the catalogue."""
        self._read_copy()
        return [breach for row in sorted(self._breaches) for breach in self._breaches[row]]

    def breaches_of(self, row: int) -> tuple[CopyBreach, ...]:
        """Those of one item."""
        self._read_copy()
        return self._breaches.get(row, ())

    def facts(self, row: int) -> frozenset[str]:
        """What the ingredients and the product word of an item are for."""
        concepts = self._facts.columns.concept[row]
        key = concepts[concepts >= 0].tobytes()
        if key not in self._known:
            self._known[key] = self._uses.facts(concepts.tolist())
        return self._known[key]

    def of_text(self, text: str, row: int) -> list[Breach]:
        """What a text may not say of the item in a row."""
        said = text, CLASSES[self.product_class[row]], self.facts(row)
        if said not in self._said:  # a request asks again and again, and a digest costs it more
            self._said[said] = self._remembered(*said)
        return self._said[said]

    def _remembered(self, text: str, kind: ProductClass, facts: frozenset[str]) -> list[Breach]:
        plain = self._judged(text, kind, frozenset())
        # Facts only ever allow more, so what is allowed without any is allowed.
        return self._judged(text, kind, facts) if plain else plain

    def _judged(self, text: str, kind: ProductClass, facts: frozenset[str]) -> list[Breach]:
        key = blake2b("\0".join((text, kind, *sorted(facts))).encode(), digest_size=16).hexdigest()
        if key not in self.verdicts:
            self.verdicts[key] = self.check.check(text, kind, facts)
        return self.verdicts[key]

    def _read_copy(self) -> None:
        version = self.catalogue.version
        if version == self._copy_version:
            return
        rows = self._stale(self._copy_version)
        self._banned = _longer(self._banned, len(self.catalogue))
        for row, record in zip(rows, self._records(rows), strict=True):
            found = self._of_record(row, record)
            self._breaches.pop(row, None)
            if found:
                self._breaches[row] = found
            self._banned[row] = any(breach.severity == BAN for breach in found)
        self._copy_version = version

    def _of_record(self, row: int, record: Mapping[str, Any]) -> tuple[CopyBreach, ...]:
        kind = CLASSES[self.product_class[row]]
        return tuple(
            CopyBreach(
                record["item_id"],
                field,
                kind.value,
                breach.rule,
                breach.severity,
                *breach.span,
                text[slice(*breach.span)],
                breach.citation,
            )
            for field in FIELDS
            for text in [record[field]]
            if text
            for breach in self._remembered(text, kind, self.facts(row))
        )

    def _stale(self, version: int) -> Sequence[int]:
        if version < 0:
            return range(len(self.catalogue))
        return sorted(set(self.catalogue.changed_since(version)))

    def _records(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        if len(rows) < len(self.catalogue):
            return [self.catalogue.record(row) for row in rows]
        names = ["item_id", "rx_class", "category", *FIELDS]
        return list(self.catalogue.table.select(names).to_pylist())


def _longer(column: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    return np.concatenate([column, np.zeros(rows - len(column), column.dtype)])
