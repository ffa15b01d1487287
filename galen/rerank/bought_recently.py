"""No repeats of what was just bought, unless it is due again."""

from dataclasses import dataclass

import numpy as np

from galen.data.catalogue import Catalogue
from galen.data.schema import DAY, Kind
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class BoughtRecently:
    """Takes out standard products that the person bought within `days`, and what they hid.

    Where the shop's clock is "order" a place in the history counts as a microsecond, so
    everything bought is recent.
    """

    catalogue: Catalogue
    days: float = 14.0

    def rerank(self, requests: Requests, candidates: Candidates, n: int) -> Candidates:
        history, spu = requests.history, self.catalogue.spu
        age = requests.at[history.request] - history.at
        recent = age < self.days * DAY
        bought = (history.kind == int(Kind.PURCHASE)) & recent
        gone = bought | (history.kind == int(Kind.HIDE))
        width = int(spu.max(initial=0)) + 1
        taken_out = history.request[gone] * width + spu[history.item[gone]]
        key = candidates.request * width + spu[candidates.item]
        return candidates.take(~np.isin(key, taken_out))
