"""No repeats of what was just bought, unless it may be needed again."""

from dataclasses import dataclass

import numpy as np

from galen.data.arrays import Floats
from galen.data.catalogue import Catalogue
from galen.data.schema import DAY, Kind
from galen.pipeline.candidates import Candidates, Histories, Requests


@dataclass(frozen=True, slots=True)
class BoughtRecently:
    """Takes out standard products that the person bought and cannot need yet, and what they hid.

    Where pack size and daily dose tell how long the packs bought last one person, that is until
    the share `used` of it is over; people may share, so it is less than all. Else it is `days`.
    Where the shop's clock is "order" a place in the history counts as a microsecond, so
    everything bought is recent.
    """

    catalogue: Catalogue
    days: float = 14.0  # that a purchase is left out where its supply is unknown
    used: float = 0.5  # share of a known supply after which it may return

    def rerank(self, requests: Requests, candidates: Candidates, n: int) -> Candidates:
        history, spu = requests.history, self.catalogue.spu
        recent = requests.at[history.request] - history.at < self._gone_for(history) * DAY
        bought = (history.kind == int(Kind.PURCHASE)) & recent
        gone = bought | (history.kind == int(Kind.HIDE))
        width = self.catalogue.spus
        taken_out = history.request[gone] * width + spu[history.item[gone]]
        key = candidates.request * width + spu[candidates.item]
        return candidates.take(~np.isin(key, taken_out))

    def _gone_for(self, history: Histories) -> Floats:
        """(H,) days for which an item is not shown once it was bought."""
        size, dose = self.catalogue.pack_size[history.item], self.catalogue.daily_dose[history.item]
        known = (size > 0) & (dose > 0)
        lasts = size * history.packs / np.where(known, dose, 1.0)
        return np.where(known, self.used * lasts, self.days)
