"""The made-up catalogue: standard products with their packs, prices, flags and true appeal."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from galen.data.arrays import Bools, Floats, Ints
from galen.data.schema import DAY, ITEMS, RxClass
from galen.data.synthetic.words import BRAND_PARTS, LINES, NEEDS, REGIONS, WORDS

COLD_SHARE = 0.2  # of items that are created after the shop has opened
TASTES = 4  # dimensions of the taste for brands
NEED_OF = {need.name: place for place, need in enumerate(NEEDS)}


@dataclass(frozen=True, slots=True)
class Stock:
    """What the generator knows of its items, by row."""

    table: pa.Table  # schema ITEMS
    need: Ints  # place in NEEDS
    spu: Ints
    price: Floats
    dearness: Floats  # log price above the mean of its product word
    cycle: Floats  # days until a pack is used up; infinite for what is not
    quality: Floats  # of the standard product
    taste: Floats  # (items, TASTES) of the brand
    created: Ints  # microseconds
    showable: Bools  # by the logging policy, on any surface
    prescription: Bools
    popularity: Floats  # sums to 1


def make_stock(items: int, start: int, days: int, seed: int) -> Stock:
    """Draw a catalogue of so many SKUs for a shop that opens at `start` (microseconds)."""
    random = np.random.default_rng([seed, 1])
    brands = brand_names(int(np.clip(items // 40, 12, 1500)), random)
    spus = items  # more than needed: a product has at least one pack
    word = _words(spus, random)
    brand = np.minimum(random.geometric(3 / len(brands), spus) - 1, len(brands) - 1)
    line = random.integers(0, len(LINES), spus)
    packs = np.array([len(WORDS[w].packs) for w in word])
    pairs = [(s, p) for s in range(spus) for p in range(packs[s])]
    spu, pack = (np.array(column, np.int64) for column in zip(*pairs[:items], strict=True))
    return _stock(_Drawn(word, brand, line, brands, spu, pack), start, days, random)


@dataclass(frozen=True)
class _Drawn:
    word: Ints  # (spus,)
    brand: Ints  # (spus,)
    line: Ints  # (spus,)
    brands: Sequence[str]
    spu: Ints  # (items,)
    pack: Ints  # (items,) place in the packs of its word

    @cached_property
    def words(self) -> list[Any]:
        """(items,)"""
        return [WORDS[w] for w in self.word[self.spu]]

    @cached_property
    def size(self) -> Floats:
        """(items,) units a pack"""
        sizes = [w.packs[p] for w, p in zip(self.words, self.pack, strict=True)]
        return np.array(sizes, np.float64)


def _words(spus: int, random: np.random.Generator) -> Ints:
    """Product words of standard products, every word at least once where there is room."""
    share = np.array([np.sqrt(NEEDS[NEED_OF[w.need]].share) for w in WORDS])
    drawn = random.choice(len(WORDS), spus, p=share / share.sum())
    drawn[: len(WORDS)] = random.permutation(len(WORDS))[:spus]
    return np.asarray(drawn, dtype=np.int64)


def _stock(drawn: _Drawn, start: int, days: int, random: np.random.Generator) -> Stock:
    items, spus = len(drawn.spu), len(drawn.word)
    brands = len(drawn.brands)
    premium = random.normal(0, 0.25, brands)[drawn.brand]
    quality = random.normal(0, 1, spus) + 0.5 * premium
    first = np.array([w.packs[0] for w in drawn.words])
    base = np.array([w.price for w in drawn.words]) * (drawn.size / first) ** 0.8
    dearness = (premium + random.normal(0, 0.15, spus))[drawn.spu]
    price = np.round(base * np.exp(dearness) + 0.05, 1) - 0.01
    daily = np.array([w.daily for w in drawn.words])
    cycle = np.divide(drawn.size, daily, out=np.full(items, np.inf), where=daily > 0)
    late = random.random(spus)[drawn.spu] < COLD_SHARE
    opened = random.integers(0, 3 * 365, items)
    created = np.where(
        late,
        start + random.integers(1, max(days, 2), items) * DAY,
        start - (opened + 1) * DAY,
    )
    flags = _flags(drawn, random)
    showable = np.array([h is False for h in flags["hidden"]]) & np.array(
        [rx is not None for rx in flags["rx_class"]]
    )
    appeal = np.exp(1.1 * quality[drawn.spu]) / (1 + drawn.pack)
    need = np.array([NEED_OF[w.need] for w in drawn.words])
    appeal *= np.array([n.share for n in NEEDS])[need] * showable
    return Stock(
        _table(drawn, price, created, flags),
        need,
        drawn.spu,
        price,
        dearness,
        cycle,
        quality[drawn.spu],
        random.normal(0, 1, (brands, TASTES))[drawn.brand[drawn.spu]],
        created,
        showable,
        np.array([rx == RxClass.PRESCRIPTION for rx in flags["rx_class"]]),
        appeal / appeal.sum(),
    )


def _flags(drawn: _Drawn, random: np.random.Generator) -> dict[str, list[Any]]:
    """Stock, visibility, class and regions: some say no, and some are unknown."""
    items = len(drawn.spu)
    stock = random.poisson(40, items)
    stock[random.random(items) < 0.05] = 0
    unknown = {name: random.random(items) < 0.02 for name in ("stock", "rx_class", "hidden")}
    hidden = random.random(items) < 0.03
    for flag in (*unknown.values(), hidden):
        flag[0] = False  # the smallest shop has something to show
    somewhere = random.random(items) < 0.1
    places = random.random((items, len(REGIONS))) < 0.6
    return {
        "stock": _or_none(stock, unknown["stock"]),
        "rx_class": _or_none(np.array([w.rx for w in drawn.words]), unknown["rx_class"]),
        "hidden": _or_none(hidden, unknown["hidden"]),
        "regions": [
            [r for r, sold in zip(REGIONS, row, strict=True) if sold] if some else ["*"]
            for some, row in zip(somewhere, places, strict=True)
        ],
    }


def _or_none(values: npt.NDArray[Any], unknown: Bools) -> list[Any]:
    return [None if u else v for v, u in zip(values.tolist(), unknown.tolist(), strict=True)]


def _table(drawn: _Drawn, price: Floats, created: Ints, flags: dict[str, list[Any]]) -> pa.Table:
    rows = list(zip(drawn.words, drawn.size.tolist(), drawn.spu.tolist(), strict=True))
    brand = [drawn.brands[b] for b in drawn.brand[drawn.spu]]
    line = [LINES[n] for n in drawn.line[drawn.spu]]
    columns: dict[str, Any] = {
        "item_id": [f"sku-{n:07d}" for n in range(len(rows))],
        "spu_id": [f"spu-{spu:07d}" for _, _, spu in rows],
        "title": [
            _sentence(f"{extra}{w.noun} {size:g} {w.unit}, {b}")
            for (w, size, _), b, extra in zip(rows, brand, line, strict=True)
        ],
        "brand": brand,
        "category": [list(w.path) for w, _, _ in rows],
        "price": price,
        "description": [_sentence(f"{w.noun} ({w.form}) for {w.need}.") for w, _, _ in rows],
        "attributes": [
            [w.need, w.form, extra.strip() or "standard"]
            for (w, _, _), extra in zip(rows, line, strict=True)
        ],
        "ingredients": [list(w.ingredients) for w, _, _ in rows],
        "form": [w.form for w, _, _ in rows],
        "pack_size": drawn.size,
        "pack_unit": [w.unit for w, _, _ in rows],
        "daily_dose": pa.nulls(len(rows), pa.float64()),
        "batch": pa.nulls(len(rows), pa.string()),
        "delivery_days": pa.nulls(len(rows), pa.float64()),
        "min_age": [w.min_age for w, _, _ in rows],
        "created_at": pa.array(created, pa.timestamp("us")),
        **flags,
    }
    return pa.table({field.name: columns[field.name] for field in ITEMS}, schema=ITEMS)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def brand_names(count: int, random: np.random.Generator) -> list[str]:
    """Invented brand names, each once."""
    every = ["".join(parts) for parts in product(*BRAND_PARTS)]
    chosen = random.permutation(len(every))[:count]
    return [every[place] for place in chosen]
