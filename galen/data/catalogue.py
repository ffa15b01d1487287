"""The items of a shop as columns: the internal id of an item is its row.

A catalogue may change while a server holds it: `upsert` replaces or appends one item, and every
holder sees it at its next read of a column. So read `catalogue.price` where it is used; a view
kept from before does not hold the rows that came after it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Floats, Ints
from galen.data.columns import numbers_of
from galen.data.growing import Coded, Growing, only, put_in_list
from galen.data.schema import ITEMS, RxClass
from galen.data.shop import Shop

RX_CLASSES = tuple(rx.value for rx in RxClass)  # code = place in this tuple, -1 is unknown


class Catalogue:
    """Columns by item row, made when first read; what is unknown stays marked as unknown.

    Codes are dense integers with -1 for a missing value; their words are in `…_words`.
    """

    def __init__(self, table: pa.Table) -> None:
        """Take a table of schema ITEMS, one row an item."""
        self._read = table
        self._changed: dict[int, pa.Table] = {}  # by row: the item as it is now
        self._whole: pa.Table | None = table  # None while changes wait to be laid over it
        self._numbers: dict[str, Growing[Any]] = {}
        self._coded: dict[str, Coded[Any]] = {}
        self._lists: dict[str, list[Any]] = {}
        self._row_of: dict[str, int] | None = None
        self._rows_changed: list[int] = []  # by version

    @classmethod
    def read(cls, shop: Shop) -> "Catalogue":
        """The items of a shop, a row each in the order of its table.

        Raises:
            ShopError: the table cannot be read.
        """
        return cls(shop.read("items"))

    def __len__(self) -> int:
        return len(self.ids) if self._changed else int(self._read.num_rows)

    @property
    def version(self) -> int:
        """Grows with every upsert: what was derived from a column is stale when it has grown."""
        return len(self._rows_changed)

    def changed_since(self, version: int) -> list[int]:
        """The rows of the upserts after that version, in their order."""
        return self._rows_changed[version:]

    @property
    def table(self) -> pa.Table:
        """All items as they are now, schema ITEMS."""
        if self._whole is None:
            order = np.arange(len(self))
            order[list(self._changed)] = len(self._read) + np.arange(len(self._changed))
            self._whole = pa.concat_tables([self._read, *self._changed.values()]).take(order)
        return self._whole

    @property
    def ids(self) -> list[str]:
        """By row: the shop's own ids, which only the edge speaks of."""
        return self._listed("item_id")

    def digest(self, items: int | None = None) -> str:
        """A digest of the ids of the first `items` rows, all if None, in their order."""
        return digest_of(self.ids[:items])

    @property
    def row_of(self) -> dict[str, int]:
        """From the shop's id of an item to its row, by which everything inside names it."""
        if self._row_of is None:
            self._row_of = {item: row for row, item in enumerate(self.ids)}
        return self._row_of

    @property
    def titles(self) -> list[str | None]:
        """By row; None where an item has no title."""
        return self._listed("title")

    @property
    def regions(self) -> Ints:
        """The set of regions where each item may be sold, as a code of `region_sets`."""
        return self._code("regions").codes

    @property
    def region_sets(self) -> list[frozenset[str]]:
        """By code of `regions`: the regions that are named together."""
        return self._code("regions").words

    @property
    def spu(self) -> Ints:
        """The standard product of each item; an item without one is its own (code by row)."""
        return self._code("spu").codes

    def spu_code(self, spu_id: str) -> int:
        """The code of a standard product; -1 where no item is of it."""
        return self._code("spu").code_of(spu_id)

    @property
    def spus(self) -> int:
        """One more than the highest code of a standard product."""
        return len(self._code("spu").words)

    @property
    def brand(self) -> Ints:
        """(items,) codes of `brand_words`."""
        return self._code("brand").codes

    @property
    def brand_words(self) -> list[str]:
        """By code of `brand`."""
        return self._code("brand").words

    @property
    def category(self) -> Ints:
        """The narrowest category of each item."""
        return self._code("category").codes

    @property
    def category_words(self) -> list[str]:
        """By code of `category`."""
        return self._code("category").words

    @property
    def department(self) -> Ints:
        """The widest category of each item."""
        return self._code("department").codes

    @property
    def department_words(self) -> list[str]:
        """By code of `department`."""
        return self._code("department").words

    @property
    def path(self) -> Ints:
        """The whole category path of each item."""
        return self._code("path").codes

    @property
    def path_words(self) -> list[tuple[str, ...]]:
        """By code of `path`: categories, the widest first."""
        return self._code("path").words

    @property
    def batch(self) -> Ints:
        """The batch of each item that is sold now."""
        return self._code("batch").codes

    def batch_code(self, batch: str) -> int:
        """The code of a batch, whatever its capitals and blanks; -1 where no item is of it."""
        return self._code("batch").code_of(_batch(batch))

    @property
    def price(self) -> Floats:
        """NaN where unknown."""
        return self._number("price")

    @property
    def pack_size(self) -> Floats:
        """Units of `pack_unit` in a pack; NaN where unknown."""
        return self._number("pack_size")

    @property
    def daily_dose(self) -> Floats:
        """Units of `pack_unit` that one person takes a day; NaN where unknown."""
        return self._number("daily_dose")

    @property
    def delivery_days(self) -> Floats:
        """Days from an order to the customer; NaN where unknown."""
        return self._number("delivery_days")

    @property
    def stock(self) -> Floats:
        """NaN where unknown."""
        return self._number("stock")

    @property
    def min_age(self) -> Floats:
        """Years; NaN where unknown."""
        return self._number("min_age")

    @property
    def hidden(self) -> Floats:
        """1 hidden, 0 not; NaN where unknown."""
        return self._number("hidden")

    @property
    def rx_class(self) -> Ints:
        """Place in RX_CLASSES; -1 where unknown or not one of them."""
        return self._number("rx_class")

    @property
    def created_at(self) -> Ints:
        """Microseconds since the epoch; the smallest integer where unknown."""
        return self._number("created_at")

    def record(self, row: int) -> dict[str, Any]:
        """One item as it is now, with every field of ITEMS."""
        whole = self._changed.get(row)
        one = self._read.slice(row, 1) if whole is None else whole
        return dict(only(one.to_pylist()))

    def upsert(self, record: Mapping[str, Any]) -> int:
        """Put a whole item in the place of the one with its id, or at the end; give its row.

        Fields that are absent are unknown from now on.

        Raises:
            ValueError: a field is not one of ITEMS, or has another type.
        """
        unknown = sorted(set(record) - set(ITEMS.names))
        if unknown or not record.get("item_id"):
            raise ValueError(f"no item: unknown fields {unknown}" if unknown else "no item_id")
        try:
            one = pa.Table.from_pylist([dict(record)], schema=ITEMS)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ValueError(f"item {record['item_id']!r}: {error}") from error
        self.make_columns()
        row = self.row_of.setdefault(record["item_id"], len(self.ids))
        for name, number in self._numbers.items():
            number.put(row, only(_NUMBERS[name](one)))
        for name, coded in self._coded.items():
            coded.put(row, only(_WORDS[name](one)))
        for name, values in self._lists.items():
            put_in_list(values, row, only(_LISTS[name](one)))
        self._changed[row] = one
        self._whole = None
        self._rows_changed.append(row)
        return row

    def make_columns(self) -> None:
        """Make every column now, so that no request waits for one; a change needs them all."""
        _ = self.row_of
        for name in _NUMBERS:
            self._number(name)
        for name in _WORDS:
            self._code(name)
        for name in _LISTS:
            self._listed(name)

    def _number(self, name: str) -> npt.NDArray[Any]:
        if name not in self._numbers:
            self._numbers[name] = Growing(_NUMBERS[name](self._read))
        return self._numbers[name].values

    def _code(self, name: str) -> Coded[Any]:
        if name not in self._coded:
            self._coded[name] = Coded(_WORDS[name](self._read))
        return self._coded[name]

    def _listed(self, name: str) -> list[Any]:
        if name not in self._lists:
            self._lists[name] = _LISTS[name](self._read)
        return self._lists[name]


def _floats(name: str) -> Callable[[pa.Table], Floats]:
    return lambda table: numbers_of(table.column(name))


def _rx_class(table: pa.Table) -> Ints:
    place = pc.index_in(table.column("rx_class"), value_set=pa.array(RX_CLASSES))
    return np.asarray(pc.fill_null(place, -1), dtype=np.int64)


def _created_at(table: pa.Table) -> Ints:
    micros = pc.cast(table.column("created_at"), pa.int64())
    return np.asarray(pc.fill_null(micros, np.iinfo(np.int64).min), dtype=np.int64)


def _spu(table: pa.Table) -> list[str]:
    spu, item = table.column("spu_id"), table.column("item_id")
    return list(pc.coalesce(spu, pc.binary_join_element_wise("\0sku", item, "")).to_pylist())


def _words(name: str) -> Callable[[pa.Table], list[Any]]:
    return lambda table: list(table.column(name).to_pylist())


def _batches(table: pa.Table) -> list[str | None]:
    return [None if batch is None else _batch(batch) for batch in _words("batch")(table)]


def _batch(batch: str) -> str:
    """A recall is copied by hand: capitals and blanks are no other batch."""
    return " ".join(batch.split()).casefold()


def _level(level: int) -> Callable[[pa.Table], list[str | None]]:
    return lambda table: [path[level] if path else None for path in _words("category")(table)]


def _paths(table: pa.Table) -> list[tuple[str, ...] | None]:
    return [tuple(path) if path else None for path in _words("category")(table)]


def _regions(table: pa.Table) -> list[frozenset[str]]:
    return [frozenset(regions or ()) for regions in _words("regions")(table)]


_NUMBERS: Final[dict[str, Callable[[pa.Table], npt.NDArray[Any]]]] = {
    "price": _floats("price"),
    "pack_size": _floats("pack_size"),
    "daily_dose": _floats("daily_dose"),
    "stock": _floats("stock"),
    "delivery_days": _floats("delivery_days"),
    "min_age": _floats("min_age"),
    "hidden": _floats("hidden"),
    "rx_class": _rx_class,
    "created_at": _created_at,
}

_WORDS: Final[dict[str, Callable[[pa.Table], list[Any]]]] = {
    "spu": _spu,
    "brand": _words("brand"),
    "category": _level(-1),
    "department": _level(0),
    "path": _paths,
    "regions": _regions,
    "batch": _batches,
}

_LISTS: Final[dict[str, Callable[[pa.Table], list[Any]]]] = {
    "item_id": _words("item_id"),
    "title": _words("title"),
}


def digest_of(items: Sequence[str]) -> str:
    """A digest of item ids in their order: what was learned by row is of these rows."""
    return hashlib.sha256("\n".join(items).encode()).hexdigest()
