"""What a request and the record of its person declare, as rows of the graph in use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from galen.eligibility.premises import Premises
from galen.knowledge.ingredient_names import IngredientNames
from galen.pipeline.circumstances import Bought, Circumstances, Packed
from galen.serve.messages import RecommendRequest

STATE_KINDS: Final = ("condition", "population", "life_stage", "symptom")
MEDICINE_KINDS: Final = ("ingredient", "drug_class")


@dataclass(frozen=True, slots=True)
class Declarations:
    """Words become concepts; a word that the graph does not know is remembered as such."""

    premises: Premises
    names: IngredientNames

    def of(
        self, asked: RecommendRequest, record: Mapping[str, Any], bought: Bought
    ) -> Circumstances:
        """The circumstances of one request."""
        catalogue = self.premises.catalogue
        cart = [catalogue.row_of[item] for item in asked.cart if item in catalogue.row_of]
        states = self._states([*asked.conditions, *(record.get("conditions") or ())])
        life_stage = record.get("life_stage")
        if life_stage is not None:  # one that the graph does not know says nothing of health
            states += [row for row in self._states([life_stage]) if row >= 0]
        medicines = self._goods([*asked.medicines, *(record.get("medicines") or ())])
        allergies = self._goods([*asked.allergies, *(record.get("allergies") or ())])
        prescribed = self._goods(asked.prescriptions)
        unknown = -1 in states or -1 in medicines or -1 in allergies
        return Circumstances(
            states=_known(states),
            medicines=_known(medicines),
            allergies=_known(allergies),
            prescribed=_known(prescribed),
            cart=Packed.of([cart]),
            bought=bought,
            unrecognised=np.array([unknown]),
            shared=np.array([asked.discreet]),
            refill=np.array([asked.purpose == "refill"]),
        )

    def _states(self, words: Sequence[str]) -> list[int]:
        return [self._row(word, STATE_KINDS) for word in words]

    def _goods(self, words: Sequence[str]) -> list[int]:
        """Ingredients and classes; what neither is, is looked for among names of ingredients."""
        rows = [self._row(word, MEDICINE_KINDS) for word in words]
        lost = [word for word, row in zip(words, rows, strict=True) if row < 0]
        found = iter(self.names.find(lost).concept.tolist() if lost else ())
        return [next(found) if row < 0 else row for row in rows]

    def _row(self, word: str, kinds: Sequence[str]) -> int:
        name = " ".join(word.lower().split())
        return max(self.premises.row(name), *(self.premises.row(f"{k}:{name}") for k in kinds))


def _known(rows: Sequence[int]) -> Packed:
    return Packed.of([[row for row in dict.fromkeys(rows) if row >= 0]])
