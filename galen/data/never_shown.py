"""Items that nobody will be shown, since what decides it is unknown, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.shop import Shop

DECIDING: Final = ("rx_class", "stock", "regions", "min_age", "hidden")
"""Fields of an item that rules of eligibility read, and take for a no where they are unknown."""


@dataclass(frozen=True)
class NeverShown:
    """How many of a shop's items lack what decides whether they may be shown."""

    items: int = 0
    lacking: int = 0  # items of which at least one field is unknown
    unknown: Mapping[str, int] = field(default_factory=dict)  # field → items, where there are any

    @classmethod
    def of(cls, items: pa.Table) -> "NeverShown":
        """Of a table of items; a field without a column is unknown of all."""
        lacks = {
            name: np.asarray(pc.is_null(items[name]))
            if name in items.column_names
            else np.ones(len(items), bool)
            for name in DECIDING
        }
        unknown = {name: int(rows.sum()) for name, rows in lacks.items() if rows.any()}
        lacking = int(np.logical_or.reduce(list(lacks.values())).sum())
        return cls(len(items), lacking, unknown)

    @classmethod
    def in_shop(cls, shop: Shop) -> "NeverShown":
        """Of a shop.

        Raises:
            ShopError: its items cannot be read.
        """
        return cls.of(shop.read("items", list(DECIDING)))

    def __add__(self, other: "NeverShown") -> "NeverShown":
        both = [name for name in DECIDING if name in self.unknown or name in other.unknown]
        unknown = {name: self.unknown.get(name, 0) + other.unknown.get(name, 0) for name in both}
        return NeverShown(self.items + other.items, self.lacking + other.lacking, unknown)

    @property
    def most(self) -> bool:
        """Whether it is more than half of the items."""
        return 2 * self.lacking > self.items

    def told(self) -> str:
        """What is so, and what to do; empty where nothing lacks."""
        if not self.lacking:
            return ""
        fields = ", ".join(f"{name} ({count:,})" for name, count in self.unknown.items())
        return (
            f"{self.lacking:,} of {self.items:,} items are shown to nobody, since it is unknown of "
            f"them: {fields}. Where one value holds for all that say nothing, decide it when they "
            "are imported, for example --assume hidden=false --assume min_age=0."
        )
