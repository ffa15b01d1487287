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
    """Purchases of the people who live together; who has no household lives alone.

    Who moves takes what they bought along, so that a start anew finds the same as a long run did.
    Where the shop's clock is "order" nobody can tell when its own purchases were; they are left
    out, and those that the log has are of the moment they came.
    """

    def __init__(self) -> None:
        self._bought: dict[int, list[tuple[int, int, float]]] = {}  # by user: (item, at, packs)
        self._house: dict[int, str] = {}  # by user
        self._members: dict[str, set[int]] = {}

    @classmethod
    def replay(cls, data: Dataset, users: pa.Table, asked_from: int) -> "Ledger":
        """All that rules may count of what is asked about at a moment or later.

        The households of the dataset's users are in a table.
        """
        ledger = cls()
        for row, house in enumerate(users["household_id"].to_pylist()):
            ledger.live_in(row, house)
        if data.clock == "time":
            chosen = (data.kind == Kind.PURCHASE) & (data.at > asked_from - LONGEST)
            columns = (data.user, data.item, data.at, data.packs)
            for one in zip(*(column[chosen].tolist() for column in columns), strict=True):
                ledger.add(*one)
        return ledger

    def live_in(self, user: int, household: str | None) -> None:
        """Say in which household a user lives."""
        before = self._house.pop(user, None)
        if before is not None:
            self._members[before].discard(user)
        if household is not None:
            self._house[user] = household
            self._members.setdefault(household, set()).add(user)

    def add(self, user: int, item: int, at: int, packs: float | None) -> None:
        """One purchase; packs that are not told are one."""
        count = 1.0 if packs is None or not packs > 0 else float(packs)
        self._bought.setdefault(user, []).append((item, at, count))

    def forget(self, user: int) -> None:
        """Drop all that a user bought, also from what their household did."""
        self._bought.pop(user, None)
        self.live_in(user, None)

    def bought(self, users: Sequence[int], at: Sequence[int]) -> Bought:
        """What the households of users bought in the year before each moment; -1 is nobody."""
        found = []
        for user, moment in zip(users, at, strict=True):
            every = [one for member in self._with(user) for one in self._bought.get(member, [])]
            found.append([(i, moment - at, n) for i, at, n in every if 0 <= moment - at < LONGEST])
        flat = [one for some in found for one in some]
        return Bought(
            Packed.of([[one[0] for one in some] for some in found]),
            np.array([one[1] for one in flat], np.int64),
            np.array([one[2] for one in flat], np.float64),
        )

    def _with(self, user: int) -> list[int]:
        """The people who live with a user, that one among them."""
        if user < 0:
            return []
        house = self._house.get(user)
        return [user] if house is None else sorted(self._members[house])
