"""One spelling for one name: what differs only in writing is folded, what may deceive is marked."""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

from galen.knowledge.texts.writing import INVISIBLE, one_form, without_accents

AMOUNT = re.compile(r"(?<=[\u3040-\u30ff\u3400-\u9fff])\d+$")  # left of a cut strength
LATIN = re.compile(r"[a-z]")
FOREIGN = re.compile(r"[\u0370-\u052f]")  # Greek and Cyrillic
EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
SPACES = re.compile(r"\s+")
NO_LETTER = re.compile(r"[^\w%]+|_")
ALKALI = frozenset({"sodium", "potassium", "disodium", "monosodium"})
ROTATIONS = (("(+)", " plus "), ("(-)", " minus "), ("(±)", " racemic "), ("(+/-)", " racemic "))


class Mark(StrEnum):
    """What was odd about the writing of a name."""

    NONE = ""
    FOLDED = "folded"  # look-alike letters or invisible signs were replaced
    REFUSED = "refused"  # a word mixes scripts in a way that cannot be read


@dataclass(frozen=True, slots=True)
class Folded:
    """A name as it is compared: small letters and digits, words parted by one space."""

    text: str
    mark: Mark = Mark.NONE


@dataclass(frozen=True, slots=True)
class SaltWords:
    """What names a salt, ester or hydrate before or after the name of an ingredient."""

    after: tuple[str, ...]  # longest first
    before: tuple[str, ...]
    never_left: frozenset[str]  # a rest that is one of these is no ingredient

    @classmethod
    def of(cls, table: dict[str, Any]) -> "SaltWords":
        """From a table of salts.toml: lists of words `after`, `before` and `never_left`."""
        after, before = (
            tuple(sorted(table[side], key=len, reverse=True)) for side in ("after", "before")
        )
        return cls(after, before, frozenset(table["never_left"]))


@dataclass(frozen=True, slots=True)
class Spelling:
    """Rules of writing, read once and used for names of a vocabulary and of a list alike."""

    pieces: tuple[tuple[str, str], ...]
    look_alikes: dict[str, str]
    greek: dict[str, str]
    latin: SaltWords
    joined: tuple[SaltWords, ...]  # of scripts that do not part words: Japanese, Chinese

    @classmethod
    def read(cls) -> "Spelling":
        """The rules that galen ships."""
        folder = files("galen.knowledge") / "names"
        rules = tomllib.loads((folder / "spelling.toml").read_text("utf-8"))
        salts = tomllib.loads((folder / "salts.toml").read_text("utf-8"))
        return cls(
            tuple((rule["from"], rule["to"]) for rule in rules["pieces"]),
            rules["look_alikes"],
            rules["greek"],
            SaltWords.of(salts["latin"]),
            (SaltWords.of(salts["japanese"]), SaltWords.of(salts["chinese"])),
        )

    def fold(self, name: str) -> Folded:
        """The spelling under which a name is looked up; empty where it holds no letter."""
        mark = Mark.FOLDED if INVISIBLE.search(name) else Mark.NONE
        text = without_accents(one_form(name).casefold())
        for sign, word in ROTATIONS:
            text = text.replace(sign, word)
        words = []
        for word in NO_LETTER.sub(" ", text).split():
            folded = self._one_script(word)
            if folded is None:
                return Folded(SPACES.sub(" ", text).strip(), Mark.REFUSED)
            if folded != word and word not in self.greek:
                mark = Mark.FOLDED
            words.append(folded)
        text = " ".join(words)
        for piece, inn in self.pieces:
            text = text.replace(piece, inn)
        return Folded(text.replace(" ", "") if EAST_ASIAN.search(text) else text, mark)

    def _one_script(self, word: str) -> str | None:
        if not FOREIGN.search(word):
            return word
        if word in self.greek:
            return self.greek[word]
        if EAST_ASIAN.search(word):  # γオリザノール: the letter is a locant
            return "".join(self.greek.get(letter, letter) for letter in word)
        if not LATIN.search(word):
            alike = "".join(self.look_alikes.get(letter, letter) for letter in word)
            return alike if not FOREIGN.search(alike) else word  # a word of one other script
        folded = "".join(self.look_alikes.get(letter, letter) for letter in word)
        return None if FOREIGN.search(folded) else folded

    def bases(self, text: str) -> list[str]:
        """What a folded name may be a salt of, nearest first; empty where it is no salt."""
        found = self._joined_bases(text) if EAST_ASIAN.search(text) else self._latin_bases(text)
        return list(dict.fromkeys(found))

    def _latin_bases(self, text: str) -> list[str]:
        words, found = text.split(), []
        salts, led = frozenset(self.latin.after), frozenset(self.latin.before)
        while len(words) > 1 and words[-1] in salts:
            words = words[:-1]
            found.append(" ".join(words))
        words_led = text.split()
        while len(words_led) > 1 and words_led[0] in led:
            words_led = words_led[1:]
            found.append(" ".join(words_led))
        both = [word for word in words if word not in led]
        if len(words) > len(both) > 0:
            found.append(" ".join(both))
        barred = self.latin.never_left | salts
        found = [base for base in found if not set(base.split()) <= barred]
        alkali = not ALKALI.isdisjoint(text.split())
        return found + [acid for base in found if alkali and (acid := acid_of(base))]

    def _joined_bases(self, text: str) -> list[str]:
        found = []
        barred = frozenset[str]().union(*(one.never_left | {*one.before} for one in self.joined))
        bare = AMOUNT.sub("", text)
        for salts in self.joined:
            rest, last = bare, ""
            while rest != last:
                last = rest
                rest = _cut(rest, salts)
                if rest != last and rest not in barred:
                    found.append(rest)
        return [bare, *found] if bare != text else found


def acid_of(base: str) -> str | None:
    """The acid of an anion, valproate to valproic acid; nothing where the name is none."""
    stem = re.fullmatch(r"(\w{4,})ate", base)
    return f"{stem[1]}ic acid" if stem else None


def _cut(text: str, salts: SaltWords) -> str:
    for word in salts.after:
        if text.endswith(word) and len(text) > len(word):
            return text.removesuffix(word)
    for word in salts.before:
        if text.startswith(word) and len(text) > len(word):
            return text.removeprefix(word)
    return text
