"""What the caller of one request wants to see, as a filter of the pipeline."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools, Ints
from galen.data.catalogue import Catalogue
from galen.pipeline.candidates import Candidates, Requests
from galen.serve.messages import SlateFilter


@dataclass(frozen=True, slots=True)
class Wanted:
    """True where an item is of a wanted category, brand and price, and not excluded.

    An item whose brand, category or price is unknown is not of a wanted one.
    """

    catalogue: Catalogue
    asked: SlateFilter
    without_spu: Ints | None = None  # standard products that are on the slate already

    rule: str = "request"
    reason: str = "it is not what the request asked for"

    def keep(self, requests: Requests, candidates: Candidates) -> Bools:
        return self.allowed(candidates.item)

    def allowed(self, item: Ints) -> Bools:
        """(N,): which of these items are wanted."""
        catalogue, asked = self.catalogue, self.asked
        keep = np.ones(len(item), bool)
        if asked.category:
            wanted = set(asked.category)
            paths = catalogue.path_words
            codes = [code for code, path in enumerate(paths) if not wanted.isdisjoint(path)]
            keep &= np.isin(catalogue.path[item], codes)
        if asked.brand:
            known = {word: code for code, word in enumerate(catalogue.brand_words)}
            codes = [known[word] for word in asked.brand if word in known]
            keep &= np.isin(catalogue.brand[item], codes)
        if asked.price_min is not None:
            keep &= catalogue.price[item] >= asked.price_min
        if asked.price_max is not None:
            keep &= catalogue.price[item] <= asked.price_max
        if asked.exclude:
            rows = [catalogue.row_of[name] for name in asked.exclude if name in catalogue.row_of]
            keep &= ~np.isin(item, rows)
        if self.without_spu is not None:
            keep &= ~np.isin(catalogue.spu[item], self.without_spu)
        return keep
