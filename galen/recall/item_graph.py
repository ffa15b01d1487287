"""Items that follow each other in people's histories: a co-transition graph, built by counting."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.recall.votes import ItemVotes, strongest


@dataclass(frozen=True, slots=True)
class ItemGraph:
    """Pairs at distance d within `window` count 1/d forward and `backward`/d the other way.

    A weight is divided by degree(source)^`source_power` and degree(target)^`target_power`, which
    keeps popular items from answering everything. A person's newest `recent` items vote with
    weight `decay`^place.
    """

    window: int = 3  # places from one item to the other at most
    backward: float = 0.5  # weight of the way back, as a share of the way forward
    source_power: float = 0.5  # of the source's degree that divides weights; 0 does not
    target_power: float = 0.25  # of the target's degree; more holds popular items back
    recent: int = 5
    decay: float = 0.7
    repeat: bool = False
    neighbours: int = 300

    def fit(self, data: Dataset) -> ItemVotes:
        taken = data.of(*TAKEN)
        items = len(data.catalogue)
        graph = sparse.csr_array((items, items), dtype=np.float64)
        for distance, earlier, later in taken.pairs(self.window):
            weight = np.full(len(earlier), 1.0 / distance)
            places = (taken.item[earlier], taken.item[later])
            forward = sparse.csr_array((weight, places), shape=(items, items))
            graph = graph + forward + self.backward * forward.T
        graph.setdiag(0)
        graph.eliminate_zeros()
        return ItemVotes(self, strongest(self._normalised(graph.tocsr()), self.neighbours))

    def _normalised(self, graph: sparse.csr_array) -> sparse.csr_array:
        out_degree = np.maximum(graph.sum(axis=1), 1e-12)
        in_degree = np.maximum(graph.sum(axis=0), 1e-12)
        left = sparse.diags_array(out_degree**-self.source_power)
        right = sparse.diags_array(in_degree**-self.target_power)
        return sparse.csr_array(left @ graph @ right)

    def load(self, folder: Path) -> ItemVotes:
        return ItemVotes.load(self, folder)
