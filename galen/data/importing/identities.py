"""The ids that people know → rows, and which event ids were seen, as 64-bit fingerprints.

Fingerprints are kept as sorted runs, each more than twice as long as the next, so that a block of
ids is looked up in the order of memory and a new one costs logarithmic time.
"""

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from galen.data.importing.converting import Mask
from galen.data.importing.feeds import ImportRefused
from galen.data.lookup import places_of

Prints = npt.NDArray[np.uint64]


class Fingerprints:
    """Makes fingerprints of words."""

    def __init__(self) -> None:
        self._database = duckdb.connect(":memory:", config={"threads": 1, "temp_directory": ""})

    def of(self, words: pa.Array, salt: str = "") -> Prints:
        """A fingerprint of every word; those of another salt are independent."""
        self._database.register("words", pa.table({"word": words}))
        word = f"word || '{salt}'" if salt else "word"
        prints = self._database.execute(f"SELECT hash({word}) AS print FROM words").fetchnumpy()
        self._database.unregister("words")
        return np.asarray(prints["print"], np.uint64)


class _Runs:
    """Sorted fingerprints, each with the row of its word and a second fingerprint of it."""

    def __init__(self) -> None:
        self._runs: list[tuple[Prints, Prints, npt.NDArray[np.int32]]] = []

    def find(self, prints: Prints, checks: Prints) -> tuple[npt.NDArray[np.int32], Mask]:
        """Row of each of the sorted fingerprints, or -1; and where only the first one is equal."""
        rows = np.full(len(prints), -1, np.int32)
        odd = np.zeros(len(prints), bool)
        for known, known_checks, known_rows in self._runs:
            place = places_of(known, prints)
            hit = place >= 0
            rows[hit] = known_rows[place[hit]]
            odd[hit] |= known_checks[place[hit]] != checks[hit]
        return rows, odd

    def add(self, prints: Prints, checks: Prints, rows: npt.NDArray[np.int32]) -> None:
        """Take sorted fingerprints that are not there yet."""
        if not len(prints):
            return
        while self._runs and len(self._runs[-1][0]) <= 2 * len(prints):
            old = self._runs.pop()
            prints = np.concatenate([old[0], prints])
            order = np.argsort(prints, kind="stable")
            prints = prints[order]
            checks = np.concatenate([old[1], checks])[order]
            rows = np.concatenate([old[2], rows])[order]
        self._runs.append((prints, checks, rows))


class Identities:
    """Rows of ids in order of first appearance; 20 bytes an id beside its letters."""

    def __init__(self, fingerprints: Fingerprints) -> None:
        self._fingerprints = fingerprints
        self._runs = _Runs()
        self._words: list[pa.Array] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def after(self, row: int) -> pa.ChunkedArray:
        """Ids from a row on."""
        return pa.chunked_array(self._words, pa.string()).slice(row)

    def rows(self, ids: pa.Array, *, add: bool) -> npt.NDArray[np.int32]:
        """Row of each id; where `add`, unknown ids get the next rows, else they have row -1.

        Raises:
            ImportRefused: two ids have one fingerprint, so that they cannot be told apart.
        """
        coded = ids.dictionary_encode()
        words = coded.dictionary
        prints, checks = self._fingerprints.of(words), self._fingerprints.of(words, "#")
        order = np.argsort(prints, kind="stable")
        prints, checks = prints[order], checks[order]
        found, odd = self._runs.find(prints, checks)
        odd[1:] |= prints[1:] == prints[:-1]
        if odd.any():
            alike = words[int(order[np.flatnonzero(odd)[0]])].as_py()
            raise ImportRefused(f"the id {alike!r} has the fingerprint of another; change it.")
        rows = np.empty(len(words), np.int32)
        rows[order] = found
        if add:
            new = rows < 0
            rows[new] = self._size + np.arange(new.sum(), dtype=np.int32)
            fresh = found < 0
            self._runs.add(prints[fresh], checks[fresh], rows[order][fresh])
            self._words.append(words.filter(pa.array(new)))
            self._size += int(new.sum())
        return np.take(rows, np.asarray(coded.indices))

    def doubled(self, ids: pa.Array) -> Mask:
        """Which ids were there before, in this column or an earlier one; they are all kept."""
        before = len(self)
        rows = self.rows(ids, add=True)
        first = np.zeros(len(rows), bool)
        first[np.unique(rows, return_index=True)[1]] = True
        return ~first | (rows < before)


class SeenIds:
    """A set of words in eight bytes each.

    Two of ten million words share a fingerprint with a chance of 3 in a million; then the second
    counts as doubled.
    """

    def __init__(self, fingerprints: Fingerprints) -> None:
        self._fingerprints = fingerprints
        self._runs: list[Prints] = []

    def doubled(self, ids: pa.Array) -> Mask:
        """Which ids were there before, in this column or an earlier one; they are all kept."""
        prints = self._fingerprints.of(ids)
        order = np.argsort(prints, kind="stable")
        run = prints[order]
        found = np.zeros(len(run), bool)
        found[1:] = run[1:] == run[:-1]
        for earlier in self._runs:
            found |= places_of(earlier, run) >= 0
        doubled = np.zeros(len(run), bool)
        doubled[order] = found
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        if len(run):
            self._runs.append(run)
        return doubled
