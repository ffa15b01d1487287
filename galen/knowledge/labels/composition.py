"""The composition of a product as it is printed, in parts: each one's name and strength."""

import re
from dataclasses import dataclass
from typing import Final

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.labels.strength import Strength, parse_strength
from galen.knowledge.texts.writing import one_form

CLOSED: Final = {"(": ")", "[": "]"}
PARTED: Final = re.compile(r"\s*(?:[;、\n]|,(?!\d)|,(?<!\d,)(?=\d+\s*[a-z])|(?<=\s)&(?=\s))\s*")
UNKNOWN: Final = frozenset({"", "na", "n/a", "none", "nil", "q.s.", "qs"})
EACH: Final = re.compile(r"(?P<names>[^()]*・[^()]*)各(?P<amount>[^()・]*)")
BRACKET: Final = re.compile(r"[(\[]([^()\[\]]*)(?:[)\]]|$)")
TRAILING: Final = re.compile(
    r"[\s:]+(?P<strength>-?\s*\d[\d.,]*\s*(?:%|[a-zµμ毫微国单]).*)$|"
    r"(?<=[\u3040-\u9fff])(?P<joined>\d[\d.,]*\s*(?:mg|g|μg|ml|iu|%|単位|毫克|克)\b.*)$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Ingredient:
    """One ingredient of a product, as written."""

    name: str
    other_names: tuple[str, ...] = ()  # given in brackets: "Vitamin B6 (Pyridoxine)"
    strength: Strength | None = None


def parse_composition(text: str) -> list[Ingredient]:
    """Split a composition into its parts; a part with nothing but a strength is none.

    Raises:
        KnowledgeError: an amount is negative or its unit is unknown.
    """
    return [part for piece in _pieces(one_form(text)) if (part := _part(piece)) is not None]


def _pieces(text: str) -> list[str]:
    """Parts between separators that stand outside brackets."""
    cuts, depth = [0], 0
    for place, letter in enumerate(text):
        depth += (letter in CLOSED) - (depth > 0 and letter in CLOSED.values())
        if letter == "+" and depth == 0:
            cuts += [place, place + 1]
    joined = [text[start:end] for start, end in zip(cuts[::2], [*cuts[1::2], None], strict=True)]
    return [piece for part in joined for piece in _split(part)]


def _split(part: str) -> list[str]:
    """Cut at commas and the like, though never inside brackets or a number."""
    pieces, start = [], 0
    for found in PARTED.finditer(part):
        before = part[: found.start()]
        if sum(before.count(opened) - before.count(CLOSED[opened]) for opened in CLOSED) > 0:
            continue
        pieces.append(part[start : found.start()])
        start = found.end()
    return [name for piece in [*pieces, part[start:]] for name in _each(piece)]


def _each(piece: str) -> list[str]:
    """The names of a Japanese list of equal amounts: "マオウ・キョウニン各200mg"."""
    found = EACH.fullmatch(piece)
    if found is None:
        return [piece]
    return [f"{name} {found['amount']}".strip() for name in found["names"].split("・")]


def _part(piece: str) -> Ingredient | None:
    strength, others = None, []
    for inside in BRACKET.findall(piece):
        word = inside.strip()
        if word.casefold() in UNKNOWN:
            continue
        read = _strength(word)
        if read is None:
            others.append(word)
        else:
            strength = read
    name = " ".join(BRACKET.sub(" ", piece).split()).strip(" .:-)]")
    found = TRAILING.search(name)
    if found is not None:
        amount = found["strength"] or found["joined"]
        strength = parse_strength(amount)
        name = name[: found.start()].strip(" :-")
    return Ingredient(name, tuple(others), strength) if name else None


def _strength(word: str) -> Strength | None:
    """A strength; nothing where the words in brackets are another name."""
    if not re.match(r"[-+]?\s*\.?\d", word):
        return None
    try:
        return parse_strength(word)
    except KnowledgeError:
        if len(re.sub(r"[-+\d.,\s]+", " ", word).split()) == 1:  # an amount of one odd word
            raise
        return None
