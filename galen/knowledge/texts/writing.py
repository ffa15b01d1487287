"""Signs that are written in several ways and mean one thing, made one before anything is read.

Every reader of names and of free text cleans what it reads here, so that no two of them part ways
on an apostrophe. What Unicode's form NFKC would spell out is replaced before it can: it makes a
space and an accent of "´", and the letters TM of "™".
"""

import re
import unicodedata
from typing import Final

INVISIBLE: Final = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What shows nothing where it stands: Default_Ignorable_Code_Point of Unicode Standard Annex 44."""

QUOTES: Final = (
    "\u0060\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u02ca\u02cb\u0384\u1fbd\u1fbf\u1fef\u1ffd"
    "\u2018\u2019\u201b\u2032\u2035\u275b\u275c\ua78c"
)
HYPHENS: Final = "\u2010\u2011\u2212"
TRADEMARKS: Final = "\u2120\u2122\U0001f16a\U0001f16b\U0001f16c"

_ACCENTS: Final = re.compile("[\u0300-\u036f]")  # those of kana are others

_SIGNS: Final = str.maketrans(
    {**dict.fromkeys(QUOTES, "'"), **dict.fromkeys(HYPHENS, "-"), **dict.fromkeys(TRADEMARKS)}
)


def one_form(text: str) -> str:
    """A text in form NFKC with one apostrophe and one hyphen, no trademark and no unseen sign."""
    if text.isascii():
        return text.translate(_SIGNS)
    seen = INVISIBLE.sub("", text).translate(_SIGNS)
    return unicodedata.normalize("NFKC", seen).translate(_SIGNS)  # NFKC makes some such signs, too


def singular(word: str) -> str:
    """Cut alike on both sides of a comparison, so it need not be right: "statins", "diabetes"."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def without_accents(text: str) -> str:
    """A text whose letters have no accents; kana keep the marks that make another sound of them."""
    if text.isascii():
        return text
    letters = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", _ACCENTS.sub("", letters))
