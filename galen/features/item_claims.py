"""What the copy of a catalogue's items claims: each item's legal class, and what breaks a rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from galen.data.arrays import Bools
from galen.data.catalogue import Catalogue
from galen.features.item_facts import ItemFacts
from galen.knowledge.graph import Graph
from galen.knowledge.texts.claims import Breach, ClaimCheck, ProductClass
from galen.knowledge.texts.product_class import ProductClasses
from galen.knowledge.texts.uses import Uses

FIELDS: Final = ("title", "description")
"""The columns of an item that people read."""

ASKED: Final = 10_000
"""Texts asked about one by one whose verdicts are remembered, the newest."""

CLASSES: Final = tuple(ProductClass)
BAN: Final = "ban"

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

    Where the whole copy is read, a text is checked once for each legal class and set of facts, and
    not where `verdicts` of before have it; they are then those of that copy.
    """

    def __init__(self, catalogue: Catalogue, facts: ItemFacts, graph: Graph) -> None:
        self.catalogue = catalogue
        self.check = ClaimCheck.read()
        self.verdicts: Verdicts = {}
        self._facts = facts
        self._uses = Uses.of(graph)
        self._classes = ProductClasses.read()
        # A digest would cost a request more than the texts that are kept for it.
        self._of_text = lru_cache(ASKED)(self._judged_now)
        self._known: dict[bytes, frozenset[str]] = {}  # facts, by concepts
        # Each with its version in one: channels that are late read and write them too.
        self._classes_made = -1, np.empty(0, np.int8)
        self._copy_made = -1, _Copy({}, np.empty(0, bool))

    @property
    def product_class(self) -> npt.NDArray[np.int8]:
        """(items,) places in CLASSES."""
        made, classes = self._classes_made
        version = self.catalogue.version
        if version != made:
            rows = self._stale(made)
            classes = _longer(classes, len(self.catalogue))
            for row, record in zip(rows, self._records(rows), strict=True):
                said = record["rx_class"], record["category"], record["title"]
                classes[row] = CLASSES.index(self._classes.of(*said))
            self._classes_made = version, classes
        return classes

    @property
    def banned(self) -> Bools:
        """(items,) whether the copy holds what is banned."""
        return self._copy().banned

    @property
    def breaches(self) -> list[CopyBreach]:
        """All breaches, by item in the order of the catalogue."""
        found = self._copy().breaches
        return [breach for row in sorted(found) for breach in found[row]]

    def breaches_of(self, row: int) -> tuple[CopyBreach, ...]:
        """Those of one item."""
        return self._copy().breaches.get(row, ())

    def facts(self, row: int) -> frozenset[str]:
        """What the ingredients and the product word of an item are for.

        Ingredients that nobody told let nothing be claimed.
        """
        columns = self._facts.columns
        concepts = columns.concept[row, ~columns.assumed[row]]
        key = concepts[concepts >= 0].tobytes()
        if key not in self._known:
            self._known[key] = self._uses.facts(concepts.tolist())
        return self._known[key]

    def of_text(self, text: str, row: int) -> list[Breach]:
        """What a text may not say of the item in a row."""
        return self._of_text(text, CLASSES[self.product_class[row]], self.facts(row))

    def _judged_now(self, text: str, kind: ProductClass, facts: frozenset[str]) -> list[Breach]:
        return self._judged(text, kind, facts, {})

    def _judged(
        self, text: str, kind: ProductClass, facts: frozenset[str], verdicts: Verdicts
    ) -> list[Breach]:
        plain = self._checked(text, kind, frozenset(), verdicts)
        # Facts only ever allow more, so what is allowed without any is allowed.
        return self._checked(text, kind, facts, verdicts) if plain else plain

    def _checked(
        self, text: str, kind: ProductClass, facts: frozenset[str], verdicts: Verdicts
    ) -> list[Breach]:
        """What a check says, noted in `verdicts`."""
        key = blake2b("\0".join((text, kind, *sorted(facts))).encode(), digest_size=16).hexdigest()
        if key not in verdicts:
            before = self.verdicts.get(key)
            verdicts[key] = self.check.check(text, kind, facts) if before is None else before
        return verdicts[key]

    def _copy(self) -> "_Copy":
        made, copy = self._copy_made
        version = self.catalogue.version
        if version == made:
            return copy
        rows, verdicts = self._stale(made), Verdicts()
        breaches, banned = dict(copy.breaches), _longer(copy.banned, len(self.catalogue))
        for row, record in zip(rows, self._records(rows), strict=True):
            found = self._of_record(row, record, verdicts)
            breaches.pop(row, None)
            if found:
                breaches[row] = found
            banned[row] = any(breach.severity == BAN for breach in found)
        if made < 0:
            self.verdicts = verdicts
        copy = _Copy(breaches, banned)
        self._copy_made = version, copy
        return copy

    def _of_record(
        self, row: int, record: Mapping[str, Any], verdicts: Verdicts
    ) -> tuple[CopyBreach, ...]:
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
            for breach in self._judged(text, kind, self.facts(row), verdicts)
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


@dataclass(frozen=True, slots=True)
class _Copy:
    """What was found in the copy of all items."""

    breaches: dict[int, tuple[CopyBreach, ...]]  # by row, where there are any
    banned: Bools  # (items,)


def _longer(column: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    return np.concatenate([column, np.zeros(rows - len(column), column.dtype)])
