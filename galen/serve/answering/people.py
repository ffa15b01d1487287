"""The users of a shop as columns: the internal id of a user is a row, new users come after."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from galen.data.columns import numbers_of
from galen.data.growing import Growing, put_in_list


class KnownPeople:
    """Who is known, with what eligibility asks of them. Rows are never given twice."""

    def __init__(self, table: pa.Table) -> None:
        """Take a table of schema USERS, one row a user."""
        ids = table.column("user_id").to_pylist()
        self._age = Growing(numbers_of(table.column("age")))
        self._household = Growing(numbers_of(table.column("household_size")))
        self._region: list[str | None] = list(table.column("region").to_pylist())
        self._life_stage: list[str | None] = list(table.column("life_stage").to_pylist())
        self._row_of: dict[str, int] = {user: row for row, user in enumerate(ids)}
        self._shop = table
        self._records: dict[int, dict[str, Any]] = {}

    def __len__(self) -> int:
        """Rows given so far, forgotten ones among them."""
        return len(self._region)

    @property
    def known(self) -> int:
        """Users who are known now."""
        return len(self._row_of)

    def row(self, user_id: str) -> int:
        """The row of a user; -1 where not known."""
        return self._row_of.get(user_id, -1)

    def first(self, count: int) -> list[tuple[str, int]]:
        """Ids and rows of some users, the oldest first."""
        return list(islice(self._row_of.items(), count))

    def age(self, row: int) -> float:
        """Years; NaN where unknown."""
        return float(self._age.values[row]) if row >= 0 else float("nan")

    def household(self, row: int) -> float:
        """People who live in the user's household; NaN where unknown."""
        return float(self._household.values[row]) if row >= 0 else float("nan")

    def region(self, row: int) -> str | None:
        """As the shop names it; None where unknown, or for row -1."""
        return self._region[row] if row >= 0 else None

    def life_stage(self, row: int) -> str | None:
        """In the shop's words; None where unknown, or for row -1."""
        return self._life_stage[row] if row >= 0 else None

    def record(self, row: int) -> dict[str, Any]:
        """One user as they are now, with every field that was given."""
        if row in self._records:
            return self._records[row]
        if row < len(self._shop):
            return dict(self._shop.slice(row, 1).to_pylist()[0])
        return {}

    def upsert(self, user_id: str, record: Mapping[str, Any] | None = None) -> int:
        """The row of a user, new where not known; a record replaces what was known."""
        row = self._row_of.setdefault(user_id, len(self))
        if row == len(self):
            self._age.put(row, np.nan)
            self._household.put(row, np.nan)
            put_in_list(self._region, row, None)
            put_in_list(self._life_stage, row, None)
        if record is not None:
            for column, name in ((self._age, "age"), (self._household, "household_size")):
                told = record.get(name)
                column.put(row, np.nan if told is None else told)
            self._region[row] = record.get("region")
            self._life_stage[row] = record.get("life_stage")
            self._records[row] = dict(record)
        return row

    def forget(self, user_id: str) -> int:
        """Drop all that is known of a user; give the row they had, -1 where not known."""
        row = self._row_of.pop(user_id, -1)
        if row >= 0:
            self._age.put(row, np.nan)
            self._household.put(row, np.nan)
            self._region[row] = None
            self._life_stage[row] = None
            self._records[row] = {}
        return row
