"""A small shop to ask about, and language models whose every answer is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from threading import Lock

from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.enrich.tables.item_rules import item_rules
from galen.enrich.tables.items import ItemsTask
from galen.knowledge.build import built_in
from galen.llm.language_model import Answer, Prompt, Reply

SPRAY = {
    "item_id": "sku-1",
    "title": "Aqualis Saline Nasal Spray 30 ml",
    "brand": "Aqualis",
    "category": ["cold", "nasal spray"],
    "description": "Isotonic sea water for the nose. Suitable from birth.",
    "ingredients": ["sodium chloride 0.9 %"],
    "form": "spray",
    "pack_size": 30.0,
    "pack_unit": "ml",
    "rx_class": "none",
}
TABLETS = {
    "item_id": "sku-2",
    "title": "Dolor Paracetamol Tablets 500 mg",
    "brand": "Dolor",
    "category": ["pain", "paracetamol tablets"],
    "ingredients": ["paracetamol 500 mg"],
    "form": "tablet",
    "pack_size": 20.0,
    "pack_unit": "tablets",
    "rx_class": "otc",
}
PASTE = {
    "item_id": "sku-3",
    "title": "Solobra Toothpaste 75 ml",
    "brand": "Solobra",
    "category": ["oral", "toothpaste"],
    "form": "paste",
    "pack_size": 75.0,
    "pack_unit": "ml",
    "rx_class": "none",
}


@cache
def graph():
    return built_in()


def items_of(*records):
    return ItemsTask.of(Catalogue(items_table(list(records or (SPRAY, TABLETS, PASTE)))), graph())


def numbered(count):
    """A shop of that many sprays, each with a title of its own."""
    records = [
        {**SPRAY, "item_id": f"sku-{n}", "title": f"Aqualis Saline Nasal Spray {n} ml"}
        for n in range(count)
    ]
    return items_of(*records)


@dataclass
class Answering:
    """A language model that is a function, and counts what it is asked."""

    function: Callable[[Prompt], str | Answer]
    name: str = "function:test"
    endpoint: str = ""
    asked: list[Prompt] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        with self.lock:
            self.asked += prompts
        said = [self.function(prompt) for prompt in prompts]
        return [Reply(one, 100, 20, cost=0.5) if isinstance(one, str) else one for one in said]


def by_rules(task, **settings):
    return Answering(item_rules(graph(), task.asked.vocabulary), **settings)
