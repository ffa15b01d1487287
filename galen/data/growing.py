"""Columns that take new rows at the end while others hold them: rows are replaced in place."""

from collections.abc import Hashable, Iterable
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from galen.data.arrays import Ints

Scalar = TypeVar("Scalar", bound=np.generic)
Word = TypeVar("Word", bound=Hashable)


class Growing(Generic[Scalar]):
    """A numpy column with room to grow; a new row costs amortised constant time.

    Read `values` anew for every use: a view taken before the column grew ends where it ended.
    """

    def __init__(self, values: npt.NDArray[Scalar]) -> None:
        self._room = np.array(values)  # owned and writable, whatever it came from
        self._size = len(values)

    @property
    def values(self) -> npt.NDArray[Scalar]:
        """(rows,): a view of what is there now; writing into it changes the column."""
        return self._room[: self._size]

    def put(self, row: int, value: Any) -> None:
        """Replace a row, or append when `row` is the length.

        Raises:
            IndexError: the row lies beyond the end.
        """
        if not 0 <= row <= self._size:
            raise IndexError(f"row {row} of a column of {self._size}")
        if row == len(self._room):
            room = np.empty(max(1024, 2 * len(self._room)), self._room.dtype)
            room[: self._size] = self._room
            self._room = room
        self._room[row] = value
        self._size = max(self._size, row + 1)


class Coded(Generic[Word]):
    """A column of words kept as dense codes; -1 is a missing word."""

    def __init__(self, words: Iterable[Word | None]) -> None:
        self.words: list[Word] = []  # by code
        self._code_of: dict[Word, int] = {}
        self._codes = Growing(np.fromiter((self._encode(word) for word in words), np.int64))

    @property
    def codes(self) -> Ints:
        """(rows,): places in `words`, -1 for a missing word."""
        return self._codes.values

    def code_of(self, word: Word) -> int:
        """The code of a word; -1 where no row ever had it."""
        return self._code_of.get(word, -1)

    def put(self, row: int, word: Word | None) -> None:
        """Replace a row, or append when `row` is the length; a new word gets the next code.

        Raises:
            IndexError: the row lies beyond the end.
        """
        self._codes.put(row, self._encode(word))

    def _encode(self, word: Word | None) -> int:
        if word is None:
            return -1
        code = self._code_of.setdefault(word, len(self.words))
        if code == len(self.words):
            self.words.append(word)
        return code


def put_in_list(rows: list[Word], row: int, value: Word) -> None:
    """Replace a row of a list, or append when `row` is its length."""
    if row == len(rows):
        rows.append(value)
    else:
        rows[row] = value


def only(values: Iterable[Any]) -> Any:
    """The one value of a one-row column.

    Raises:
        ValueError: there is not exactly one.
    """
    (value,) = values
    return value
