"""Random shelves and people for rules of health, drawn from what galen's own knowledge knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from benchmarks.eligibility_oracle import Goods, Person
from galen.data.catalogue import Catalogue
from galen.data.schema import DAY, ITEMS, Surface
from galen.knowledge.graph import Graph
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.pack import SHIPPED, Pack, read_pack
from galen.knowledge.schema import ConceptKind, Relation
from galen.pipeline.candidates import Requests, no_histories
from galen.pipeline.circumstances import Bought, Circumstances, Packed

NOW = 1_780_000_000_000_000
CLASSES = ("none", "otc", "pharmacist", "prescription", None)
CLASS_SHARES = (0.35, 0.35, 0.15, 0.1, 0.05)
AMOUNTS = (5, 10, 30, 60, 200, 500)
TITLES = (
    *(
        "Help with depression",
        "HIV-advice",
        "性健康 100",
        "For thrush",
        "Lubricant, eye drops beside",
    ),
    *(
        "Hives and impressions",
        "Deep care",
        "Song thrush feed",
        "Lubricant eye gel",
        "Piles of fun",
    ),
)
"""What titles say beside the product word; the first five tell of people, but the harmless ones."""
CATEGORIES = ("medicines", "devices", "sexual health", "mental health", "care", "避孕")


@dataclass(frozen=True)
class Words:
    """What may be drawn: concepts that rules speak of are drawn more often than others."""

    graph: Graph
    reader: IngredientReader
    drugs: Sequence[str]  # ids of ingredients whose name the reader finds
    words: Sequence[str]  # ids of product words
    states: Sequence[str]
    classes: Sequence[str]
    read: Sequence[str]  # ids of those classes that the reader finds by their name

    @classmethod
    def of(cls, graph: Graph, reader: IngredientReader) -> "Words":
        """Ingredients of the seed's relations and those of severe interactions."""
        ids = graph.ids
        weight = np.zeros(len(graph))
        for relation in (Relation.CONTRAINDICATED_FOR, Relation.INTERACTS_WITH, Relation.IS_A):
            edges = graph.edges(relation)
            strong = edges.severity >= 3 if relation is not Relation.IS_A else edges.head >= 0
            np.add.at(weight, edges.head[strong], 1)
        rows = graph.of_kind(ConceptKind.INGREDIENT)
        rows = rows[np.argsort(-weight[rows], kind="stable")][:250]
        names = [graph.names[row] for row in rows]
        found = reader.read(names)
        same = [int(c) == row for c, row in zip(found.concept, rows, strict=True)]
        classes = graph.of_kind(ConceptKind.DRUG_CLASS)
        return cls(
            graph,
            reader,
            [ids[row] for row, right in zip(rows, same, strict=True) if right],
            [ids[row] for row in graph.of_kind(ConceptKind.PRODUCT_WORD)],
            [
                ids[row]
                for row in graph.of_kind(
                    ConceptKind.CONDITION, ConceptKind.POPULATION, ConceptKind.LIFE_STAGE
                )
            ],
            [ids[row] for row in classes],
            [
                ids[row]
                for row in classes
                if reader.read([f"{graph.names[row]} 5 mg"]).concept.tolist() == [row]
            ],
        )


def draw_shelf(words: Words, items: int, random: np.random.Generator) -> list[Goods]:
    """Goods of every class, some sold out, hidden or of unknown contents."""
    shelf = []
    for number in range(items):
        rx_class = CLASSES[random.choice(len(CLASSES), p=CLASS_SHARES)]
        count = int(random.integers(0, 4)) if rx_class == "none" else int(random.integers(1, 4))
        drugs = list(random.choice(words.drugs, count, replace=False))
        if random.random() < 0.2:  # a class: of its own, in place of what it holds, or beside it
            drugs = [*drugs[int(random.integers(0, 2)) :], str(random.choice(words.read))]
        amounts = [float(random.choice(AMOUNTS)) * 20 for _ in drugs]
        if random.random() < 0.15 and amounts:
            amounts[0] = float("nan")
        word = [random.choice(words.words)] if random.random() < 0.5 else []
        shelf.append(
            Goods(
                concepts=(*word, *drugs),
                milligrams=(*(0.0 for _ in word), *amounts),
                rx_class=rx_class,
                recognised=bool(random.random() > 0.1),
                category=(str(random.choice(CATEGORIES)),),
                sellable=bool(random.random() > 0.15),
                spu=f"spu {number // 2}",
                title=str(random.choice(TITLES)) if random.random() < 0.2 else "",
            )
        )
    return shelf


def catalogue_of(shelf: Sequence[Goods], words: Words) -> Catalogue:
    """The shelf as a shop would write it, ingredients in words."""
    import pyarrow as pa

    name_of = dict(zip(words.graph.ids, words.graph.names, strict=True))
    records: list[dict[str, Any]] = []
    for number, goods in enumerate(shelf):
        texts = [
            name_of[concept] if np.isnan(amount) else f"{name_of[concept]} {amount / 20:g} mg"
            for concept, amount in zip(goods.concepts, goods.milligrams, strict=True)
            if not concept.startswith("product_word:")
        ]
        if not goods.recognised:
            texts.append("essence of qwxyz")
        title = [name_of[c] for c in goods.concepts if c.startswith("product_word:")]
        records.append(
            {
                "item_id": str(number),
                "spu_id": goods.spu,
                "title": " ".join([*title, goods.title, f"no. {number}"]),
                "category": list(goods.category),
                "ingredients": texts,
                "rx_class": goods.rx_class,
                "pack_size": 20.0,
                "pack_unit": "tablets",
                "stock": 5 if goods.sellable else 0,
                "hidden": False,
                "regions": ["*"],
                "min_age": 0,
                "price": 5.0,
            }
        )
    return Catalogue(pa.Table.from_pylist(records, schema=ITEMS))


def draw_people(words: Words, items: int, people: int, random: np.random.Generator) -> list[Person]:
    """People of all ages, most with something declared, a cart, and purchases of before."""

    def some(among: Sequence[str], most: int) -> tuple[str, ...]:
        return tuple(str(w) for w in random.choice(among, int(random.integers(0, most + 1))))

    taken = [*words.drugs, *words.classes]  # people tell of "statins" as of simvastatin
    drawn = []
    for _ in range(people):
        cart = random.integers(0, items, int(random.integers(0, 4)))
        bought = [
            (
                int(random.integers(0, items)),
                int(random.integers(0, 60)),
                float(random.integers(1, 4)),
            )
            for _ in range(int(random.integers(0, 4)))
        ]
        drawn.append(
            Person(
                surface=Surface(int(random.integers(0, len(Surface)))),
                age=None if random.random() < 0.1 else float(random.integers(0, 95)),
                states=some(words.states, 3),
                medicines=some(taken, 4),
                allergies=some(taken, 2),
                prescribed=some(taken, 3),
                cart=tuple(cart.tolist()),
                bought=tuple(bought),
                unrecognised=bool(random.random() < 0.1),
                shared=bool(random.random() < 0.2),
            )
        )
    return drawn


def requests_of(people: Sequence[Person], graph: Graph) -> Requests:
    """The same people as the pipeline takes them."""
    row = graph.row_of
    bought = [person.bought for person in people]
    flat = [one for some in bought for one in some]
    return Requests(
        user=np.full(len(people), -1),
        at=np.full(len(people), NOW),
        history=no_histories(len(people)),
        surface=np.array([int(person.surface) for person in people]),
        age=np.array([np.nan if p.age is None else p.age for p in people]),
        region=[None] * len(people),
        seed=np.arange(len(people)),
        circumstances=Circumstances(
            states=Packed.of([[row[c] for c in p.states] for p in people]),
            medicines=Packed.of([[row[c] for c in p.medicines] for p in people]),
            allergies=Packed.of([[row[c] for c in p.allergies] for p in people]),
            prescribed=Packed.of([[row[c] for c in p.prescribed] for p in people]),
            cart=Packed.of([p.cart for p in people]),
            bought=Bought(
                Packed.of([[item for item, _, _ in some] for some in bought]),
                np.array([days * DAY for _, days, _ in flat], np.int64),
                np.array([packs for _, _, packs in flat], np.float64),
            ),
            unrecognised=np.array([p.unrecognised for p in people]),
            intolerant=np.array([bool(p.allergies) for p in people]),
            shared=np.array([p.shared for p in people]),
            refill=np.zeros(len(people), bool),
        ),
    )


def draw_pack(random: np.random.Generator) -> Pack:
    """A shipped pack, made stricter or laxer at random."""
    pack = read_pack(str(random.choice(SHIPPED)))

    def grades(found: Any) -> Any:
        drop = int(random.integers(2, 5))
        ungraded = str(random.choice(["ignore", "warn", "drop"]))
        return msgspec.structs.replace(found, drop=drop, warn=min(2, drop), ungraded=ungraded)

    def some(rules: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(rule for rule in rules if random.random() < 0.8)

    return msgspec.structs.replace(
        pack,
        interactions=grades(pack.interactions),
        contraindications=grades(pack.contraindications),
        unknown=msgspec.structs.replace(
            pack.unknown,
            ingredients=str(random.choice(["warn", "drop"])),
            medicines=str(random.choice(["warn", "drop"])),
        ),
        duplicates=str(random.choice(["warn", "drop"])),
        not_online=some(pack.not_online),
        precaution=some(pack.precaution),
        cross_reaction=tuple(
            msgspec.structs.replace(rule, action=str(random.choice(["warn", "drop"])))
            for rule in some(pack.cross_reaction)
        ),
        age=some(pack.age),
        quantity=some(pack.quantity),
        hazard=some(pack.hazard),
        sensitive=some(pack.sensitive),
    )
