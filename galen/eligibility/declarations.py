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
        unknown = [
            any(-1 in rows for rows in said)
            for said in zip(states, medicines, allergies, strict=True)
        ]
        stages = [self._states([r["life_stage"]] if r.get("life_stage") else []) for _, r in pairs]
        return Circumstances(
            states=_known([a + b for a, b in zip(states, stages, strict=True)]),
            medicines=_known(medicines),
            allergies=_known(allergies),
            prescribed=_known([self._goods(words.prescriptions) for words in asked]),
            cart=_known([[row_of.get(item, -1) for item in words.cart] for words in asked]),
            bought=bought,
            unrecognised=np.array(unknown, bool),
            shared=np.array([words.discreet for words in asked], bool),
            refill=np.array([words.refill for words in asked], bool),
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


def _known(rows: Sequence[Sequence[int]]) -> Packed:
    """Without what is not known, and each once. A life stage unknown to the graph is no matter."""
    return Packed.of([[row for row in dict.fromkeys(some) if row >= 0] for some in rows])
