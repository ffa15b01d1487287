"""Only what can be bought now: sold out, or of unknown stock, is not shown."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools
from galen.data.catalogue import Catalogue
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class InStock:
    """Drops what is out of stock, and what has no known stock."""

    catalogue: Catalogue
    rule: str = "stock"
    reason: str = "it is sold out, or its stock is unknown"

    def keep(self, requests: Requests, candidates: Candidates) -> Bools:
        return np.asarray(self.catalogue.stock[candidates.item] > 0)  # NaN is not above 0
