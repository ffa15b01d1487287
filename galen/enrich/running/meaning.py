"""Judges of what a text means: grounded in what was told, not a copy, in its script, no claim."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Final

from rapidfuzz import fuzz

from galen.enrich.running.faults import Fault, FaultCode
from galen.knowledge.texts.claims import Breach, ClaimCheck
from galen.knowledge.texts.concept_words import ConceptWords, folded

ALIKE: Final = 95.0
"""Similarity in percent from which two texts say the same."""

_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)?")
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_HAN: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_LETTER: Final = re.compile(r"[^\W\d_]")
_ADDRESS: Final = re.compile(
    r"https?:|www\.|[\w.+-]+@[\w-]+\.\w|\b\w[\w-]*\.(?:com|net|org|cn|io|shop)\b", re.IGNORECASE
)
_ID: Final = re.compile(r"\b(?=[\w-]*\d{3})[A-Za-z]{1,}[\w-]*\d[\w-]*\b|\b\d{6,}\b")


def plain(text: str) -> str:
    """A text in lower case and one form of each character, as texts are compared."""
    return unicodedata.normalize("NFKC", text).lower()


def numbers_told(field: str, text: str, source: str) -> list[Fault]:
    """Every number has to stand in the source."""
    known = {_value(number) for number in _NUMBER.findall(plain(source))}
    lost = [n for n in _NUMBER.findall(plain(text)) if _value(n) not in known]
    if not lost:
        return []
    return [Fault(FaultCode.UNGROUNDED, f"{field}: the number {lost[0]} is nowhere in the data")]


def words_told(field: str, text: str, source: str, least: float) -> list[Fault]:
    """A share of the longer words has to stand in the source, in any inflection by an s.

    In scripts without spaces, pairs of characters take the place of words.
    """
    said, known = _pieces(text), _pieces(source)
    if not said:
        return []
    share = len(said & known) / len(said)
    if share >= least:
        return []
    lost = ", ".join(sorted(said - known)[:3])
    return [Fault(FaultCode.UNGROUNDED, f"{field}: {lost} and more are nowhere in the data")]


def said_anew(field: str, text: str, sources: Collection[str]) -> list[Fault]:
    """It may not be one of the sources again."""
    if any(fuzz.ratio(plain(text), plain(source)) >= ALIKE for source in sources if source):
        return [Fault(FaultCode.COPY, f"{field} only repeats what was told")]
    return []


def same_script(field: str, text: str, source: str) -> list[Fault]:
    """Written in characters where the source is, in letters where the source is."""
    if _in_characters(text) == _in_characters(source):
        return []
    return [Fault(FaultCode.LANGUAGE, f"{field} is written in another script than the data")]


def no_address(field: str, text: str, source: str) -> list[Fault]:
    """No page, mailbox or id that the source does not hold."""
    known = plain(source)
    found = [m[0] for pattern in (_ADDRESS, _ID) for m in pattern.finditer(text)]
    lost = [one for one in found if plain(one) not in known]
    return [Fault(FaultCode.UNKNOWN_ID, f"{field} names {lost[0]!r}")] if lost else []


def no_claim(field: str, text: str, check: ClaimCheck, product_class: str) -> list[Fault]:
    """Nothing that may not be said of such a product."""
    return claimed(field, text, check.check(text, product_class))


def claimed(field: str, text: str, breaches: Sequence[Breach]) -> list[Fault]:
    """The first of what a claim check found in a text."""
    return [
        Fault(FaultCode.CLAIM, f"{field}: {text[slice(*one.span)]!r} ({one.rule}, {one.citation})")
        for one in breaches[:1]
    ]


def no_illness(field: str, text: str, illnesses: ConceptWords, names: Sequence[str]) -> list[Fault]:
    """Names no illness, where only goods may be named."""
    row = next(illnesses.all_in(text), None)
    if row is None:
        return []
    return [Fault(FaultCode.DIAGNOSIS, f"{field} names {names[row]!r}")]


def _value(number: str) -> float:
    return float(number.replace(",", "."))


def _pieces(text: str) -> set[str]:
    text = plain(text)
    if _in_characters(text):
        run = "".join(_HAN.findall(text))
        return {run[at : at + 2] for at in range(len(run) - 1)}
    return {folded(word) for word in _WORD.findall(text)}


def _in_characters(text: str) -> bool:
    letters = len(_LETTER.findall(text))
    return letters > 0 and 2 * len(_HAN.findall(text)) > letters
