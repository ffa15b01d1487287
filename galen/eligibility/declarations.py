"""What people declare, in words, as rows of the graph in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from galen.eligibility.premises import Premises
from galen.knowledge.labels.ingredient_names import IngredientNames
from galen.pipeline.circumstances import Bought, Circumstances, Packed

STATE_KINDS: Final = ("condition", "population", "life_stage", "symptom")
MEDICINE_KINDS: Final = ("ingredient", "drug_class")
PREGNANCY: Final = "population:pregnancy"
ALSO: Final = {"life_stage:expecting a baby": PREGNANCY}
"""Life stages that are a state by another name: rules and red flags speak of the state alone."""


@dataclass(frozen=True, slots=True)
class RequestWords:
    """What is said of one request, beside the record of its person."""

    cart: Sequence[str] = ()  # item_ids
    conditions: Sequence[str] = ()
    medicines: Sequence[str] = ()
    allergies: Sequence[str] = ()
    prescriptions: Sequence[str] = ()
    discreet: bool = False
    refill: bool = False


@dataclass(frozen=True, slots=True)
class Declarations:
    """Words become concepts; a word that the graph does not know is remembered as such."""

    premises: Premises
    names: IngredientNames

    def of(
        self, asked: Sequence[RequestWords], records: Sequence[Mapping[str, Any]], bought: Bought
    ) -> Circumstances:
        """The circumstances of requests, each of a person with a record of schema USERS."""
        row_of = self.premises.catalogue.row_of
        pairs = list(zip(asked, records, strict=True))
        states = [self._states([*w.conditions, *(r.get("conditions") or ())]) for w, r in pairs]
        medicines = [self._goods([*w.medicines, *(r.get("medicines") or ())]) for w, r in pairs]
        allergies = [self._goods([*w.allergies, *(r.get("allergies") or ())]) for w, r in pairs]
        carts = [[row_of.get(item, -1) for item in words.cart] for words in asked]
        unknown = [
            any(-1 in rows for rows in said)
            for said in zip(states, medicines, allergies, carts, strict=True)
        ]
        stages = [self._states([r["life_stage"]] if r.get("life_stage") else []) for _, r in pairs]
        return Circumstances(
            states=_known([a + b for a, b in zip(states, stages, strict=True)]),
            medicines=_known(medicines),
            allergies=_known(allergies),
            prescribed=_known([self._goods(words.prescriptions) for words in asked]),
            cart=Packed.of([[row for row in rows if row >= 0] for rows in carts]),
            bought=bought,
            unrecognised=np.array(unknown, bool),
            shared=np.array([words.discreet for words in asked], bool),
            refill=np.array([words.refill for words in asked], bool),
        )

    def _states(self, words: Sequence[str]) -> list[int]:
        rows = [row for word in words for row in self._rows(word, STATE_KINDS)]
        also = {self.premises.row(stage): self.premises.row(state) for stage, state in ALSO.items()}
        return rows + [also[row] for row in rows if row >= 0 and also.get(row, -1) >= 0]

    def _goods(self, words: Sequence[str]) -> list[int]:
        """Ingredients and classes; what neither is, is looked for among names of ingredients."""
        said = {word: self._rows(word, MEDICINE_KINDS) for word in words}
        lost = [word for word, rows in said.items() if rows == [-1]]
        found = self.names.find(lost).concept.tolist() if lost else []
        said |= {word: [row] for word, row in zip(lost, found, strict=True)}
        return [row for word in words for row in self._with_namesakes(word, said[word])]

    def _with_namesakes(self, word: str, rows: Sequence[int]) -> list[int]:
        """Where no concept is meant by its id: a class may have the name of an ingredient."""
        graph = self.premises.graph
        if word in graph.row_of:
            return list(rows)
        names = [graph.ids[row].partition(":")[2] for row in rows if row >= 0]
        others = [row for name in names for row in self._rows(name, MEDICINE_KINDS)]
        return list(dict.fromkeys([*rows, *others]))

    def _rows(self, word: str, kinds: Sequence[str]) -> list[int]:
        """All that a word may mean, since any of it may be why something must not be shown."""
        name = " ".join(word.lower().split())
        rows = [self.premises.row(id_) for id_ in (name, *(f"{kind}:{name}" for kind in kinds))]
        return [row for row in rows if row >= 0] or [-1]


def _known(rows: Sequence[Sequence[int]]) -> Packed:
    """Without what is not known, and each once. A life stage unknown to the graph is no matter."""
    return Packed.of([[row for row in dict.fromkeys(some) if row >= 0] for some in rows])
