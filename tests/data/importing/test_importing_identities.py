import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galen.data.importing.feeds import ImportRefused
from galen.data.importing.identities import Fingerprints, Identities, SeenIds

PRINTS = Fingerprints()
BLOCKS = st.lists(st.lists(st.text(max_size=3), max_size=20), max_size=6)


class Alike(Fingerprints):
    """A world where "a" and "b" have one fingerprint of the unsalted kind."""

    def of(self, words: pa.Array, salt: str = "") -> np.ndarray:
        prints = super().of(words, salt)
        alike = np.isin(np.array(words.to_pylist(), object), ["a", "b"]) & (salt == "")
        return np.where(alike, np.uint64(7), prints)


@settings(deadline=None)
@given(BLOCKS)
def test_rows_are_those_of_a_dictionary(blocks: list[list[str]]):
    identities = Identities(PRINTS)
    expected: dict[str, int] = {}
    for block in blocks:
        unknown = [expected.get(word, -1) for word in block]
        assert identities.rows(pa.array(block, pa.string()), add=False).tolist() == unknown
        rows = [expected.setdefault(word, len(expected)) for word in block]
        assert identities.rows(pa.array(block, pa.string()), add=True).tolist() == rows
    assert identities.after(0).to_pylist() == list(expected)
    assert identities.after(2).to_pylist() == list(expected)[2:]


@settings(deadline=None)
@given(BLOCKS)
def test_a_word_is_doubled_from_its_second_appearance(blocks: list[list[str]]):
    seen, identities = SeenIds(PRINTS), Identities(PRINTS)
    before: set[str] = set()
    for block in blocks:
        expected = [word in before or word in block[:place] for place, word in enumerate(block)]
        assert seen.doubled(pa.array(block, pa.string())).tolist() == expected
        assert identities.doubled(pa.array(block, pa.string())).tolist() == expected
        before |= set(block)


@pytest.mark.parametrize("blocks", [[["a", "b"]], [["a"], ["b"]]])
def test_ids_that_cannot_be_told_apart_are_refused_not_merged(blocks: list[list[str]]):
    identities = Identities(Alike())
    *before, last = blocks
    for block in before:
        identities.rows(pa.array(block), add=True)
    with pytest.raises(ImportRefused, match="fingerprint of another"):
        identities.rows(pa.array(last), add=True)
