"""What knowledge says of the items of a catalogue: ingredients, amounts, the product word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from galen.data.arrays import Bools, Floats, Ints, Singles
from galen.data.catalogue import RX_CLASSES, Catalogue
from galen.data.lookup import all_places_of, place_within
from galen.data.schema import RxClass
from galen.knowledge.labels.contents import Contents

MEDICINES: Final = (RxClass.OTC, RxClass.PHARMACIST, RxClass.PRESCRIPTION)
UNITS_OF_ONE: Final = frozenset({"", "piece", "pieces"})
"""Units of a pack in which no dose is counted."""

Rows = npt.NDArray[np.int32]


class LabelReader(Protocol):
    """Reads what labels say of ingredients."""

    def read(self, texts: Sequence[str]) -> Contents:
        """All parts of all texts; one that cannot be made out has the concept -1."""
        ...


class Namer(Protocol):
    """Reads what kind of product a title names."""

    def find(self, titles: Sequence[str | None]) -> Ints:
        """(T,): the concept of the product word in each title; -1 where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class FactColumns:
    """By item row. The first column of `concept` is the product word, the others ingredients."""

    concept: Rows  # (items, W); -1 where there is none
    milligrams: Singles  # (items, W) in one pack; NaN where not known
    medicine: Bools  # (items,) of a prescription class, or of an unknown one
    recognised: Bools  # (items,) is every ingredient that is named known, and a medicine's any?


class ItemFacts:
    """Facts of each item, which follow the catalogue: an item that changed is read again."""

    def __init__(self, catalogue: Catalogue, reader: LabelReader, namer: Namer) -> None:
        self.catalogue = catalogue
        self._reader, self._namer = reader, namer
        self._made = catalogue.version, self._read(range(len(catalogue)))

    @property
    def columns(self) -> FactColumns:
        """The facts as the catalogue is now."""
        catalogue = self.catalogue
        version, columns = self._made
        if catalogue.version != version:
            now = catalogue.version
            rows = sorted(set(catalogue.changed_since(version)))
            columns = _laid_over(columns, self._read(rows), rows, len(catalogue))
            self._made = now, columns  # in one: channels that are late read and write it too
        return columns

    def _read(self, rows: Sequence[int]) -> FactColumns:
        catalogue = self.catalogue
        table = catalogue.table if len(rows) == len(catalogue) else None
        if table is not None:
            columns = {name: table[name].to_pylist() for name in ("title", "ingredients")}
            packs = list(
                zip(table["pack_size"].to_pylist(), table["pack_unit"].to_pylist(), strict=True)
            )
        else:
            records = [catalogue.record(row) for row in rows]
            columns = {name: [r[name] for r in records] for name in ("title", "ingredients")}
            packs = [(record["pack_size"], record["pack_unit"]) for record in records]
        word = self._namer.find(columns["title"])
        place = np.array([p for p, said in enumerate(columns["ingredients"]) for _ in said or ()])
        mentions = [mention for said in columns["ingredients"] for mention in said or ()]
        distinct = list(dict.fromkeys(mentions))
        read = self._reader.read(distinct)
        item, concept, amount = _joined(place.astype(np.int64), mentions, distinct, read)
        medicine = np.isin(
            catalogue.rx_class[list(rows)], [RX_CLASSES.index(rx.value) for rx in MEDICINES]
        ) | (catalogue.rx_class[list(rows)] < 0)
        named = np.bincount(item, minlength=len(rows)) > 0
        strange = np.bincount(item, concept < 0, minlength=len(rows)) > 0
        return FactColumns(
            *_table(word, item, concept, amount * _units(packs)[item] if len(item) else amount),
            medicine,
            ~strange & (named | ~medicine),
        )


def _joined(
    place: Ints, mentions: list[str], distinct: list[str], read: Contents
) -> tuple[Ints, Ints, Floats]:
    """Items, concepts and amounts of every part of every mention of every item."""
    code = {mention: number for number, mention in enumerate(distinct)}
    order = np.argsort(read.text, kind="stable")
    which = np.array([code[mention] for mention in mentions], np.int64)
    row, found = all_places_of(read.text[order], which)
    part = order[found]
    return place[row], read.concept[part], read.milligrams[part]


def _table(
    word: Ints,
    item: Ints,
    concept: Ints,
    amount: Floats,
) -> tuple[Rows, Singles]:
    count = np.bincount(item, minlength=len(word))
    width = 1 + int(count.max(initial=0))
    concepts = np.full((len(word), width), -1, np.int32)
    amounts = np.full((len(word), width), np.nan, np.float32)
    concepts[:, 0] = word
    order = np.argsort(item, kind="stable")
    column = 1 + place_within(item[order])
    concepts[item[order], column] = concept[order]
    amounts[item[order], column] = amount[order]
    return concepts, amounts


def _units(packs: Sequence[tuple[float | None, str | None]]) -> Floats:
    """How many doses are in each pack; NaN where the pack does not say."""
    return np.array(
        [
            np.nan if size is None or (unit or "") in UNITS_OF_ONE else float(size)
            for size, unit in packs
        ],
        np.float64,
    )


def _laid_over(old: FactColumns, new: FactColumns, rows: list[int], items: int) -> FactColumns:
    width = max(old.concept.shape[1], new.concept.shape[1])
    concept = np.full((items, width), -1, np.int32)
    milligrams = np.full((items, width), np.nan, np.float32)
    medicine, recognised = np.zeros(items, bool), np.zeros(items, bool)
    before = len(old.medicine)
    for part, place in ((old, np.arange(before)), (new, np.array(rows))):
        concept[place], milligrams[place] = -1, np.nan
        concept[place, : part.concept.shape[1]] = part.concept
        milligrams[place, : part.milligrams.shape[1]] = part.milligrams
        medicine[place], recognised[place] = part.medicine, part.recognised
    return FactColumns(concept, milligrams, medicine, recognised)
