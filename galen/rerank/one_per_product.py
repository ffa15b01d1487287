"""At most one SKU of each standard product: a slate of six packs of one tablet helps nobody."""

from dataclasses import dataclass

import numpy as np

from galen.data.catalogue import Catalogue
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class OnePerProduct:
    """Keeps the best SKU of each SPU, in the order given."""

    catalogue: Catalogue

    def rerank(self, requests: Requests, candidates: Candidates, n: int) -> Candidates:
        spu = self.catalogue.spu
        key = candidates.request * (int(spu.max(initial=0)) + 1) + spu[candidates.item]
        _, first = np.unique(key, return_index=True)
        return candidates.take(np.sort(first))
