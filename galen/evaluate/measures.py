"""Figures of groups of people as values by person, whose mean over a group is the figure there.

So one bootstrap and one paired test serve all of them. A ratio and a share of a catalogue are no
means of what each person has: each person's value is then the figure plus that person's pull on it,
by the delta method (Deng et al., "Applying the Delta Method in Metric Analytics", KDD 2018) and by
the jackknife (Efron, Stein, "The Jackknife Estimate of Variance", 1981).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from galen.data.arrays import Bools, Floats, Ints


class Measure(Protocol):
    """A figure of any group out of the same people."""

    def within(self, people: Bools) -> Floats:
        """Of a group (R,), a value for each of its people; their mean is the figure."""
        ...


@dataclass(frozen=True, slots=True)
class PersonMean:
    """What each person has by himself."""

    values: Floats  # (R,)

    def within(self, people: Bools) -> Floats:
        return self.values[people]


@dataclass(frozen=True, slots=True)
class SumRatio:
    """One sum over another, the mean over columns; 0 where there is nothing below."""

    above: Floats  # (R, columns)
    below: Floats  # (R, columns), 0 or more

    def within(self, people: Bools) -> Floats:
        above, below = self.above[people], self.below[people]
        counted = below.sum(axis=0) > 0
        if not counted.any():
            return np.zeros(len(above))
        above, below = above[:, counted], below[:, counted]
        ratio = above.sum(axis=0) / below.sum(axis=0)
        pull = (above - ratio * below) / below.mean(axis=0)
        return np.asarray((ratio + pull).mean(axis=1))


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of a catalogue's items that a group is shown.

    A draw of people with replacement holds two thirds of them and so covers less than they do: its
    plain bootstrap interval lies below the figure. What only one person is shown tells how much
    the figure hangs on that person; the interval that follows is, if anything, too wide.
    """

    first: Ints  # (R, places) items, -1 where a slate is shorter
    items: int  # of the catalogue

    def within(self, people: Bools) -> Floats:
        first = self.first[people]
        shown = first >= 0
        count = np.bincount(first[shown], minlength=self.items)
        alone = (shown & (count[first] == 1)).sum(axis=1)
        covered = np.count_nonzero(count) / self.items
        pull = alone - alone.mean() if len(alone) else alone
        return np.asarray(covered + (len(first) - 1) * pull / self.items)
