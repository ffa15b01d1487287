"""Prescription class by surface: what a pharmacist must hand over is not offered to passers-by."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from galen.data.arrays import Bools
from galen.data.catalogue import RX_CLASSES, Catalogue
from galen.data.schema import RxClass, Surface
from galen.pipeline.candidates import Candidates, Requests

ALLOWED: Final = {
    RxClass.NONE: frozenset(Surface),
    RxClass.OTC: frozenset(Surface),
    RxClass.PHARMACIST: frozenset(
        {Surface.SEARCH, Surface.CART, Surface.DETAIL, Surface.POST_PRESCRIPTION}
    ),
    RxClass.PRESCRIPTION: frozenset[Surface](),
}
"""Where each class may be shown. Prescription medicine is recommended nowhere: China's Order 58
of 2022 keeps it off discovery pages, EU Directive 2001/83 art. 88 forbids advertising it, and an
unlock by a prescription needs knowledge of the molecule."""


@dataclass(frozen=True, slots=True)
class PrescriptionBySurface:
    """Unknown classes and unknown surfaces are never allowed."""

    catalogue: Catalogue
    rule: str = "prescription"
    reason: str = "its prescription class may not be offered here"

    def keep(self, requests: Requests, candidates: Candidates) -> Bools:
        allowed = np.zeros((len(RX_CLASSES) + 1, len(Surface) + 1), bool)  # last row: unknown
        for rx_class, surfaces in ALLOWED.items():
            allowed[RX_CLASSES.index(rx_class), [int(s) for s in surfaces]] = True
        surface = requests.surface[candidates.request]
        known = (surface >= 0) & (surface < len(Surface))
        return np.asarray(
            allowed[self.catalogue.rx_class[candidates.item], np.where(known, surface, -1)]
        )
