"""Shelves, carts and people for `benchmarks.baskets`: made up, random, or a real list of goods."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.eligibility_oracle import Goods
from benchmarks.health_world import Words, catalogue_of, draw_shelf
from galen.data.arrays import Ints
from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.schema import ITEMS, Kind
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.data.synthetic.words import WORDS
from galen.knowledge.build import built_in
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.stages import Retriever
from galen.recall.item_graph import ItemGraph

MOST_IN_CART, MOST_MEDICINES = 6, 10
UNKNOWN: Final = 0.03
"""Share of declared medicines with a name that nobody knows."""
STRANGE: Final = "essence of qwxyz"


@dataclass(frozen=True, slots=True)
class Basket:
    """One person at the till, as drawn; concepts are ids, goods are rows of the shelf."""

    age: float  # NaN where not told
    states: tuple[str, ...]
    medicines: tuple[str, ...]
    unknown: int  # medicines that were declared by a name nobody knows
    cart: tuple[int, ...]

    @property
    def said_states(self) -> list[str]:
        return [state.partition(":")[2] for state in self.states]

    @property
    def said_medicines(self) -> list[str]:
        named = [medicine.partition(":")[2] for medicine in self.medicines]
        return named + [f"{STRANGE} {number}" for number in range(self.unknown)]


@dataclass(frozen=True)
class Shelf:
    """Goods, what is bought together, and what people say of themselves."""

    name: str
    catalogue: Catalogue
    goods: Sequence[Goods]
    carts: Sequence[Ints]  # rows that one person bought, to draw carts from
    people: Sequence[tuple[float, tuple[str, ...], tuple[str, ...]]]  # age, states, medicines
    channel: Retriever


def draw_baskets(
    shelf: Shelf, words: Words, count: int, random: np.random.Generator
) -> list[Basket]:
    """People with carts; to the medicines that somebody declared come others, to 10 at most."""
    drawn = []
    for _ in range(count):
        age, states, medicines = shelf.people[int(random.integers(len(shelf.people)))]
        elderly = age >= 65
        more = min(int(random.poisson(4.0 if elderly else 1.0)), MOST_MEDICINES - len(medicines))
        unknown = int(random.binomial(max(more, 0), UNKNOWN))
        others = random.choice(words.drugs, max(more - unknown, 0), replace=False)
        together = shelf.carts[int(random.integers(len(shelf.carts)))]
        most = min(MOST_IN_CART, len(together))
        size = int(random.integers(1, most + 1))
        cart = random.choice(together, size, replace=False)
        every = tuple(dict.fromkeys([*medicines, *map(str, others)]))
        drawn.append(Basket(age, states, every, unknown, tuple(cart.tolist())))
    return drawn


def synthetic(folder: Path, seed: int) -> Shelf:
    """The synthetic shop: carts of what a person bought, people as they declare themselves."""
    settings = SyntheticSettings(users=5000, items=1000, days=180, seed=seed)
    shop = synthesize(folder, settings, lambda *_: None)
    data = Dataset.read(shop)
    bought = data.of(Kind.PURCHASE)
    parts = np.split(bought.item, np.flatnonzero(np.diff(bought.user)) + 1)
    users = shop.read("users")
    known = set(built_in().ids)
    people = []
    for record in users.select(["age", "conditions", "medicines"]).to_pylist():
        if record["conditions"] is not None:
            age = np.nan if record["age"] is None else float(record["age"])
            kinds = ("condition", "population")
            states = [_first(word, kinds, known) for word in record["conditions"]]
            medicines = [f"ingredient:{word}" for word in record["medicines"]]
            people.append((age, tuple(states), tuple(medicines)))
    by_noun = {word.noun: word for word in WORDS}
    goods = [_made_up(row, by_noun, known) for row in shop.read("items").to_pylist()]
    carts = [np.unique(part).astype(np.int64) for part in parts]
    channel = ItemGraph(repeat=True).fit(data)
    return Shelf("synthetic shop", data.catalogue, goods, carts, people, channel)


def random_shelf(words: Words, random: np.random.Generator, items: int = 1000) -> Shelf:
    """Goods of one to three ingredients that rules speak of, and people of all ages."""
    goods = draw_shelf(words, items, random)
    catalogue = catalogue_of(goods, words)
    carts = [random.integers(0, items, MOST_IN_CART) for _ in range(5000)]
    return Shelf("random shelf", catalogue, goods, carts, _anybody(words, random), Anything(items))


def listed(file: Path, words: Words) -> Shelf:
    """A real list of medicines by its column Composition; their class is set to "otc"."""
    random = np.random.default_rng(0)
    texts = pq.read_table(file, columns=["Composition"])["Composition"].to_pylist()
    texts = list(dict.fromkeys(text for text in texts if text))
    records: list[dict[str, Any]] = [
        {"item_id": str(n), "title": f"no. {n}", "ingredients": [text], "rx_class": "otc"}
        | {"stock": 5, "hidden": False, "regions": ["*"], "min_age": 0, "price": 5.0}
        for n, text in enumerate(texts)
    ]
    read = words.reader.read(texts)
    concepts: list[list[str]] = [[] for _ in texts]
    for place, concept in zip(read.text.tolist(), read.concept.tolist(), strict=True):
        if concept >= 0:
            concepts[place].append(words.graph.ids[concept])
    goods = [
        Goods(tuple(c), (np.nan,) * len(c), "otc", bool(c), (), True, str(n))
        for n, c in enumerate(concepts)
    ]
    carts = [random.integers(0, len(texts), MOST_IN_CART) for _ in range(5000)]
    catalogue = Catalogue(pa.Table.from_pylist(records, schema=ITEMS))
    people = _anybody(words, random)
    return Shelf(file.stem, catalogue, goods, carts, people, Anything(len(texts)))


def _anybody(
    words: Words, random: np.random.Generator
) -> list[tuple[float, tuple[str, ...], tuple[str, ...]]]:
    people = []
    for _ in range(5000):
        states = random.choice(words.states, int(random.integers(0, 4)), replace=False)
        medicines = random.choice(words.drugs, int(random.integers(0, 5)), replace=False)
        age = np.nan if random.random() < 0.1 else float(random.integers(18, 95))
        people.append((age, tuple(map(str, states)), tuple(map(str, medicines))))
    return people


def _made_up(row: dict[str, Any], by_noun: dict[str, Any], known: set[str]) -> Goods:
    """Goods as the generator's word table has them, without the reader of labels."""
    noun = row["description"].partition(" (")[0].lower()
    word = next(word for name, word in by_noun.items() if name.lower() == noun)
    held = [f"ingredient:{name}" for name in word.ingredients]
    concepts = [c for c in (f"product_word:{noun}", *held) if c in known]
    amounts = (np.nan,) * len(concepts)
    return Goods(
        tuple(concepts), amounts, row["rx_class"], True, tuple(row["category"]), True, "spu"
    )


def _first(word: str, kinds: Sequence[str], known: set[str]) -> str:
    return next(f"{kind}:{word}" for kind in kinds if f"{kind}:{word}" in known)


@dataclass(frozen=True)
class Anything:
    """A channel that proposes items at random, others for each request."""

    items: int

    def retrieve(self, requests: Requests, k: int) -> Candidates:
        random = np.random.default_rng(requests.seed.tolist())
        item = random.integers(0, self.items, (len(requests), k))
        item = np.sort(item, axis=1)
        fresh = np.ones(item.shape, bool)
        fresh[:, 1:] = item[:, 1:] != item[:, :-1]
        request, place = np.nonzero(fresh)
        score = random.random(len(request))
        return Candidates(request, item[request, place], {"score": score}).top(k, by="score")

    def save(self, folder: Path) -> None:
        """Nothing is kept."""
