"""From a need in words to goods: query or life stage, to product words and ingredients, to items.

Knowledge chooses the word, popularity the item. What must not be shown is for eligibility to say.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.lookup import places_in_runs
from galen.features.item_facts import ItemFacts
from galen.knowledge.build import graph_of
from galen.knowledge.graph import Graph
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.schema import ConceptKind, Relation
from galen.knowledge.texts.concept_words import ConceptWords
from galen.pipeline.candidates import Candidates, Requests, no_candidates
from galen.recall.best import best_places
from galen.recall.popular import Popular

NEEDS: Final = (
    ConceptKind.SYMPTOM,
    ConceptKind.CONDITION,
    ConceptKind.PRODUCT_WORD,
    ConceptKind.INGREDIENT,
    ConceptKind.DRUG_CLASS,
    ConceptKind.LIFE_STAGE,
    ConceptKind.SEASON,
)
DIRECT, FOR_IT, FOR_ITS_CAUSE = 1.0, 0.8, 0.4
"""Weights: the goods that were named, goods for what was named, goods for what may cause it."""
STAGE: Final = 0.25
"""Weight of what is for a person's stage of life, beside what they ask for."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """`folder` is one of `galen knowledge build`; galen's own knowledge where it is empty.

    An item's score is the weight of the best way to it, and a little for how often it was taken.
    """

    folder: str = ""
    half_life: float | None = None

    def fit(self, data: Dataset) -> "KnowledgeIndex":
        graph = graph_of(self.folder)
        namer = ConceptWords.of(graph, ConceptKind.PRODUCT_WORD)
        facts = ItemFacts(data.catalogue, IngredientReader.of(graph), namer).columns
        item, column = np.nonzero(facts.concept >= 0)
        held = facts.concept[item, column]
        shape = len(graph), len(data.catalogue)
        holding = sparse.csr_matrix((np.ones(len(item)), (held, item)), shape)
        way, through = _ways(graph)
        reached = _best(way, through, holding)
        count = Popular(half_life=self.half_life).fit(data).count
        words = ConceptWords.of(graph, *NEEDS)
        return KnowledgeIndex(self, *reached, _share(count), words, graph.names)

    def load(self, folder: Path) -> "KnowledgeIndex":
        saved = load_file(folder / "knowledge.safetensors")
        facts = json.loads((folder / "names.json").read_text("utf-8"))
        shape = len(facts["names"]), len(saved["popularity"])
        parts = saved["weight"], saved["indices"], saved["indptr"]
        weight = sparse.csr_matrix(parts, shape)
        through = sparse.csr_matrix((saved["through"], *parts[1:]), shape)
        words = ConceptWords(facts["words"])
        return KnowledgeIndex(self, weight, through, saved["popularity"], words, facts["names"])


@dataclass(frozen=True, slots=True)
class KnowledgeIndex:
    """`Knowledge` after learning."""

    settings: Knowledge
    weight: sparse.csr_matrix  # (concepts, items): of the best way from a need to an item
    through: sparse.csr_matrix  # the same entries: 1 + the concept by which the item is reached
    popularity: Floats  # (items,) 0 … 1
    words: ConceptWords
    names: list[str]

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        """What is for the needs that a query names, then what is for the stage of life."""
        found = [self._found(requests, request, k) for request in range(len(requests))]
        if not any(len(items) for items, _ in found):
            return no_candidates(("score",))
        count = [len(items) for items, _ in found]
        score = np.concatenate([scores for _, scores in found])
        item = np.concatenate([items for items, _ in found])
        return Candidates(np.repeat(np.arange(len(found)), count), item, {"score": score})

    def _found(self, requests: Requests, request: int, k: int) -> tuple[Ints, Floats]:
        score = np.zeros(len(self.popularity))
        for need, weight in self._needs(requests, request):
            row = slice(self.weight.indptr[need], self.weight.indptr[need + 1])
            reached = self.weight.indices[row]
            score[reached] = np.maximum(score[reached], weight * self.weight.data[row])
        items = np.flatnonzero(score)
        total = score[items] + 0.1 * self.popularity[items]
        order = best_places(total, k)
        return items[order], total[order]

    def _needs(self, requests: Requests, request: int) -> list[tuple[int, float]]:
        query = None if requests.query is None else requests.query[request]
        stage = None if requests.life_stage is None else requests.life_stage[request]
        asked = [(need, 1.0) for need in dict.fromkeys(self.words.all_in(query or ""))]
        return asked + [(need, STAGE) for need in dict.fromkeys(self.words.all_in(stage or ""))]

    def why(self, requests: Requests, request: int) -> Callable[[int], str | None]:
        """The way from what was asked for to an item: "blocked nose → saline nasal spray"."""
        query = None if requests.query is None else requests.query[request]
        needs = list(dict.fromkeys(self.words.all_in(query or "")))

        def reason(item: int) -> str | None:
            best, said = 0.0, None
            for need in needs:
                row = slice(self.weight.indptr[need], self.weight.indptr[need + 1])
                place = np.flatnonzero(self.weight.indices[row] == item)
                if len(place) and self.weight.data[row][place[0]] > best:
                    best = float(self.weight.data[row][place[0]])
                    way = int(self.through.data[row][place[0]]) - 1
                    ends = self.names[need], self.names[way]
                    said = ends[0] if way == need else " → ".join(ends)
            return said

        return reason

    def save(self, folder: Path) -> None:
        tensors = {
            "weight": self.weight.data,
            "indices": self.weight.indices,
            "indptr": self.weight.indptr,
            "through": self.through.data,
            "popularity": self.popularity,
        }
        save_file(tensors, folder / "knowledge.safetensors")
        facts = {"names": self.names, "words": self.words.rows}
        (folder / "names.json").write_text(json.dumps(facts, ensure_ascii=False), "utf-8")


def _ways(graph: Graph) -> tuple[Floats, Ints]:
    """(ways, 3) weight by need and goods, as columns: weights (W,), and needs and goods (2, W)."""
    size = len(graph)
    itself = np.arange(size)
    head, tail, weight = [itself], [itself], [np.full(size, DIRECT)]
    wider = graph.wider.tocoo()
    head.append(wider.col.astype(np.int64))  # who names a class means its members
    tail.append(wider.row.astype(np.int64))
    weight.append(np.full(wider.nnz, FOR_IT))
    cause = graph.edges(Relation.SYMPTOM_OF)
    for relation in (Relation.INDICATES, Relation.TREATS_SYMPTOM, Relation.PEAKS_IN):
        edges = graph.edges(relation)
        head.append(edges.tail)
        tail.append(edges.head)
        weight.append(np.full(len(edges), FOR_IT))
        if relation is Relation.INDICATES:
            by_cause = sparse.csr_matrix(
                (np.ones(len(cause)), (cause.head, cause.tail)), (size, size)
            ) @ sparse.csr_matrix((np.ones(len(edges)), (edges.tail, edges.head)), (size, size))
            far = by_cause.tocoo()
            head.append(far.row.astype(np.int64))
            tail.append(far.col.astype(np.int64))
            weight.append(np.full(far.nnz, FOR_ITS_CAUSE))
    return np.concatenate(weight), np.stack([np.concatenate(head), np.concatenate(tail)])


def _best(
    weight: Floats, ends: Ints, holding: sparse.csr_matrix
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """The best way from each need to each item, and the goods that it leads through."""
    need, goods = ends
    count = np.diff(holding.indptr)[goods]
    entry = places_in_runs(holding.indptr[goods], count)
    item = holding.indices[entry].astype(np.int64)
    needs, by, values = (np.repeat(part, count) for part in (need, goods, weight))
    order = np.lexsort((by, -values, item, needs))
    needs, item, by, values = needs[order], item[order], by[order], values[order]
    first = np.ones(len(needs), bool)
    first[1:] = (needs[1:] != needs[:-1]) | (item[1:] != item[:-1])
    places = needs[first], item[first]
    reached = sparse.csr_matrix((values[first], places), holding.shape)
    through = sparse.csr_matrix((1.0 + by[first], places), holding.shape)
    return reached, through


def _share(count: Floats) -> Floats:
    """Popularity on a scale of logarithms, 1 for what was taken most."""
    logs = np.log1p(count)
    return np.asarray(logs / max(float(logs.max(initial=0.0)), 1e-9), np.float64)
