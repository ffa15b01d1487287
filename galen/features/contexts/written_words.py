"""Product words of contexts as a language model or rules wrote them, and the files that hold them.

The channel `needs` proposes by them, and rankers read how an item's word stands among them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from galen.data.arrays import Floats, Ints
from galen.features.contexts.context_words import ContextKeys
from galen.features.contexts.contexts import FIELDS, ContextReader, Field
from galen.knowledge.texts.concept_words import ConceptWords

COLUMNS: Final = ("key", "need", "product_word", "weight")
"""What is read of a table, whichever task wrote it."""


@dataclass(frozen=True)
class ContextTable:
    """Which words each context has, with weights; a context that is not known backs off."""

    reader: ContextReader
    keys: ContextKeys
    weight: sparse.csr_array  # (K, words)
    needs: list[str]  # of each entry of `weight`; none where words were counted

    @classmethod
    def of(cls, table: pa.Table, reader: ContextReader, most: int) -> "ContextTable":
        """The words of a table, of each key the `most` with the highest weights.

        Keys and words that the reader does not know are left out.
        """
        place = {name: code for code, name in enumerate(reader.words["landing"])}
        of_key = {key: reader.codes(key) for key in table["key"].unique().to_pylist()}
        rows: dict[str, dict[int, tuple[float, str]]] = {}
        for key, need, word, weight in zip(*(table[c].to_pylist() for c in COLUMNS), strict=True):
            if of_key[key] is not None and word in place and weight > 0:
                entry = rows.setdefault(key, {})
                entry[place[word]] = max(entry.get(place[word], (0.0, "")), (weight, need))
        sizes = np.array([len(reader.words[field]) + 1 for field in reader.fields], np.int64)
        known = sorted(rows, key=lambda key: of_key[key] or [])
        codes = np.array([of_key[key] for key in known], np.int64).reshape(len(known), len(sizes))
        entries = []
        for row, key in enumerate(known):
            best = sorted(rows[key].items(), key=lambda one: (-one[1][0], one[0]))[:most]
            entries += [(row, word, weight, need) for word, (weight, need) in sorted(best)]
        at = [entry[0] for entry in entries], [entry[1] for entry in entries]
        value = np.array([entry[2] for entry in entries], np.float64)
        weight = sparse.csr_array((value, at), (len(known), len(place)))
        needs = [entry[3] for entry in entries]
        return cls(reader, ContextKeys.of(codes, sizes), weight, needs)

    @classmethod
    def restored(
        cls, tensors: Mapping[str, npt.NDArray[Any]], facts: Mapping[str, Any]
    ) -> "ContextTable":
        """From what `tensors` and `facts` gave."""
        reader = ContextReader(
            tuple(facts["fields"]),
            {field: tuple(words) for field, words in facts["words"].items()},
            {field: tensors[f"of_item.{field}"] for field in ("landing", "category", "interest")},
            ConceptWords(facts["asked_for"]),
            bool(facts["clocked"]),
        )
        shape = len(tensors["codes"]), len(reader.words["landing"])
        weight = sparse.csr_array((tensors["weight"], tensors["indices"], tensors["indptr"]), shape)
        keys = ContextKeys.of(tensors["codes"], tensors["sizes"])
        return cls(reader, keys, weight, facts["needs"])

    @classmethod
    def nothing(cls, reader: ContextReader) -> "ContextTable":
        """A table without any context."""
        sizes = np.array([len(reader.words[field]) + 1 for field in reader.fields], np.int64)
        keys = ContextKeys.of(np.empty((0, len(sizes)), np.int64), sizes)
        return cls(reader, keys, sparse.csr_array((0, len(reader.words["landing"]))), [])

    def weight_of(self, row: Ints, word: Ints) -> Floats:
        """(N,): the weights of words (N,) in contexts, rows (N,) of `keys`; 0 where not named."""
        if not len(row):
            return np.empty(0)
        return np.asarray(self.weight[row, word], np.float64).reshape(-1)

    @property
    def tensors(self) -> dict[str, npt.NDArray[Any]]:
        """What is kept as arrays."""
        found = {
            "codes": self.keys.codes,
            "sizes": self.keys.sizes,
            "weight": self.weight.data,
            "indices": self.weight.indices,
            "indptr": self.weight.indptr,
            **{f"of_item.{field}": code for field, code in self.reader.of_item.items()},
        }
        return {name: np.ascontiguousarray(tensor) for name, tensor in found.items()}

    @property
    def facts(self) -> dict[str, Any]:
        """What is kept as JSON."""
        return {
            "fields": self.reader.fields,
            "words": self.reader.words,
            "asked_for": self.reader.asked_for.rows,
            "clocked": self.reader.clocked,
            "needs": self.needs,
        }


def fields_of(table: pa.Table) -> tuple[Field, ...]:
    """The fields that the keys of a table name, in their order."""
    named = {field for key in table["key"].unique().to_pylist() for field in json.loads(key)}
    return tuple(field for field in FIELDS if field in named)
