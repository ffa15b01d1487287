"""A shop whose product words have known relations, and whose people take them as told."""

from pathlib import Path

import numpy as np
from worlds import DAY, START, items_table

from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.schema import Kind

WORDS = {
    "saline nasal spray": ("cold", "nose"),
    "paper tissues": ("cold", "hygiene"),
    "codeine cough drops": ("cold", "cough"),
    "rubbing alcohol": ("first aid", "disinfection"),
    "razor": ("care", "shaving"),
    "shaving foam": ("care", "shaving"),
    "nail file": ("care", "nails"),
}
EACH = 3
"""Items of each word; the last of each is one that nobody takes."""


def item(word: str, number: int = 0) -> int:
    return list(WORDS).index(word) * EACH + number


def word_shop(
    baskets: list[list[str]], *, people: int = 40, enriched: Path | None = None, gap: int = DAY
) -> Dataset:
    """Each basket is taken, in its order, by `people`; of each word one item or the other."""
    catalogue = Catalogue(
        items_table(
            [
                {
                    "item_id": f"{word} {number}",
                    "title": f"{word} {'abc'[number]}",
                    "brand": f"brand-{number}",
                    "category": ["shop", *path, word],
                }
                for word, path in WORDS.items()
                for number in range(EACH)
            ]
        )
    )
    rows = []
    for person in range(people * len(baskets)):
        for place, word in enumerate(baskets[person % len(baskets)]):
            number = (person // len(baskets) + place) % (EACH - 1)
            rows.append((person, item(word, number), START + gap * place + person))
    user, taken, at = np.array(rows, np.int64).reshape(-1, 3).T
    return Dataset(
        catalogue=catalogue,
        clock="time",
        users=people * len(baskets),
        user=user.astype(np.int32),
        item=taken.astype(np.int32),
        kind=np.full(len(user), int(Kind.PURCHASE), np.int8),
        at=at,
        enriched=enriched,
    )
