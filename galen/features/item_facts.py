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
MEASURES: Final = {
    **dict.fromkeys(("ml", "milliliter", "millilitre", "cc", "毫升", "ミリリットル"), 1.0),
    **dict.fromkeys(("g", "gm", "gram", "gramm", "克", "グラム"), 1.0),
    **dict.fromkeys(("cl", "centiliter", "centilitre"), 10.0),
    **dict.fromkeys(("dl", "deciliter", "decilitre"), 100.0),
    **dict.fromkeys(("l", "liter", "litre", "kg", "kilogram", "升", "千克", "公斤"), 1000.0),
}
"""Grams or millilitres in units of packs that are measured out."""

DOSES: Final = frozenset(
    (
        *("tablet", "tab", "capsule", "cap", "caplet", "softgel", "pill", "gummy", "gummie"),
        *("lozenge", "pastille", "sachet", "suppository", "suppositorie", "pessary", "patch"),
        *("patche", "dose", "ampoule", "ampule", "dragee", "stick"),
        *("tablette", "tabletten", "kapsel", "kapseln", "beutel", "zäpfchen"),
        *("片", "粒", "丸", "袋", "包", "贴", "錠", "カプセル", "枚", "胶囊", "カプレット"),
    )
)
"""Units of packs each of which holds an ingredient's strength once. Of all others, boxes and
bottles among them, nobody can tell how many doses there are."""

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


class Guesser(Protocol):
    """Guesses what goods hold of which nobody told."""

    def find(self, title: str | None, word: int) -> tuple[int, ...]:
        """Concepts that a title, whose product word is a row or -1, lets one expect."""
        ...


@dataclass(frozen=True, slots=True)
class FactColumns:
    """By item row. The first column of `concept` is the product word, the others ingredients."""

    concept: Rows  # (items, W); -1 where there is none
    milligrams: Singles  # (items, W) in one pack; NaN where not known
    assumed: Bools  # (items, W) is it a guess by the title, since the label does not tell all?
    medicine: Bools  # (items,) of a prescription class, or of an unknown one
    recognised: Bools  # (items,) is every ingredient that is named known, and a medicine's any?
    untold: Bools  # (items,) do neither ingredients nor a product word say what it is?


class ItemFacts:
    """Facts of each item, which follow the catalogue: an item that changed is read again.

    With a guesser, items of whose ingredients some are not known hold what their title names, too,
    and those of which none is known what such goods hold as a rule.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        reader: LabelReader,
        namer: Namer,
        guesser: Guesser | None = None,
    ) -> None:
        self.catalogue = catalogue
        self._reader, self._namer, self._guesser = reader, namer, guesser
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
        item, part = _joined(place.astype(np.int64), mentions, distinct, read)
        concept, amount = read.concept[part], read.milligrams[part]
        if len(item):
            amount = amount * _units(packs, item, read.measured[part])
        medicine = np.isin(
            catalogue.rx_class[list(rows)], [RX_CLASSES.index(rx.value) for rx in MEDICINES]
        ) | (catalogue.rx_class[list(rows)] < 0)
        named = np.bincount(item, minlength=len(rows)) > 0
        strange = np.bincount(item, concept < 0, minlength=len(rows)) > 0
        recognised = ~strange & (named | ~medicine)
        guess = self._guessed(
            columns["title"], word, np.flatnonzero(~named | strange), item, concept
        )
        told = len(item)
        item, concept = np.append(item, guess[0]), np.append(concept, guess[1])
        amount = np.append(amount, np.full(len(guess[0]), np.nan))
        assumed = np.arange(len(item)) >= told
        untold = ~named & (word < 0)
        held = _table(word, item, concept, amount, assumed)
        return FactColumns(*held, medicine, recognised, untold)

    def _guessed(
        self, titles: Sequence[str | None], word: Ints, rows: Ints, item: Ints, concept: Ints
    ) -> tuple[Ints, Ints]:
        """Items among rows, and concepts that they are likely to hold beside those told of them."""
        if self._guesser is None:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        words = word.tolist()
        told: dict[int, set[int]] = {row: set() for row in rows.tolist()}
        for row, one in zip(item.tolist(), concept.tolist(), strict=True):
            if one >= 0 and row in told:
                told[row].add(one)
        found = [
            (row, one)
            for row, known in told.items()
            for one in self._guesser.find(titles[row], -1 if known else words[row])
            if one not in known
        ]
        pairs = np.array(found, np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]


def _joined(
    place: Ints, mentions: list[str], distinct: list[str], read: Contents
) -> tuple[Ints, Ints]:
    """Items, and places in what was read, of every part of every mention of every item."""
    code = {mention: number for number, mention in enumerate(distinct)}
    order = np.argsort(read.text, kind="stable")
    which = np.array([code[mention] for mention in mentions], np.int64)
    row, found = all_places_of(read.text[order], which)
    return place[row], order[found]


def _table(
    word: Ints,
    item: Ints,
    concept: Ints,
    amount: Floats,
    assumed: Bools,
) -> tuple[Rows, Singles, Bools]:
    count = np.bincount(item, minlength=len(word))
    width = 1 + int(count.max(initial=0))
    concepts = np.full((len(word), width), -1, np.int32)
    amounts = np.full((len(word), width), np.nan, np.float32)
    guesses = np.zeros((len(word), width), bool)
    concepts[:, 0] = word
    order = np.argsort(item, kind="stable")
    column = 1 + place_within(item[order])
    concepts[item[order], column] = concept[order]
    amounts[item[order], column] = amount[order]
    guesses[item[order], column] = assumed[order]
    return concepts, amounts, guesses


def _units(packs: Sequence[tuple[float | None, str | None]], item: Ints, measured: Bools) -> Floats:
    """(P,): how often the pack of each item (P,) holds what a part (P,) is told of.

    NaN where the pack does not say, or where a part is told of a measure and the pack is not.
    """
    size = np.array([np.nan if size is None else size for size, _ in packs], np.float64)
    units = [(unit or "").strip().casefold().rstrip(".") for _, unit in packs]
    measure = np.array([MEASURES.get(unit, MEASURES.get(_one(unit), np.nan)) for unit in units])
    doses = np.array([1.0 if {unit, _one(unit)} & DOSES else np.nan for unit in units])
    by_dose = np.where(np.isnan(measure), doses, measure)
    return np.where(measured, measure[item], by_dose[item]) * size[item]


def _one(unit: str) -> str:
    return unit.removesuffix("s") if len(unit) > 2 else unit


def _laid_over(old: FactColumns, new: FactColumns, rows: list[int], items: int) -> FactColumns:
    width = max(old.concept.shape[1], new.concept.shape[1])
    concept = np.full((items, width), -1, np.int32)
    milligrams = np.full((items, width), np.nan, np.float32)
    assumed = np.zeros((items, width), bool)
    medicine, recognised, untold = (np.zeros(items, bool) for _ in range(3))
    before = len(old.medicine)
    for part, place in ((old, np.arange(before)), (new, np.array(rows))):
        concept[place], milligrams[place], assumed[place] = -1, np.nan, False
        had = part.concept.shape[1]
        concept[place, :had] = part.concept
        milligrams[place, :had] = part.milligrams
        assumed[place, :had] = part.assumed
        medicine[place], recognised[place] = part.medicine, part.recognised
        untold[place] = part.untold
    return FactColumns(concept, milligrams, assumed, medicine, recognised, untold)
