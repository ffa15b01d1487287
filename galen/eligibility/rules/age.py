"""Age limits: a person too young, or of unknown age, is not shown what has one."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools
from galen.data.catalogue import Catalogue
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class OldEnough:
    """An item whose limit is unknown is shown to nobody; 0 says that it has none."""

    catalogue: Catalogue
    rule: str = "age"
    reason: str = "it has an age limit that this person is not known to have reached"

    def keep(self, requests: Requests, candidates: Candidates) -> Bools:
        limit = self.catalogue.min_age[candidates.item]
        age = requests.age[candidates.request]
        return np.asarray((limit == 0) | (age >= limit))  # comparisons with NaN are false
