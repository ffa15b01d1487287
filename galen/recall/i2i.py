"""What goes with what a person has: from an item to its product word, to related words, to SKUs.

After DeepI2I and LLM-KERec (Zhao et al., 2024): a language model, or rules, relate the words
offline; a learned weight chooses the SKU. An item that nobody took is reached by its word.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse

from galen.data.arrays import Floats, Ints, Singles
from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.features.item_text import TextEncoder, said_of
from galen.features.words.item_words import TABLE as ITEMS
from galen.features.words.item_words import ItemWords, holds_of
from galen.features.words.word_pairs import Window, WordPairs, together, values_at
from galen.knowledge.build import graph_of
from galen.knowledge.word_relations import WordRelations
from galen.pipeline.candidates import Candidates, Requests
from galen.recall.item_pairs.lessons import lessons_of, parted
from galen.recall.item_pairs.related_words import TABLE as RELATIONS
from galen.recall.item_pairs.related_words import (
    From,
    RelatedWords,
    reasons_of,
    related_words,
    strongest_partners,
)
from galen.recall.item_pairs.shelves import weights_of
from galen.recall.item_pairs.weights import FEATURES, PairFacts, fitted
from galen.recall.votes import VotesAnswer, best_by_block, voted


@dataclass(frozen=True, slots=True)
class I2i:
    """Complements, and substitutes too if wanted, of a person's newest `recent` items and cart.

    Relations of words come from the shop's table `relations` where it has one. Without it, rules
    over the graph and the events make them, which `relations = "table"` refuses. `folder` is one
    of `galen knowledge build`; galen's own knowledge where it is empty.
    """

    relations: From = "auto"  # of words: the shop's table, rules, or the table where there is one
    substitutes: bool = False  # may what replaces an item be proposed too?
    folder: str = ""
    window: int = 5  # events
    days: float = 30.0  # between two events that are together
    words: int = 60  # partners of a word
    shelf: int = 5000  # items of all partners that are weighed
    neighbours: int = 100
    size: int = 256  # numbers of what is said of an item
    recent: int = 5
    decay: float = 0.7
    repeat: bool = False
    seed: int = 0

    @property
    def tables(self) -> tuple[str, ...]:
        """The table of relations, where nothing else will do."""
        return (RELATIONS,) if self.relations == "table" else ()

    @property
    def tables_found(self) -> tuple[str, ...]:
        """Words of items, and relations unless rules alone are to say them."""
        return (ITEMS,) if self.relations == "rules" else (ITEMS, RELATIONS)

    def fit(self, data: Dataset) -> "I2iIndex":
        """Relate the words, learn the weights, and keep the best items beside each.

        Raises:
            EnrichedError: a table is wanted and missing, or was made from events not in `data`.
        """
        graph = graph_of(self.folder)
        words = ItemWords.of(data.catalogue, graph, data.enriched, data.extent)
        known = WordRelations.of(graph, words.concept, holds_of(words, data.catalogue, graph))
        text = self._text(data)
        older, newest = parted(data)
        facts = self._facts(older, data, words, known, text)
        lessons = lessons_of(data, newest, facts, self._window, self.seed)
        learned = fitted(*lessons.rows(facts))
        facts = self._facts(data, data, words, known, text)
        weights = weights_of(facts, learned, self.shelf, self.neighbours, self.seed)
        unsafe = facts.related.unsafe
        said = {} if self.relations == "rules" else reasons_of(data, words)
        return I2iIndex(self, weights, words.of_item, unsafe, learned, words.names, said)

    @property
    def _window(self) -> Window:
        return Window(self.window, self.days)

    def _facts(
        self,
        counted: Dataset,
        whole: Dataset,
        words: ItemWords,
        known: WordRelations,
        text: Singles,
    ) -> PairFacts:
        """What is counted in some events; a table is held against all that are known."""
        pairs = WordPairs.of(counted, words.of_item, len(words), self._window)
        related = related_words(whole, words, pairs, known, self.relations)
        related = self._wanted(related, pairs)
        taken = counted.of(*TAKEN)
        count = np.bincount(taken.item, minlength=len(whole.catalogue)).astype(np.float64)
        brand = whole.catalogue.brand.copy()
        times = _times(taken, self._window, len(whole.catalogue))
        return PairFacts.of(words, related, pairs, count, brand, text, times)

    def _wanted(self, related: RelatedWords, pairs: WordPairs) -> RelatedWords:
        if not self.substitutes:
            related = related.take(np.flatnonzero(~related.substitute))
        lift = pairs.lift(related.source, related.target)
        return related.take(strongest_partners(related, lift, self.words))

    def _text(self, data: Dataset) -> Singles:
        """(items, size) of length 1, 0 where nothing is said."""
        said = said_of(data.catalogue)
        vectors = TextEncoder.fit(said, self.size, self.seed).vectors(said)
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(length, 1e-12), np.float32)

    def load(self, folder: Path) -> "I2iIndex":
        saved = load_file(folder / "i2i.safetensors")
        facts = json.loads((folder / "i2i.json").read_text("utf-8"))
        items, words = len(saved["word"]), len(facts["words"])
        weights = sparse.csr_array(
            (saved["weight"], saved["target"], saved["offsets"]), shape=(items, items)
        )
        ends = saved["apart"]
        unsafe = sparse.csr_array((np.ones(ends.shape[1], bool), tuple(ends)), (words, words))
        learned = np.array([facts["weights"][name] for name in FEATURES])
        said = {(one, other): text for one, other, text in facts["said"]}
        return I2iIndex(self, weights, saved["word"], unsafe, learned, tuple(facts["words"]), said)


@dataclass(frozen=True)
class I2iIndex:
    """`I2i` after learning."""

    settings: I2i
    weights: sparse.csr_array  # (items, items): how likely the column is wanted beside the row
    word: Ints  # (items,) -1 where an item has none
    unsafe: sparse.csr_array  # (words, words)
    learned: Floats  # (FEATURES,)
    words: tuple[str, ...]
    said: Mapping[tuple[int, int], str]  # of words: why the second goes with the first

    @cached_property
    def _of_word(self) -> sparse.csr_array:
        rows = np.flatnonzero(self.word >= 0)
        shape = len(self.word), len(self.words)
        return sparse.csr_array((np.ones(len(rows)), (rows, self.word[rows])), shape)

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        return best_by_block(self.answer, requests, k)

    def answer(self, requests: Requests) -> VotesAnswer:
        had = self._had(requests)
        votes = voted(had, self.weights)
        apart = voted(voted(had, self._of_word), self.unsafe)
        request = np.repeat(np.arange(len(requests)), np.diff(votes.indptr))
        word = self.word[votes.indices]
        votes.data[values_at(apart, request, word) > 0] = 0.0
        return VotesAnswer(votes, requests, self.settings.repeat)

    def why(self, requests: Requests, request: int) -> Callable[[int], str | None]:
        """Why an item goes with what a person has, as the table says, or "razor → shaving foam"."""
        had = self._had(requests.part(request, request + 1))
        mine = had.indices.astype(np.int64)
        beside = sparse.csc_array(self.weights[mine]) if len(mine) else None

        def reason(item: int) -> str | None:
            if beside is None or item >= len(self.word):
                return None
            column = slice(beside.indptr[item], beside.indptr[item + 1])
            weight = had.data[beside.indices[column]] * beside.data[column]
            if not len(weight) or weight.max() <= 0:
                return None
            best = mine[beside.indices[column][weight.argmax()]]
            one, other = int(self.word[best]), int(self.word[item])
            return self.said.get((one, other)) or f"{self.words[one]} → {self.words[other]}"

        return reason

    def _had(self, requests: Requests) -> sparse.csr_array:
        """(R, items): the newest items of a history, an older one counting less, and the cart."""
        history, items = requests.taken.latest(self.settings.recent), len(self.word)
        request, item = history.request, history.item
        weight = self.settings.decay ** history.age_rank.astype(np.float64)
        if requests.circumstances is not None:
            cart = requests.circumstances.cart
            request = np.concatenate([request, cart.request])
            item = np.concatenate([item, cart.values])
            weight = np.concatenate([weight, np.ones(len(cart.values))])
        known = item < items
        places = request[known], item[known]
        return sparse.csr_array((weight[known], places), shape=(len(requests), items))

    def save(self, folder: Path) -> None:
        apart = sparse.coo_array(self.unsafe)
        save_file(
            {
                "weight": self.weights.data,
                "target": self.weights.indices.astype(np.int32),
                "offsets": self.weights.indptr.astype(np.int32),
                "word": self.word,
                "apart": np.stack([apart.row, apart.col]).astype(np.int64),
            },
            folder / "i2i.safetensors",
        )
        weights = dict(zip(FEATURES, self.learned.tolist(), strict=True))
        said = [[one, other, text] for (one, other), text in sorted(self.said.items())]
        facts = {"words": self.words, "weights": weights, "said": said}
        written = json.dumps(facts, ensure_ascii=False)
        (folder / "i2i.json").write_text(written, "utf-8")


def _times(taken: Dataset, window: Window, items: int) -> sparse.csr_array:
    """(items, items): how often two items were taken within the window, whichever came first."""
    width = max(items, 1)
    keys = [np.empty(0, np.int64)]
    for first, second in together(taken, window):
        one, other = taken.item[first].astype(np.int64), taken.item[second].astype(np.int64)
        keys.append((np.minimum(one, other) * width + np.maximum(one, other))[one != other])
    pair, times = np.unique(np.concatenate(keys), return_counts=True)
    places = pair // width, pair % width
    half = sparse.csr_array((times.astype(np.float64), places), shape=(items, items))
    return sparse.csr_array(half + half.T)
