"""An encoder whose every vector is known, and catalogues that it reads."""

from datetime import UTC, datetime

import numpy as np
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.data.enriched import read_enriched
from galen.enrich.vectors import TextVectors, write_vectors

NOW = datetime(2026, 11, 28, tzinfo=UTC)
LATER = datetime(2026, 11, 29, tzinfo=UTC)


class Letters:
    """How often each letter stands in a text; counts what it was asked."""

    def __init__(self, name="letters:1", letters="abcdefghijklmnopqrstuvwxyz", turn=0.0):
        self.name, self.letters, self.turn, self.asked = name, letters, turn, []

    def embed(self, texts):
        self.asked += texts
        counts = np.array([[t.count(c) for c in self.letters] for t in texts], np.float32)
        return counts + self.turn * counts[:, ::-1]


def catalogue(titles):
    return Catalogue(items_table([{"item_id": i, "title": t} for i, t in titles.items()]))


def written(folder, titles, embedder, now=NOW, **settings):
    return write_vectors(catalogue(titles), folder, embedder, now, TextVectors(**settings))


def table(folder):
    found = read_enriched(folder, "vectors", ["item", "vector", "digest"])
    return {row["item"]: row for row in found.to_pylist()}
