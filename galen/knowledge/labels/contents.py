"""What labels say a product holds: concepts and amounts from texts of ingredients."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from galen.data.arrays import Bools, Floats, Ints
from galen.knowledge.graph import Graph, KnowledgeError
from galen.knowledge.labels.composition import Ingredient, parse_composition
from galen.knowledge.labels.ingredient_names import How, IngredientNames
from galen.knowledge.labels.shipped_names import shipped_names
from galen.knowledge.labels.spelling import Spelling
from galen.knowledge.labels.strength import Strength
from galen.knowledge.labels.told_names import ToldNames
from galen.knowledge.schema import ConceptKind

MILLIGRAMS_A_PERCENT = 10.0
"""In a gram or millilitre of what holds 1 %."""


FORM: Final = re.compile(
    r"\s*(?:(?:as|eq|equiv\w*|equals?|corresp\w*|from|als|entspr\w*|aus|to|von|the|an?)\b[\s.:]*)+",
    re.I,
)
"""What begins words on the form or the amount of the ingredient before them, and names nothing."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The parts of texts such as "paracetamol 500 mg + caffeine 65 mg"."""

    text: Ints  # (P,) place among the texts
    concept: Ints  # (P,) row of the graph; -1 where it is not recognised
    milligrams: Floats  # (P,) of one unit of the pack; NaN where not said
    measured: Bools  # (P,) is that unit a gram or millilitre, and no tablet?


@dataclass(frozen=True, slots=True)
class IngredientReader:
    """Reads what catalogues write of ingredients, by the names of one graph."""

    names: IngredientNames
    told: ToldNames  # with drug classes, which a label may name instead
    classes: ToldNames  # these alone

    @classmethod
    def of(cls, graph: Graph) -> "IngredientReader":
        """By the ingredients and drug classes of a graph, and further names that galen ships."""
        names = IngredientNames(graph, Spelling.read(), shipped_names())
        told = ToldNames.of(graph, ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS)
        return cls(names, told, ToldNames.of(graph, ConceptKind.DRUG_CLASS))

    def read(self, texts: Sequence[str]) -> Contents:
        """All parts of all texts; a text that cannot be parsed is one part, not recognised.

        What is named within a part that is not recognised, or in brackets behind another name, is a
        part of its own without an amount: "500 mg ibuprofen", "salicylic acid (with ibuprofen)".
        """
        place: list[int] = []
        names: list[tuple[str, ...]] = []
        amounts: list[float] = []
        measured: list[bool] = []
        for number, text in enumerate(texts):
            for part in _parts(text):
                place.append(number)
                names.append((part.name, *part.other_names))
                amounts.append(milligrams_of(part.strength))
                measured.append(part.strength is not None and is_measured(part.strength))
        own = self.names.find([said[0] for said in names])
        found = own.concept
        more: list[tuple[int, int]] = []
        for row, (said, how) in enumerate(zip(names, own.how, strict=True)):
            every = self._part(said, int(found[row]), How(how))
            found[row] = every[0]
            more += [(place[row], one) for one in every[1:]]
        nothing = np.full(len(more), np.nan)
        return Contents(
            np.array([*place, *(number for number, _ in more)], np.int64),
            np.concatenate([found, np.array([one for _, one in more], np.int64)]),
            np.concatenate([np.array(amounts, np.float64), nothing]),
            np.array([*measured, *(False for _ in more)], bool),
        )

    def _part(self, said: Sequence[str], named: int, how: How) -> tuple[int, ...]:
        """What a part is of, -1 where that is not known, and whatever else it names, each once.

        A name in brackets is the part's own only where the words before them name nothing else.
        """
        sure = named >= 0 and how != How.FUZZY
        # One name of several: any may be meant, and of an ingredient's the class of that name, too.
        whole = (self.classes if sure else self.told).whole(said[0])
        own = whole[0] if whole and not sure else named
        others = (*whole, *(one for other in said[1:] for one in self._beside(other, said[0])))
        if own < 0:
            within = self.told.within(said[0])
            known = self.names.known(said[1:]).concept
            other = int(next(iter(known[known >= 0]), -1))
            own = other if set(within) <= {other} else -1
            others = (*within, *others)
        return (own, *(one for one in dict.fromkeys(others) if one != own))

    def _beside(self, text: str, name: str) -> Iterator[int]:
        """What a text in brackets behind a name names: other things, or forms of the same."""
        for part in _parts(text):
            for said in (part.name, *part.other_names):
                form = FORM.match(said)
                rest = said[form.end() :] if form else said
                known = self.names.known([f"{name} {rest}", rest] if form else [rest]).concept
                sure = known[known >= 0][:1].tolist()
                yield from sure or self.told.whole(rest) or self.told.within(said)


def milligrams_of(strength: Strength | None) -> float:
    """Milligrams in one unit of a pack: a tablet, or a millilitre or gram of what is measured out.

    NaN where the label does not say, or speaks of units that are no weight.
    """
    if strength is None:
        return float("nan")
    if strength.unit == "%":
        return strength.amount * MILLIGRAMS_A_PERCENT
    if strength.unit != "mg":
        return float("nan")
    if strength.per is None:
        return strength.amount
    if strength.per_unit == "mg":
        return strength.amount / strength.per * 1000
    return strength.amount / strength.per


def is_measured(strength: Strength) -> bool:
    """Is it told of what is measured out: "5 %", "120 mg/5 ml", and not of a tablet?"""
    return strength.unit == "%" or strength.per_unit in {"ml", "mg"}


def _parts(text: str) -> list[Ingredient]:
    try:
        return parse_composition(text)
    except KnowledgeError:
        return [Ingredient(text)]
