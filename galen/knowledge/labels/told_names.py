"""Concepts by what people write of them: whole names in any spelling, and names within free text.

A name is one name with or without hyphens, apostrophes, accents, a plural's "s", in full-width
letters, in traditional characters. Where a text is no name, those that stand within it are told,
unless the text says that they are not so: "type 2 diabetes, no asthma".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from galen.knowledge.graph import Graph
from galen.knowledge.labels.spelling import EAST_ASIAN, Spelling
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.phrases import CLAUSE, Denial, Hit
from galen.knowledge.texts.plain_text import Folding
from galen.knowledge.texts.writing import one_form, singular, without_accents

LONGEST: Final = 6  # words of a name
SHORTEST: Final = 4  # letters of a name that is looked for within a text: "no" is one, too
SHORTEST_JOINED: Final = 2
LONGEST_JOINED: Final = 16  # characters of a name in a script that does not part words
TEXT: Final = 2000  # letters of a text that are read; the rest of one so long is not known

_PIECE: Final = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff]+|[^\W\d_\u3040-\u30ff\u3400-\u9fff]{4,}(?=\d)|"
    r"[^\W_\u3040-\u30ff\u3400-\u9fff]+"
)  # "ibuprofen200mg" is two words, "b12" one
_JOINED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+")
_POSSESSIVE: Final = re.compile(r"'s?(?!\w)")
_FREE_OF: Final = re.compile(r"(?:\bfree (?:from|of)|\bohne|无|不含|零)\s*$")
_GIVEN_OR_BOUND: Final = (
    r"from|of|form|base|acids?|amino|fatty|radicals?|flow\w*|range|choline|testosterone|t[34]|"
    r"von|haus|verk\w+|erh\w+|verf\w+|lieferbar|zugelassen"
)
"""What after "free" says that a name is there: "free from sugar", "free base", "frei Haus"."""
_GIFTS: Final = (
    r"deliver\w*|shipping|postage|post|p\s*&\s*p|returns?|gifts?|samples?|trial|orders?|purchase|"
    r"offer|vouchers?|coupons?|e-?books?|guide|pill\s*box|organi[sz]er|shaker|tote"
)
"""What comes free with goods; another word or three may stand before it."""
_FREE: Final = re.compile(
    r"(?:-|\s+)(?:free|frei)\b"
    rf"(?![\s-]+(?:(?:{_GIVEN_OR_BOUND})|(?:\w[\w-]*\s+){{0,3}}(?:{_GIFTS}))\b)"
    r"|\s*(?:不使用|フリー(?!ズ|サイズ|ダイヤル|配送|ラジカル))"
)
_BARGAIN: Final = re.compile(r"\b(?:buy|get|receive|kauf\w*)\b")


class _Word(NamedTuple):
    text: str  # in the singular
    joined: bool  # is it of a script that does not part words?
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Writing:
    """What differs in writing only."""

    letters: Mapping[int, str]  # of another script, or traditional
    pieces: tuple[tuple[str, str], ...]  # of words, in other spellings

    def plain(self, text: str) -> str:
        """One width, case, script and spelling, without accents and unseen signs."""
        plain = one_form(text).casefold()
        if not text.isascii():
            plain = without_accents(plain).translate(self.letters)
        for piece, inn in self.pieces:
            plain = plain.replace(piece, inn)
        return plain


@dataclass(frozen=True)
class ToldNames:
    """Rows of concepts by every name that they have; one name may be that of several."""

    rows: Mapping[str, tuple[int, ...]]  # by name, folded
    writing: "_Writing"
    denial: Denial

    @classmethod
    def of(cls, graph: Graph, *kinds: ConceptKind) -> "ToldNames":
        """The names and synonyms of a graph's concepts of some kinds."""
        synonyms = graph.concepts["synonyms"]
        return cls.named(
            (name, row)
            for row in graph.of_kind(*kinds).tolist()
            for name in (graph.names[row], *(synonyms[row].as_py() or ()))
        )

    @classmethod
    def named(cls, names: Iterable[tuple[str, int]]) -> "ToldNames":
        """From pairs of a name and a row."""
        writing = _Writing(str.maketrans(Folding.read().letters), Spelling.read().pieces)
        rows: dict[str, dict[int, None]] = {}
        for name, row in names:
            key = _key(_words(writing.plain(name)))
            if key:
                rows.setdefault(key, {})[row] = None
        return cls({key: tuple(found) for key, found in rows.items()}, writing, Denial.read())

    def whole(self, text: str) -> tuple[int, ...]:
        """The concepts that a text is a name of."""
        return self.rows.get(_key(_words(self.writing.plain(text[:TEXT]))), ())

    def within(self, text: str) -> tuple[int, ...]:
        """The concepts whose names stand in a text that does not deny them, the longest names."""
        plain = self.writing.plain(text[:TEXT])
        found: dict[int, None] = {}
        for start, end, rows in self._found(plain):
            if not self._denied(plain, start, end):
                found |= dict.fromkeys(rows)
        return tuple(found)

    def _denied(self, plain: str, start: int, end: int) -> bool:
        return bool(
            self.denial.denies(plain, Hit(start, end, ""))
            or _FREE_OF.search(plain[:start])
            or (_FREE.match(plain, end) and not _BARGAIN.search(CLAUSE.split(plain[:start])[-1]))
        )

    def _found(self, plain: str) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        words = _words(plain)
        place = 0
        while place < len(words):
            step = 1
            starts = self._starts.get(words[place].text, 0)
            for length in range(min(starts, len(words) - place), 0, -1):
                some = words[place : place + length]
                rows = self.rows.get(_key(some), ())
                if rows and _long_enough(_key(some)):
                    yield some[0].start, some[-1].end, rows
                    step = length
                    break
            else:
                yield from self._in_run(words[place])
            place += step

    def _in_run(self, word: _Word) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """Names within letters of a script that does not part words; a single one names nothing."""
        if not word.joined:
            return
        place, text = 0, word.text
        while place < len(text):
            step = 1
            for length in range(min(self._longest, len(text) - place), SHORTEST_JOINED - 1, -1):
                rows = self.rows.get(text[place : place + length], ())
                if rows:
                    yield word.start + place, word.start + place + length, rows
                    step = length
                    break
            place += step

    @cached_property
    def _starts(self) -> Mapping[str, int]:
        """By the first word of names, how many words the longest of them has."""
        found: dict[str, int] = {}
        for name in self.rows:
            words = [word.text for word in _words(name)]
            found[words[0]] = max(found.get(words[0], 0), min(len(words), LONGEST))
        return found

    @cached_property
    def _longest(self) -> int:
        joined = [len(name) for name in self.rows if _JOINED.fullmatch(name)]
        return min(max(joined, default=0), LONGEST_JOINED)


def _words(plain: str) -> list[_Word]:
    text = plain
    if "'" in plain:
        text = _POSSESSIVE.sub(lambda found: " " * len(found[0]), plain)
    return [
        _Word(singular(found[0]), bool(EAST_ASIAN.match(found[0])), found.start(), found.end())
        for found in _PIECE.finditer(text)
    ]


def _key(words: list[_Word]) -> str:
    joined = any(word.joined for word in words)
    return ("" if joined else " ").join([word.text for word in words])


def _long_enough(name: str) -> bool:
    return len(name) >= (SHORTEST_JOINED if EAST_ASIAN.search(name) else SHORTEST)
