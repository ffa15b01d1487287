"""Finds names that are not what they look like: letters of another script, characters unseen.

After Unicode Technical Standard 39, "Unicode Security Mechanisms": one word should not mix scripts
whose letters are taken for each other.
"""

import re
import unicodedata
from typing import Final

from galen.knowledge.texts.writing import INVISIBLE

_WORD: Final = re.compile(r"[^\W\d_]+")
_GREEK_LIKE_LATIN: Final = frozenset(
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u03b9\u03bd\u03bf\u03c1\u03c5\u03c7"
)
"""Greek letters that pass for Latin ones; alpha, beta and the like are part of honest names."""


def disguise(name: str) -> str | None:
    """What is wrong with a name; None where it is what it looks like."""
    if name.isascii() and name.isprintable():
        return None if name.strip() else "is empty"
    for letter in name:
        if INVISIBLE.match(letter) or unicodedata.category(letter) == "Cc":
            return f"holds an unseen character, U+{ord(letter):04X}; delete it"
    for word in _WORD.findall(name):
        scripts = {_script(letter) for letter in word}
        if "CYRILLIC" in scripts and scripts & {"LATIN", "GREEK"}:
            return f"mixes scripts in {word!r}: {_letters(word, 'CYRILLIC')} is Cyrillic"
        greek = [letter for letter in word if letter in _GREEK_LIKE_LATIN]
        if "LATIN" in scripts and greek:
            return f"mixes scripts in {word!r}: {', '.join(greek)} is Greek"
    return None


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _letters(word: str, script: str) -> str:
    told = (f"{letter} (U+{ord(letter):04X})" for letter in word if _script(letter) == script)
    return ", ".join(dict.fromkeys(told))
