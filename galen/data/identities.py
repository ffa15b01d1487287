"""The ids that people know → rows; and which event ids were seen, in eight bytes each."""

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from galen.data.converting import Mask


class Identities:
    """Rows of ids in order of first appearance."""

    def __init__(self) -> None:
        self._row_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._row_of)

    def after(self, row: int) -> list[str]:
        """Ids from a row on."""
        return list(self._row_of)[row:]

    def rows(self, ids: pa.Array, *, add: bool) -> npt.NDArray[np.int32]:
        """Row of each id; where `add`, unknown ids get the next rows, else they have row -1."""
        coded = ids.dictionary_encode()
        row_of = self._row_of
        if add:
            rows = [row_of.setdefault(word, len(row_of)) for word in coded.dictionary.to_pylist()]
        else:
            rows = [row_of.get(word, -1) for word in coded.dictionary.to_pylist()]
        return np.take(np.array(rows, np.int32), np.asarray(coded.indices))

    def doubled(self, ids: pa.Array) -> Mask:
        """Which ids were there before, in this column or an earlier one; they are all kept."""
        before = len(self._row_of)
        rows = self.rows(ids, add=True)
        first = np.zeros(len(rows), bool)
        first[np.unique(rows, return_index=True)[1]] = True
        return ~first | (rows < before)


class SeenIds:
    """A set of words by their 64-bit hash, as sorted runs of which each is twice the next.

    Two of ten million words share a hash with a chance of 3 in a million.
    """

    def __init__(self) -> None:
        self._runs: list[npt.NDArray[np.uint64]] = []
        self._hashing = duckdb.connect(":memory:", config={"threads": 1})

    def doubled(self, ids: pa.Array) -> Mask:
        """Which ids were there before, in this column or an earlier one; they are all kept."""
        self._hashing.register("words", pa.table({"word": ids}))
        hashes = self._hashing.execute("SELECT hash(word) AS h FROM words").fetchnumpy()["h"]
        self._hashing.unregister("words")
        order = np.argsort(hashes, kind="stable")
        run = np.asarray(hashes)[order]
        found = np.zeros(len(run), bool)
        found[1:] = run[1:] == run[:-1]
        for earlier in self._runs:
            place = np.minimum(np.searchsorted(earlier, run), len(earlier) - 1)
            found |= earlier[place] == run
        doubled = np.zeros(len(run), bool)
        doubled[order] = found
        self._add(run)
        return doubled

    def _add(self, run: npt.NDArray[np.uint64]) -> None:
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        if len(run):
            self._runs.append(run)
