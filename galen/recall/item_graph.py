"""Items that follow each other in people's histories: a co-transition graph, built by counting."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.pipeline.candidates import (
    Candidates,
    Histories,
    Requests,
    no_candidates,
    place_within,
    stacked,
)
from galen.recall.seen import unseen


@dataclass(frozen=True, slots=True)
class ItemGraph:
    """Pairs at distance d within `window` count 1/d forward and `backward`/d the other way.

    A weight is divided by degree(source)^`source_power` and degree(target)^`target_power`, which
    keeps popular items from answering everything. A person's newest `recent` items vote with
    weight `decay`^place.
    """

    window: int = 3
    backward: float = 0.5
    source_power: float = 0.5
    target_power: float = 0.25
    recent: int = 5
    decay: float = 0.7
    repeat: bool = False  # may items of the history be proposed again?
    neighbours: int = 300  # kept for each item

    def fit(self, data: Dataset) -> "ItemGraphIndex":
        taken = data.of(*TAKEN)
        items = len(data.catalogue)
        graph = sparse.csr_array((items, items), dtype=np.float64)
        for distance in range(1, self.window + 1):
            same = taken.user[distance:] == taken.user[:-distance]
            source, target = taken.item[:-distance][same], taken.item[distance:][same]
            weight = np.full(len(source), 1.0 / distance)
            forward = sparse.csr_array((weight, (source, target)), shape=(items, items))
            graph = graph + forward + self.backward * forward.T
        graph.setdiag(0)
        graph.eliminate_zeros()
        return ItemGraphIndex(self, _strongest(self._normalised(graph.tocsr()), self.neighbours))

    def _normalised(self, graph: sparse.csr_array) -> sparse.csr_array:
        out_degree = np.maximum(graph.sum(axis=1), 1e-12)
        in_degree = np.maximum(graph.sum(axis=0), 1e-12)
        left = sparse.diags_array(out_degree**-self.source_power)
        right = sparse.diags_array(in_degree**-self.target_power)
        return sparse.csr_array(left @ graph @ right)

    def load(self, folder: Path) -> "ItemGraphIndex":
        saved = load_file(folder / "graph.safetensors")
        items = len(saved["offsets"]) - 1
        arrays = (saved["weight"], saved["target"], saved["offsets"])
        return ItemGraphIndex(self, sparse.csr_array(arrays, shape=(items, items)))


@dataclass(frozen=True, slots=True)
class ItemGraphIndex:
    """The counted graph; row = source item, column = target item."""

    settings: ItemGraph
    graph: sparse.csr_array  # (items, items)

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        taken = requests.taken
        parts = [
            self._retrieve(requests, taken, start, min(start + 4096, len(requests)), k)
            for start in range(0, len(requests), 4096)
        ]
        if not parts:
            return no_candidates(("score",))
        return stacked(parts)

    def _retrieve(
        self, requests: Requests, history: Histories, start: int, stop: int, k: int
    ) -> Candidates:
        first, last = history.offsets[start], history.offsets[stop]
        row = history.request[first:last] - start
        item, rank = history.item[first:last], history.age_rank[first:last]
        known = item < self.graph.shape[0]
        voting = known & (rank < self.settings.recent)
        shape = (stop - start, self.graph.shape[0])
        votes = sparse.csr_array(
            (self.settings.decay ** rank[voting], (row[voting], item[voting])), shape=shape
        )
        scores = votes @ self.graph
        found = np.repeat(np.arange(stop - start), np.diff(scores.indptr))
        item = scores.indices.astype(np.int64)
        whole = Candidates(found + start, item, {"score": scores.data})
        if not self.settings.repeat:
            whole = unseen(requests, whole)
        return whole.top(k, by="score")

    def save(self, folder: Path) -> None:
        save_file(
            {
                "weight": self.graph.data,
                "target": self.graph.indices.astype(np.int32),
                "offsets": self.graph.indptr.astype(np.int32),
            },
            folder / "graph.safetensors",
        )


def _strongest(graph: sparse.csr_array, count: int) -> sparse.csr_array:
    """Each row's `count` largest weights."""
    row = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
    order = np.lexsort((graph.indices, -graph.data, row))
    kept = np.sort(order[place_within(row) < count])
    offsets = np.searchsorted(row[kept], np.arange(graph.shape[0] + 1))
    arrays = (graph.data[kept], graph.indices[kept], offsets)
    return sparse.csr_array(arrays, shape=graph.shape)
