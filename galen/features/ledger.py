"""What each household bought, for the rules that count: kept for limits, never for taste."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from galen.data.dataset import Dataset
from galen.data.schema import DAY, Kind
from galen.pipeline.circumstances import Bought, Packed

LONGEST: Final = 366 * DAY
"""No rule looks further back."""


class Ledger:
    """Purchases by household; a person without a household is one of their own.

    Where the shop's clock is "order" nobody can tell when its own purchases were; they are left
    out, and those that the log has are of the moment they came.
    """

    def __init__(self) -> None:
        self._bought: dict[str, list[tuple[int, int, float, int]]] = {}  # (item, at, packs, user)
        self._house: dict[int, str] = {}  # by user row

    @classmethod
    def replay(cls, data: Dataset, users: pa.Table, since: int) -> "Ledger":
        """Purchases of a dataset from a moment on, whose users' households are in a table."""
        ledger = cls()
        houses = users["household_id"].to_pylist()
        for row, house in enumerate(houses):
            if house is not None:
                ledger._house[row] = house
        if data.clock == "time":
            chosen = (data.kind == Kind.PURCHASE) & (data.at >= since)
            quantity = np.ones(len(data)) if data.quantity is None else data.quantity
            for user, item, at, packs in zip(
                data.user[chosen].tolist(),
                data.item[chosen].tolist(),
                data.at[chosen].tolist(),
                quantity[chosen].tolist(),
                strict=True,
            ):
                ledger.add(user, item, at, packs)
        return ledger

    def live_in(self, user: int, household: str | None) -> None:
        """Say in which household a user lives; purchases of before stay where they were made."""
        if household is None:
            self._house.pop(user, None)
        else:
            self._house[user] = household

    def add(self, user: int, item: int, at: int, packs: float | None) -> None:
        """One purchase; packs that are not told are one."""
        count = 1.0 if packs is None or not packs > 0 else float(packs)
        self._bought.setdefault(self._of(user), []).append((item, at, count, user))

    def forget(self, user: int) -> None:
        """Drop all that a user bought, also from what their household did."""
        for where in (self._of(user), _alone(user)):
            self._bought[where] = [one for one in self._bought.get(where, []) if one[3] != user]
        self._house.pop(user, None)

    def bought(self, users: Sequence[int], at: Sequence[int]) -> Bought:
        """What the households of users bought in the year before each moment; -1 is nobody."""
        found = []
        for user, moment in zip(users, at, strict=True):
            every = self._bought.get(self._of(user), []) if user >= 0 else []
            found.append([one for one in every if moment - LONGEST < one[1] <= moment])
        flat = [one for some in found for one in some]
        return Bought(
            Packed.of([[one[0] for one in some] for some in found]),
            np.array([one[1] for one in flat], np.int64),
            np.array([one[2] for one in flat], np.float64),
        )

    def _of(self, user: int) -> str:
        return self._house.get(user) or _alone(user)


def _alone(user: int) -> str:
    return f"\0user{user}"
