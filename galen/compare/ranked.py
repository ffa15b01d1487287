"""How a ranker ordered what each person was shown, kept so that rankers are compared by person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from galen.compare.exam import USER
from galen.data.arrays import Bools, Floats, Ints
from galen.evaluate.impressions import Ranked
from galen.evaluate.measures import SumRatio
from galen.evaluate.slices import Slice

RIGHT: Final = "right: "
WEIGHED: Final = "weighed: "
"""What the names of columns begin with that hold the sums of gAUC, objective by objective."""


def ranked_table(ranked: Sequence[Ranked]) -> pa.Table | None:
    """Each person with requests that have an AUC, and the sums of gAUC; None without one."""
    if not ranked:
        return None
    people = ranked[0].people
    known = np.any([one.weighed > 0 for one in ranked], axis=0)
    columns: dict[str, Ints | Floats] = {USER: people[known]}
    for one in ranked:
        columns[RIGHT + one.objective] = one.right[known]
        columns[WEIGHED + one.objective] = one.weighed[known]
    return pa.table(columns) if known.any() else None


@dataclass(frozen=True)
class RankedByPerson:
    """The impressions of the test window, person by person, as a ranker ordered them."""

    users: Ints  # (P,)
    objectives: tuple[str, ...]
    gauc: SumRatio  # columns are the objectives

    @classmethod
    def read(cls, table: pa.Table) -> "RankedByPerson":
        """What `ranked_table` wrote."""
        names = [name for name in table.column_names if name.startswith(RIGHT)]
        objectives = tuple(name.removeprefix(RIGHT) for name in names)
        right, weighed = (
            np.stack([np.asarray(table[start + one], np.float64) for one in objectives], axis=1)
            for start in (RIGHT, WEIGHED)
        )
        return cls(np.asarray(table[USER]), objectives, SumRatio(right, weighed))

    def like(self, other: "RankedByPerson") -> bool:
        """Are these the same impressions and the same objectives?"""
        return (
            self.objectives == other.objectives
            and np.array_equal(self.users, other.users)
            and np.array_equal(self.gauc.below, other.gauc.below)
        )

    def slices(self, asked: Ints, slices: Sequence[Slice]) -> list[Slice]:
        """The slices of those asked (R,) among these people, all of whom are in the first.

        A slice with none of them is left out.
        """
        everybody: Bools = np.ones(len(self.users), bool)
        found = [Slice(slices[0].name, everybody)]
        for part in slices[1:]:
            inside = np.isin(self.users, asked[part.requests])
            if inside.any():
                found.append(Slice(part.name, inside))
        return found
