"""Labels that name a drug class: alone it may be any kind of it, beside one it says nothing more.

"Ibuprofen (NSAID)" holds ibuprofen, and no other medicine of that class.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from galen.data.arrays import Bools
from galen.features.item_facts import FactColumns, ItemFacts


@dataclass(slots=True)
class ClassLabels:
    """What items hold as rules read it, made anew where the facts changed."""

    facts: ItemFacts
    classes: Bools  # (concepts + 1,): which are drug classes
    narrower: sparse.csr_matrix  # (concepts, concepts): each with its kinds
    _made: tuple[FactColumns, FactColumns] | None = field(default=None)

    @property
    def columns(self) -> FactColumns:
        """The facts without classes of which the same label names a kind."""
        told = self.facts.columns
        made = self._made
        if made is None or made[0] is not told:
            made = told, self._read(told)
            self._made = made  # in one: channels that are late read and write it too
        return made[1]

    def _read(self, told: FactColumns) -> FactColumns:
        named = self.classes[told.concept]
        rows = np.flatnonzero(named.any(axis=1) & ((told.concept[:, 1:] >= 0).sum(axis=1) > 1))
        explained = [
            (row, place)
            for row in rows.tolist()
            for place in np.flatnonzero(named[row]).tolist()
            if self._explained(told, row, place)
        ]
        if not explained:
            return told
        concept = told.concept.copy()
        concept[tuple(np.array(explained).T)] = -1
        return replace(told, concept=concept)

    def _explained(self, told: FactColumns, row: int, place: int) -> bool:
        """Is one of the others a kind of the class? A guess explains no more than a guess."""
        concept, start = int(told.concept[row, place]), self.narrower.indptr
        kinds = self.narrower.indices[start[concept] : start[concept + 1]]
        others = told.concept[row, 1:]
        others = others[told.assumed[row, place] | ~told.assumed[row, 1:]]
        return bool(np.isin(others[others != concept], kinds).any())
