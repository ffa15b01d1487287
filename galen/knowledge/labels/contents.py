"""What labels say a product holds: concepts and amounts from texts of ingredients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Floats, Ints
from galen.knowledge.graph import Graph, KnowledgeError
from galen.knowledge.labels.composition import Ingredient, parse_composition
from galen.knowledge.labels.ingredient_names import IngredientNames
from galen.knowledge.labels.shipped_names import shipped_names
from galen.knowledge.labels.spelling import Spelling
from galen.knowledge.labels.strength import Strength
from galen.knowledge.schema import ConceptKind

MILLIGRAMS_A_PERCENT = 10.0
"""In a gram or millilitre of what holds 1 %."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The parts of texts such as "paracetamol 500 mg + caffeine 65 mg"."""

    text: Ints  # (P,) place among the texts
    concept: Ints  # (P,) row of the graph; -1 where it is not recognised
    milligrams: Floats  # (P,) of one unit of the pack; NaN where not said


@dataclass(frozen=True, slots=True)
class IngredientReader:
    """Reads what catalogues write of ingredients, by the names of one graph."""

    names: IngredientNames
    classes: dict[str, int]  # drug classes and the like, which a label may name instead

    @classmethod
    def of(cls, graph: Graph) -> "IngredientReader":
        """By the ingredients and drug classes of a graph, and further names that galen ships."""
        names = IngredientNames(graph, Spelling.read(), shipped_names())
        rows = graph.of_kind(ConceptKind.DRUG_CLASS).tolist()
        return cls(names, {graph.names[row].lower(): row for row in rows})

    def read(self, texts: Sequence[str]) -> Contents:
        """All parts of all texts; a text that cannot be parsed is one part, not recognised."""
        place: list[int] = []
        names: list[tuple[str, ...]] = []
        amounts: list[float] = []
        for number, text in enumerate(texts):
            for part in _parts(text):
                place.append(number)
                names.append((part.name, *part.other_names))
                amounts.append(milligrams_of(part.strength))
        found = self.names.find_any(names).concept
        for row in np.flatnonzero(found < 0).tolist():
            found[row] = self.classes.get(names[row][0].lower(), -1)
        return Contents(np.array(place, np.int64), found, np.array(amounts, np.float64))


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


def _parts(text: str) -> list[Ingredient]:
    try:
        return parse_composition(text)
    except KnowledgeError:
        return [Ingredient(text)]
