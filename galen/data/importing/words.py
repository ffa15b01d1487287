"""A file's own words for what galen has words of: which is which, and whose rows are left out."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.did_you_mean import did_you_mean
from galen.data.importing.converting import Mask, convert
from galen.data.importing.feeds import ImportRefused
from galen.data.schema import Kind, RxClass, Surface

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": tuple(kind.name.lower() for kind in Kind),
    "surface": tuple(surface.name.lower() for surface in Surface),
    "rx_class": tuple(rx.value for rx in RxClass),
}
"""Fields that take no other words than these."""

Meanings = Mapping[str, str]
"""A word of a file → galen's word; an empty one leaves the rows that have it out."""

_TOLD: Final = 10  # words of one block that are told one by one
_LENGTH: Final = 40  # characters of a word that are told


def check_words(words: Mapping[str, Meanings], given: Collection[str]) -> None:
    """Refuse what cannot be meant; `given` are the fields that columns of the files are read as.

    Raises:
        ImportRefused: a field takes any word or has no column, or galen has no such word.
    """
    for field, meanings in words.items():
        if field not in WORDS:
            raise ImportRefused(
                f"words of {field!r} cannot be given; they can of {', '.join(WORDS)}."
            )
        if field not in given:
            raise ImportRefused(f"words of {field!r} are given, but no column is read as {field}.")
        for word, meant in meanings.items():
            if meant and meant not in WORDS[field]:
                hint = did_you_mean(meant, WORDS[field], least=0.6)
                raise ImportRefused(
                    f"{field} {word!r} cannot mean {meant!r}.{hint} It can mean {expected(field)}."
                )


def expected(field: str) -> str:
    """What a field takes, in words."""
    return f"one of {', '.join(WORDS[field])}"


def translated(column: pa.Array | pa.ChunkedArray, meanings: Meanings) -> pa.Array:
    """The column with galen's words in the place of those that have a meaning; case is one."""
    text = _text(column)
    found = pc.index_in(_plain(text), value_set=_plain(pa.array(list(meanings), pa.string())))
    ours = pa.array(list(meanings.values()), pa.string()).take(found)
    return pc.coalesce(ours, text)


def left_out(column: pa.Array | pa.ChunkedArray, meanings: Meanings) -> dict[str, Mask]:
    """Where each word stands whose rows are left out."""
    plain = _plain(_text(column))
    nothing = [word for word, meant in meanings.items() if not meant]
    places = {word: pc.equal(plain, _plain(pa.array([word]))[0]) for word in nothing}
    return {word: np.asarray(pc.fill_null(there, False)) for word, there in places.items()}


def unknown(
    field: str, column: pa.Array | pa.ChunkedArray, bad: Mask
) -> Iterator[tuple[Mask, str]]:
    """Where a field's words are none of galen's, with what to tell: each word, if they are few."""
    text = _text(column)
    distinct = pc.unique(text.filter(pa.array(bad)))
    what = f"{field} is not {expected(field)}"
    if len(distinct) > _TOLD:
        yield bad, what
        return
    for word in distinct.to_pylist():
        there = bad & np.asarray(pc.fill_null(pc.equal(text, word), False))
        yield there, f"{what}: {word[:_LENGTH]!r}"


def what_to_say(field: str) -> str:
    """How a person tells what a word means."""
    return (
        f"If a word of {field} has another name here: --word {field}.WORD=OURS; "
        f"--word {field}.WORD= leaves its rows out."
    )


def _text(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return convert(column, pa.field("word", pa.string()))[0]


def _plain(text: pa.Array) -> pa.Array:
    return pc.utf8_lower(pc.utf8_trim_whitespace(text))
