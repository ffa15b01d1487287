"""The shop's own switch: a hidden item is shown to nobody."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools
from galen.data.catalogue import Catalogue
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class NotHidden:
    """Drops what the catalogue hides, and what it does not say of."""

    catalogue: Catalogue
    rule: str = "hidden"
    reason: str = "the shop has hidden it, or has not said that it may be shown"

    def keep(self, requests: Requests, candidates: Candidates) -> Bools:
        return np.asarray(self.catalogue.hidden[candidates.item] == 0)  # NaN is not 0
