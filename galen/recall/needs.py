"""For people of whom little is known: from the context of a request to product words to SKUs.

Offline, each context has product words with weights: from a table that a language model or rules
wrote (`table = "needs"`), or counted from the shop's events. Online it is a lookup, and a context
that is not known backs off to a coarser one. Knowledge chooses the word, the recommender the SKU
(after LLM4CB of JD Health: a model names the needs of cohorts, a table serves them).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from galen.data.arrays import Floats, Ints
from galen.data.dataset import Dataset
from galen.data.enriched import OTHER, read_enriched
from galen.data.lookup import places_in_runs
from galen.data.schema import TAKEN
from galen.features.contexts.context_words import ContextKeys, ContextWords, K
from galen.features.contexts.contexts import ContextReader, Field
from galen.features.contexts.written_words import COLUMNS, ContextTable
from galen.features.words.item_words import TABLE as ITEMS
from galen.knowledge.build import graph_of
from galen.pipeline.candidates import Candidates, Requests, no_candidates
from galen.recall.popular import Popular
from galen.recall.seen import unseen

SHORTLIST: Final = 4
"""Times the SKUs that are wanted, of which a person's own are chosen."""
STRENGTH: Final = 20.0
"""Expected events with which the factor of brands is drawn to 1."""


@dataclass(frozen=True, slots=True)
class Needs:
    """`table` names a table of enrichments; where it is empty, contexts are counted from events.

    `fields` are those of the contexts that are counted. An item's score is the weight of its
    product word times its share of what is taken of that word; with `choose = "person"` also times
    a factor where the person took something of its brand. `strength` is in people, `half_life` in
    days, as in `popular`. `knowledge` is a folder of `galen knowledge build`.
    """

    table: str = ""  # of enrichments, with words of contexts; empty counts events
    fields: tuple[Field, ...] = (  # what a context tells of a person and a request
        "age",
        "life_stage",
        "season",
        "landing",
        "category",
    )
    words: int = 60  # of a context
    choose: Literal["popularity", "person"] = "popularity"  # person raises brands taken before
    half_life: float | None = None
    least_people: int = K  # of a context that is counted; rarer ones are coarsened
    strength: float = 300.0  # people that the shares of a wider context are worth
    repeat: bool = False
    knowledge: str = ""

    @property
    def tables(self) -> tuple[str, ...]:
        """The table of contexts, where one is named."""
        return (self.table,) if self.table else ()

    @property
    def tables_found(self) -> tuple[str, ...]:
        """Words of items, which contexts are told in."""
        return (ITEMS,)

    def fit(self, data: Dataset) -> "NeedsIndex":
        """Learn from a shop's events, and read the table where one is asked for.

        Raises:
            EnrichedError: the table is missing, cannot be read, or was made from later events.
        """
        graph = graph_of(self.knowledge)
        reader = ContextReader.of(data, graph, self.fields)
        found = _read(self, data, reader) if self.table else _counted(self, data, reader)
        count = Popular(half_life=self.half_life).fit(data).count
        word = reader.of_item["landing"]
        total = np.bincount(word + 1, count, len(reader.words["landing"]) + 1)
        within = np.where(word < 0, 0.0, count / np.maximum(total[word + 1], 1e-12))
        brand = np.asarray(data.catalogue.brand, np.int64).copy()
        factor = _brand_factor(data.of(*TAKEN), brand, count)
        return _index(self, found, within, brand, factor)

    def load(self, folder: Path) -> "NeedsIndex":
        saved = load_file(folder / "needs.safetensors")
        facts = json.loads((folder / "needs.json").read_text("utf-8"))
        found = ContextTable.restored(saved, facts)
        return _index(self, found, saved["within"], saved["brand"], float(saved["factor"][0]))


@dataclass(frozen=True)
class NeedsIndex:
    """`Needs` after learning."""

    settings: Needs
    reader: ContextReader
    keys: ContextKeys
    weight: sparse.csr_array  # (K, words)
    needs: list[str]  # of each entry of `weight`; none where they were counted
    within: Floats  # (items,) share of what is taken of an item's word
    brand: Ints  # (items,)
    factor: float  # of items of a brand that the person took before

    def answer(self, requests: Requests) -> "NeedsAnswer":
        return NeedsAnswer(self, requests)

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        row = self.keys.find(self.reader.asked(requests))
        kinds, kind = np.unique(row, return_inverse=True)
        personal = self.settings.choose == "person"
        longest = 0 if self.settings.repeat else int(requests.history.length.max(initial=0))
        most = (SHORTLIST * k if personal else k) + longest
        if not k or not len(row):
            return no_candidates(("score",))
        lists = [self._best(int(place), most) for place in kinds]
        request = np.repeat(np.arange(len(row)), [len(lists[place][0]) for place in kind])
        item = np.concatenate([lists[place][0] for place in kind])
        score = np.concatenate([lists[place][1] for place in kind])
        if personal:
            score = score * self.own(requests, request, item)
        whole = Candidates(request, item, {"score": score})
        return (whole if self.settings.repeat else unseen(requests, whole)).top(k, by="score")

    @cached_property
    def _shelf(self) -> tuple[Ints, Ints]:
        """Items that people took by word, the most taken first, and where each word begins."""
        word = self.reader.of_item["landing"]
        item = np.flatnonzero((self.within > 0) & (word >= 0))
        item = item[np.lexsort((item, -self.within[item], word[item]))]
        return item, np.searchsorted(word[item], np.arange(self.weight.shape[1] + 1))

    def _best(self, row: int, most: int) -> tuple[Ints, Floats]:
        """The best SKUs of a key, with their scores; of a word no more than its `most` first."""
        item, begins = self._shelf
        key = slice(*self.weight.indptr[row : row + 2].tolist()) if row >= 0 else slice(0)
        word = self.weight.indices[key]
        count = np.minimum(begins[word + 1] - begins[word], most)
        items = item[places_in_runs(begins[word], count)]
        score = np.repeat(self.weight.data[key], count) * self.within[items]
        items, score = items[score > 0], score[score > 0]
        if 0 < most < len(score):
            high = np.flatnonzero(score >= np.partition(score, -most)[-most])
            items, score = items[high], score[high]
        order = np.lexsort((items, -score))[:most]
        return items[order], score[order]

    def scores(self, row: Ints, item: Ints) -> Floats:
        """(N,): how likely an item is taken next in the contexts of rows; 0 where nobody did."""
        word = self.reader.of_item["landing"][item]
        known = (row >= 0) & (word >= 0)
        out = np.zeros(len(item))
        weight = self.weight[row[known], word[known]] if known.any() else np.empty(0)
        out[known] = np.asarray(weight, np.float64).reshape(-1) * self.within[item[known]]
        return out

    def own(self, requests: Requests, request: Ints, item: Ints) -> Floats:
        """(N,): the factor of each row, where the person took something of its brand."""
        taken = requests.taken
        known = taken.item < len(self.brand)
        brands = self.brand[taken.item[known]]
        brand = self.brand[item]
        width = 1 + max(int(brand.max(initial=-1)), int(brands.max(initial=-1)))
        theirs = (taken.request[known] * width + brands)[brands >= 0]
        same = (brand >= 0) & np.isin(request * width + brand, theirs)
        return np.where(same, self.factor, 1.0)

    def why(self, requests: Requests, request: int) -> Callable[[int], str | None]:
        """The way from a need to an item: "hay fever season → antihistamine tablets"."""
        if not self.needs:
            return lambda item: None
        row = int(self.keys.find(self.reader.asked(requests.part(request, request + 1)))[0])
        start, stop = (self.weight.indptr[row], self.weight.indptr[row + 1]) if row >= 0 else (0, 0)
        words = self.weight.indices[start:stop].tolist()
        need_of = dict(zip(words, self.needs[start:stop], strict=True))

        def reason(item: int) -> str | None:
            word = int(self.reader.of_item["landing"][item]) if item < len(self.within) else -1
            need = need_of.get(word, OTHER)
            return None if need == OTHER else f"{need} → {self.reader.words['landing'][word]}"

        return reason

    def save(self, folder: Path) -> None:
        found = ContextTable(self.reader, self.keys, self.weight, self.needs)
        own = {"within": self.within, "brand": self.brand, "factor": np.array([self.factor])}
        own = {name: np.ascontiguousarray(tensor) for name, tensor in own.items()}
        save_file(found.tensors | own, folder / "needs.safetensors")
        (folder / "needs.json").write_text(json.dumps(found.facts, ensure_ascii=False), "utf-8")


@dataclass(frozen=True, slots=True)
class NeedsAnswer:
    """How likely an item is taken in the context of a request; NaN where nobody took it."""

    index: NeedsIndex
    requests: Requests

    def best(self, k: int) -> Candidates:
        return self.index.retrieve(self.requests, k)

    def scores(self, candidates: Candidates) -> Floats:
        index = self.index
        out = np.full(len(candidates), np.nan)
        known = candidates.item < len(index.within)
        known[known] = index.within[candidates.item[known]] > 0
        request, item = candidates.request[known], candidates.item[known]
        row = index.keys.find(index.reader.asked(self.requests))
        out[known] = index.scores(row[request], item)
        if index.settings.choose == "person":
            out[known] *= index.own(self.requests, request, item)
        return out


def _index(
    settings: Needs, found: ContextTable, within: Floats, brand: Ints, factor: float
) -> NeedsIndex:
    learned = found.reader, found.keys, found.weight, found.needs
    return NeedsIndex(settings, *learned, within, brand, factor)


def _read(settings: Needs, data: Dataset, reader: ContextReader) -> ContextTable:
    """The words of the table, which may not know more than `data`."""
    table = read_enriched(data.enriched, settings.table, COLUMNS, known=data.extent)
    return ContextTable.of(table, reader, settings.words)


def _counted(settings: Needs, data: Dataset, reader: ContextReader) -> ContextTable:
    """The shares of the words that most people take in each context."""
    found = ContextWords.count(
        data, reader, least_people=settings.least_people, strength=settings.strength
    )
    words = found.share.shape[1]
    share = found.share if found.takers.any() else np.zeros_like(found.share)
    if settings.words < words:
        least = np.partition(share, -settings.words, axis=1)[:, -settings.words][:, None]
        share = np.where(share >= least, share, 0.0)
    return ContextTable(reader, found.keys, sparse.csr_array(share), [])


def _brand_factor(taken: Dataset, brand: Ints, count: Floats) -> float:
    """How much more often people take a brand that they took last, over what chance would be."""
    of_event = brand[taken.item]
    later = np.flatnonzero(taken.place > 0)
    last, now = of_event[later - 1], of_event[later]
    visit_apart = taken.item[later] != taken.item[later - 1]  # the same item is no choice of brand
    pairs = (last >= 0) & (now >= 0) & visit_apart
    counted = np.asarray(np.bincount(brand + 1, count), np.float64)[1:]
    share = counted / max(float(counted.sum()), 1e-12)
    expected = float(share[last[pairs]].sum())
    same = float((last[pairs] == now[pairs]).sum())
    return (same + STRENGTH) / (expected + STRENGTH)
