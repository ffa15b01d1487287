"""What a tokenizer reads of each item: who takes it, its attributes, its text; whitened, joined."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from galen.data.arrays import Bools, Ints, Singles
from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.features.directions import spread_out
from galen.features.item_text import word_weights, words_of
from galen.features.item_vectors import read_encoded
from galen.features.tokenizing.semantic_ids import SemanticIdError

Source = Literal["taken", "attributes", "text", "encoded"]


@dataclass(frozen=True, slots=True)
class Given:
    """Vectors made elsewhere, such as a language model's or a channel's factors."""

    name: str
    vectors: Singles  # (items, d)
    there: Bools  # (items,): false where nothing is known, whatever the vector says


@dataclass(frozen=True, slots=True)
class ItemVectors:
    """`sources` are laid beside each other, each with `size` numbers of equal spread.

    `taken`: which items are taken near each other (positive pointwise mutual information, as in
    Levy and Goldberg, NIPS 2014). `attributes`: brand, category path. `text`: words of the title.
    `encoded`: vectors of the shop's table, laid last.
    A source of which an item has nothing gives it the mean, 0; with `indicator`, one number more
    for each source says so.
    """

    sources: tuple[Source, ...] = ("taken", "attributes", "text")
    size: int = 64
    window: int = 5  # places from one item to another that is near it, at most
    whiten: float = 0.5  # 1 spreads all directions alike, 0 leaves them as they are
    indicator: bool = False

    def fit(self, data: Dataset, seed: int, given: Sequence[Given] = ()) -> Singles:
        """(items, d) of a catalogue, from what is known in `data` and from what is `given`.

        Raises:
            SemanticIdError: what is given is not of the catalogue, or a number is NaN or infinite.
            EnrichedError: `encoded` is a source, and its table is missing or cannot be used.
        """
        made = {"taken": self._taken, "attributes": self._attributes, "text": self._text}
        parts: list[Singles] = []
        if "encoded" in self.sources:
            encoded = read_encoded(data)
            given = [*given, Given(encoded.encoder, encoded.vectors, encoded.there)]
        for name in (name for name in self.sources if name != "encoded"):
            matrix = made[name](data)
            there = np.diff(matrix.indptr) > 0
            vectors, _ = spread_out(matrix, there, self.size, self.whiten, seed)
            parts += self._with_indicator(vectors, there)
        for source in given:
            dense = _checked(source, data.catalogue.ids)
            there = source.there
            vectors, _ = spread_out(dense, there, self.size, self.whiten, seed)
            parts += self._with_indicator(vectors, there)
        if not parts:
            return np.zeros((len(data.catalogue), 1), np.float32)
        return np.concatenate(parts, axis=1)

    def _with_indicator(self, part: Singles, there: Bools) -> list[Singles]:
        """A source's numbers, and where asked for one that says of which items it has none."""
        missing = (~there).astype(np.float32)[:, None]
        parts = [part, missing - missing.mean(axis=0)] if self.indicator else [part]
        return [part for part in parts if part.any()]

    def _taken(self, data: Dataset) -> sparse.csr_array:
        taken = data.of(*TAKEN)
        items = len(data.catalogue)
        pairs = sparse.csr_array((items, items), dtype=np.float64)
        for distance, earlier, later in taken.pairs(self.window):
            weight = np.full(len(earlier), 1.0 / distance)
            places = (taken.item[earlier], taken.item[later])
            one = sparse.csr_array((weight, places), shape=(items, items))
            pairs = pairs + one + one.T
        pairs.setdiag(0)
        pairs.eliminate_zeros()
        whole = sparse.coo_array(pairs)
        degree = np.maximum(np.asarray(pairs.sum(axis=1)).ravel(), 1e-12)
        smoothed = degree**0.75  # as in the paper: rare items would else look alike
        row, column = whole.coords
        chance = degree[row] * smoothed[column] / smoothed.sum()
        information = np.maximum(np.log(whole.data / chance), 0)
        return sparse.csr_array((information, (row, column)), shape=(items, items))

    def _attributes(self, data: Dataset) -> sparse.csr_array:
        catalogue = data.catalogue
        columns = (catalogue.brand, catalogue.category, catalogue.department, catalogue.path)
        return sparse.csr_array(sparse.hstack([_one_hot(codes) for codes in columns]))

    def _text(self, data: Dataset) -> sparse.csr_array:
        return word_weights([words_of(title or "") for title in data.catalogue.titles])


def _one_hot(codes: Ints) -> sparse.csr_array:
    """(items, words) with 1 / √(items of the word) where an item has it."""
    rows = np.flatnonzero(codes >= 0)
    found = codes[rows]
    counts = np.bincount(found, minlength=int(codes.max(initial=0)) + 1)
    weight = 1 / np.sqrt(np.maximum(counts, 1))[found]
    return sparse.csr_array((weight, (rows, found)), shape=(len(codes), len(counts)))


def _checked(source: Given, items: Sequence[str]) -> Singles:
    """Its vectors, 0 where nothing is known."""
    if source.vectors.ndim != 2 or not len(source.vectors) == len(source.there) == len(items):
        raise SemanticIdError(
            f"the vectors {source.name!r} have shape {source.vectors.shape}, {len(source.there)} "
            f"rows are said to be there or not; the catalogue has {len(items)} items."
        )
    wrong = source.there & ~np.isfinite(source.vectors).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise SemanticIdError(
            f"the vector {source.name!r} of item {items[row]!r} (row {row}) holds NaN or infinity; "
            "mend it, or say that it is not there."
        )
    return np.where(source.there[:, None], source.vectors, 0).astype(np.float32)
