"""Where keys stand among sorted ones, and rows within their group."""

from typing import Any

import numpy as np
import numpy.typing as npt

from galen.data.arrays import Ints


def places_of(keys: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> Ints:
    """The place of each wanted key among rising `keys`, the first of equals; -1 where it is not."""
    if not len(keys):
        return np.full(np.shape(wanted), -1)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1)


def all_places_of(keys: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> tuple[Ints, Ints]:
    """All places of wanted keys (W,) among rising `keys`: (M,) rows of `wanted`, (M,) places."""
    start = np.searchsorted(keys, wanted)
    count = np.searchsorted(keys, wanted, side="right") - start
    return np.repeat(np.arange(len(wanted)), count), places_in_runs(start, count)


def places_in_runs(start: npt.NDArray[Any], count: npt.NDArray[Any]) -> Ints:
    """The places start, start + 1, … of runs that are `count` (R,) long, run after run."""
    before = np.cumsum(count) - count  # places of the runs that come first
    return np.asarray(np.arange(count.sum()) + np.repeat(start - before, count))


def place_within(group: npt.NDArray[Any]) -> Ints:
    """(N,): the place of each row among those of its group, 0 first; groups rise."""
    return np.asarray(np.arange(len(group)) - np.searchsorted(group, group))
