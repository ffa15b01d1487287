"""Licences end at borders: an item is shown where it may be sold."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Bools
from galen.data.catalogue import Catalogue
from galen.pipeline.candidates import Candidates, Requests

EVERYWHERE = "*"


@dataclass(frozen=True, slots=True)
class SoldInRegion:
    """A person whose region is unknown sees only what is sold everywhere."""

    catalogue: Catalogue
    rule: str = "region"
    reason: str = "it may not be sold in this region, or its regions are unknown"

    def keep(self, requests: Requests, candidates: Candidates) -> Bools:
        names = sorted({region for region in requests.region if region is not None})
        code = {name: place for place, name in enumerate(names)}
        unknown = len(names)
        asked = np.array([code.get(r or "", unknown) for r in requests.region], np.int64)
        sold = np.zeros((len(self.catalogue.region_sets), len(names) + 1), bool)
        for place, regions in enumerate(self.catalogue.region_sets):
            everywhere = EVERYWHERE in regions
            sold[place] = [everywhere or name in regions for name in names] + [everywhere]
        regions_of_item = self.catalogue.regions[candidates.item]
        kept = np.zeros(len(candidates), bool)
        known = regions_of_item >= 0
        kept[known] = sold[regions_of_item[known], asked[candidates.request[known]]]
        return kept
