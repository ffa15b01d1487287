"""The items of a shop as columns: the internal id of an item is its row."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.schema import RxClass
from galen.data.shop import Shop

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RX_CLASSES = tuple(rx.value for rx in RxClass)  # code = place in this tuple, -1 is unknown


@dataclass(frozen=True)
class Catalogue:
    """Columns by item row, made once; what is unknown stays marked as unknown.

    Codes are dense integers with -1 for a missing value; their words are in `words`.
    """

    table: pa.Table  # schema ITEMS, one row an item

    @classmethod
    def read(cls, shop: Shop) -> "Catalogue":
        return cls(shop.read("items"))

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def ids(self) -> list[str]:
        return list(self.table.column("item_id").to_pylist())

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {item: row for row, item in enumerate(self.ids)}

    @cached_property
    def spu(self) -> Ints:
        """The standard product of each item; an item without one is its own (code by row)."""
        spu, item = self.table.column("spu_id"), self.table.column("item_id")
        return _codes(pc.coalesce(spu, pc.binary_join_element_wise("\0sku", item, "")))[0]

    @cached_property
    def brand(self) -> Ints:
        return _codes(self.table.column("brand"))[0]

    @cached_property
    def category(self) -> Ints:
        """The narrowest category of each item."""
        return self._category(-1)[0]

    @cached_property
    def category_words(self) -> list[str]:
        return self._category(-1)[1]

    @cached_property
    def department(self) -> Ints:
        """The widest category of each item."""
        return self._category(0)[0]

    @cached_property
    def department_words(self) -> list[str]:
        return self._category(0)[1]

    def _category(self, level: int) -> tuple[Ints, list[str]]:
        paths = self.table.column("category").to_pylist()
        picked = [path[level] if path else None for path in paths]
        return _codes(pa.chunked_array([pa.array(picked, pa.string())]))

    @cached_property
    def price(self) -> Floats:
        """NaN where unknown."""
        return _floats(self.table.column("price"))

    @cached_property
    def stock(self) -> Floats:
        """NaN where unknown."""
        return _floats(self.table.column("stock"))

    @cached_property
    def min_age(self) -> Floats:
        """Years; NaN where unknown."""
        return _floats(self.table.column("min_age"))

    @cached_property
    def hidden(self) -> Floats:
        """1 hidden, 0 not; NaN where unknown."""
        return _floats(pc.cast(self.table.column("hidden"), pa.int8()))

    @cached_property
    def rx_class(self) -> Ints:
        """Place in RX_CLASSES; -1 where unknown or not one of them."""
        place = pc.index_in(self.table.column("rx_class"), value_set=pa.array(RX_CLASSES))
        return np.asarray(pc.fill_null(place, -1), dtype=np.int64)

    @cached_property
    def regions(self) -> list[frozenset[str]]:
        return [frozenset(r or ()) for r in self.table.column("regions").to_pylist()]

    @cached_property
    def created_at(self) -> Ints:
        """Microseconds since the epoch; the smallest integer where unknown."""
        micros = pc.cast(self.table.column("created_at"), pa.int64())
        return np.asarray(pc.fill_null(micros, np.iinfo(np.int64).min), dtype=np.int64)


def _codes(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = np.asarray(pc.fill_null(encoded.indices, -1), dtype=np.int64)
    return codes, list(encoded.dictionary.to_pylist())


def _floats(column: pa.ChunkedArray) -> Floats:
    whole = pc.fill_null(pc.cast(column, pa.float64()), float("nan"))
    return np.asarray(whole, dtype=np.float64)
