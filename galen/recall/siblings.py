"""Other packs of what a person takes, and what may stand in for it where none can be bought.

A substitute has the same ingredients, strength and form. A medicine that a pharmacist or a
physician must hand over, or whose class is not known, has none: it is never switched in silence.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

import numpy as np
from safetensors.numpy import load_file, save_file

from galen.data.arrays import Bools, Floats, Ints
from galen.data.catalogue import RX_CLASSES, Catalogue
from galen.data.dataset import Dataset
from galen.data.lookup import all_places_of, place_within
from galen.data.schema import RxClass
from galen.pipeline.candidates import Candidates, Requests

_NUMBER: Final = r"\d+(?:[.,'\u2019]\d+)*"
_ALONE: Final = r"(?<![\w.,'\u2019-])"  # not the end of a word, such as B12 or Omega-3

STRENGTH: Final = re.compile(
    rf"({_ALONE}\d{{1,3}}(?:\s\d{{3}})+|{_ALONE}{_NUMBER}(?:\s*[/+]\s*{_NUMBER})+|{_NUMBER})"
    r"\s*(mg|mcg|µg|ug|g|i[ue]|ui|i\.\s?[ue]\.?|u\.\s?i\.?|%)(?![a-z])"
    rf"(?:\s*/\s*((?:{_NUMBER})?\s*(?:ml|g|dose|h)\b))?",
    re.IGNORECASE,
)
"""A number, "1 000" and "500/65" being one, then its unit, then perhaps of how much."""

OTHERWISE: Final = {"mcg": "µg".casefold(), "ug": "µg".casefold(), "ie": "iu", "ui": "iu"}
"""Units as they are spelt elsewhere: I.E. and UI are international units."""

UNREAD: Final = re.compile(rf"{_ALONE}({_NUMBER})\s*([^\W\d_]*)")
"""A number that stands alone, and the word after it, if any."""

# Three digits after one separator are a fraction in one country and thousands in another. A
# fraction that begins with 0 is sure, and one that ends in 0 is not written after a comma.
DECIMAL: Final = re.compile(r"\d+(?:[.,](?:\d{1,2}|\d{4,}))?|0[.,]\d+")
THOUSANDS: Final = re.compile(
    r"[1-9]\d{0,2}(?:,\d\d0|(?:,\d{3}){2,}|(?:\.\d{3}){2,}|(?:['\u2019]\d{3})+)"
)

May = Callable[[Ints, Ints], Bools]


@dataclass(frozen=True, slots=True)
class Siblings:
    """The `each` best-fitting SKUs of each of a person's newest `recent` standard products.

    `packs` fit best where they are the one taken before, then by nearness of the pack size, or
    by price a unit where `prefer` says so. `substitutes` are asked for only where no SKU of the
    product may be shown; without the rules of a pipeline nothing is known to be sold out.
    """

    of: Literal["packs", "substitutes"] = "packs"  # substitutes only where no pack may be shown
    prefer: Literal["pack", "price"] = "pack"  # the nearest pack size, or the lowest price a unit
    recent: int = 10  # standard products
    each: int = 2  # SKUs of each product at most
    decay: float = 0.9  # of the score, for each product taken later

    def fit(self, data: Dataset) -> "SiblingsIndex":
        catalogue = data.catalogue
        size = catalogue.pack_size.copy()
        with np.errstate(divide="ignore", invalid="ignore"):
            unit_price = catalogue.price / np.where(size > 0, size, 1.0)
        alike = same_medicine(catalogue)
        return SiblingsIndex(self, catalogue.spu.copy(), size, unit_price, alike)

    def load(self, folder: Path) -> "SiblingsIndex":
        saved = load_file(folder / "siblings.safetensors")
        return SiblingsIndex(
            self, saved["product"], saved["size"], saved["unit_price"], saved["alike"]
        )


@dataclass(frozen=True, slots=True)
class _Anchors:
    """Standard products that people took: the newest SKU of each."""

    request: Ints  # (A,)
    item: Ints  # (A,)
    later: Ints  # (A,) how many other products of the person were taken after it

    def take(self, rows: Bools) -> "_Anchors":
        return _Anchors(self.request[rows], self.item[rows], self.later[rows])


@dataclass(frozen=True, slots=True)
class _Shelves:
    """Items by a code of theirs."""

    item: Ints  # (items,) by code, then by item
    code: Ints  # (items,) of each of them, ascending

    @classmethod
    def of(cls, code: Ints) -> "_Shelves":
        order = np.argsort(code, kind="stable")
        return cls(order.astype(np.int64), code[order])

    def members(self, wanted: Ints) -> tuple[Ints, Ints]:
        """(M,) row of `wanted` and item, for each item of each wanted code."""
        row, place = all_places_of(self.code, wanted)
        return row, self.item[place]


@dataclass(frozen=True)
class SiblingsIndex:
    """`Siblings` after learning."""

    settings: Siblings
    product: Ints  # (items,) standard product
    size: Floats  # (items,) units a pack; NaN where unknown
    unit_price: Floats  # (items,) NaN where unknown
    alike: Ints  # (items,) code of ingredients, strength and form; -1 where nothing may stand in

    @cached_property
    def products(self) -> _Shelves:
        """Items by their standard product."""
        return _Shelves.of(self.product)

    @cached_property
    def medicines(self) -> _Shelves:
        """Items by what may stand in for each other: ingredients, strength and form are alike."""
        return _Shelves.of(self.alike)

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        return self.choose(requests, k, lambda request, item: np.ones(len(item), bool))

    def choose(self, requests: Requests, k: int, may: May) -> Candidates:
        """At most k items a request, none but those that may be shown."""
        anchors = self._anchors(requests)
        anchor, item = self.products.members(self.product[anchors.item])
        open_ = may(anchors.request[anchor], item)
        if self.settings.of == "substitutes":
            sold = np.bincount(anchor[open_], minlength=len(anchors.item)) > 0
            anchors = anchors.take(~sold & (self.alike[anchors.item] >= 0))
            anchor, item = self.medicines.members(self.alike[anchors.item])
            open_ = may(anchors.request[anchor], item)
        anchor, item = anchor[open_], item[open_]
        order = self._by_fit(anchors, anchor, item)
        anchor, item = anchor[order], item[order]
        place = place_within(anchor)
        score = self.settings.decay ** anchors.later[anchor] / (1 + 0.01 * place)
        found = Candidates(anchors.request[anchor], item, {"score": score})
        return _once(found.take(place < self.settings.each)).top(k, by="score")

    def _anchors(self, requests: Requests) -> _Anchors:
        history = requests.taken
        history = history.take(history.item < len(self.product))
        request, newest = history.request, history.age_rank
        product = self.product[history.item]
        key = request * (int(product.max(initial=0)) + 1) + product
        order = np.lexsort((newest, key))
        row = order[np.append(True, np.diff(key[order]) != 0)[: len(order)]]
        row = row[np.lexsort((newest[row], request[row]))]
        later = place_within(request[row])
        return _Anchors(request[row], history.item[row], later).take(later < self.settings.recent)

    def _by_fit(self, anchors: _Anchors, anchor: Ints, item: Ints) -> Ints:
        """(M,): rows by anchor, the best-fitting item first."""
        taken = anchors.item[anchor]
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = np.abs(np.log(self.size[item] / self.size[taken]))
        apart = np.where(taken == item, -1.0, np.where(np.isnan(apart), np.inf, apart))
        price = np.where(np.isnan(self.unit_price[item]), np.inf, self.unit_price[item])
        keys = (apart, price) if self.settings.prefer == "price" else (price, apart)
        return np.lexsort((item, *keys, anchor)).astype(np.int64)

    def save(self, folder: Path) -> None:
        tensors = {
            "product": self.product,
            "size": self.size,
            "unit_price": self.unit_price,
            "alike": self.alike,
        }
        save_file(tensors, folder / "siblings.safetensors")


def same_medicine(catalogue: Catalogue) -> Ints:
    """(items,): items of one code may stand in for each other; -1 is an item that nothing may.

    It needs ingredients and a form, and an over-the-counter medicine a strength too: in its
    ingredients or its title, such as "500 mg". Other classes than those two have no substitutes.
    All other numbers of the titles must be alike too, but for the pack's own: they may be a
    strength in a unit that is not known.
    """
    table = catalogue.table
    names = ("ingredients", "form", "title", "pack_size", "pack_unit")
    said = zip(*(table[name].to_pylist() for name in names), strict=True)
    free, otc = (RX_CLASSES.index(rx) for rx in (RxClass.NONE, RxClass.OTC))
    code_of: dict[tuple[object, ...], int] = {}
    codes = np.full(len(catalogue), -1, np.int64)
    for row, (ingredients, form, title, size, unit) in enumerate(said):
        rx = int(catalogue.rx_class[row])
        if not ingredients or not form or rx not in (free, otc):
            continue
        inside = frozenset(_one_spelling(word) for word in ingredients)
        pack = strengths(f"{size} {unit}")
        strength = strengths(title or "") - pack
        if rx == otc and not strength and not any(strengths(word) for word in ingredients):
            continue
        counted = (unit or "").casefold()
        key = (inside, form.casefold(), counted, strength, _unread(title or "", size))
        codes[row] = code_of.setdefault(key, len(code_of))
    return codes


def strengths(text: str) -> frozenset[str]:
    """The strengths that a text states, such as "500 mg" or "5 mg/ml", in one spelling."""
    return frozenset(_strength(*found) for found in STRENGTH.findall(text))


def _unread(title: str, size: float | None) -> tuple[str, ...]:
    """Numbers of a title, with what they count, that are neither a known strength nor the size."""
    found = [
        (_amount(number), word.casefold())
        for number, word in UNREAD.findall(STRENGTH.sub(" ", title))
    ]
    own = next((n for n in reversed(found) if size and n[0] == f"{size:.12g}"), None)
    if own:
        found.remove(own)
    return tuple(sorted(f"{number} {word}" for number, word in found))


def _one_spelling(ingredient: str) -> str:
    """An ingredient with its strength, such as "paracetamol 500 mg"."""
    spelt = STRENGTH.sub(lambda found: _strength(*found.groups(default="")), ingredient)
    return " ".join(spelt.casefold().split())


def _strength(number: str, unit: str, volume: str) -> str:
    plain = re.sub(r"[.\s]", "", unit.casefold())
    unit = OTHERWISE.get(plain, plain)
    of = re.sub(_NUMBER, lambda found: _amount(found[0]), "".join(volume.casefold().split()))
    return f"{_amount(number)} {unit}{'/' if of else ''}{of}"


def _amount(number: str) -> str:
    """A number in one spelling; one that can be read in two ways stays as it is, unlike others."""
    if DECIMAL.fullmatch(number):
        return f"{float(number.replace(',', '.')):.12g}"
    if THOUSANDS.fullmatch(number):
        return re.sub(r"\D", "", number)
    return re.sub(r"\s*([/+])\s*", r"\1", " ".join(number.split()))


def _once(found: Candidates) -> Candidates:
    """The best row of each request and item."""
    order = np.lexsort((-found.columns["score"], found.item, found.request))
    request, item = found.request[order], found.item[order]
    new = (np.diff(request) != 0) | (np.diff(item) != 0)
    return found.take(order[np.append(True, new)[: len(order)]])
