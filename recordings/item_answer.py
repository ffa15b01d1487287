"""The table of goods as an answer to the prompt of `items`: the word that a title names, what the
label says, and the table's other names for the word.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from galen.data.enriched import OTHER
from galen.enrich.running.meaning import plain
from galen.enrich.running.prompt_file import content_of
from galen.enrich.tables.items import ItemsTask, text_of
from galen.llm.language_model import Prompt
from recordings.goods import Goods

MOST_NEEDS: Final = 5
POPULATIONS: Final = {"baby": "infants", "kids": "children", "senior": "elderly"}
WANTED: Final = ("title", "brand", "category", "description", "ingredients", "form", "pack")


def item_answer(task: ItemsTask, goods: Goods) -> Callable[[Prompt], str | None]:
    """A function that answers the prompts of a shop's items; None of a word not in the table."""
    known = {name: frozenset(words) for name, words in task.asked.vocabulary.words.items()}
    longest_first = sorted(goods.of_word, key=lambda word: (-len(word), word))

    def answer(prompt: Prompt) -> str | None:
        told = content_of(prompt.user)
        title = plain(str(told.get("title", "")))
        word = next((word for word in longest_first if word in title), None)
        if word is None or word not in known["product_word"]:
            return None
        good, source = goods.of_word[word], plain(text_of(told))
        led = task.served.get(word, frozenset())
        form = str(told.get("form", "")).lower()
        said: dict[str, Any] = {
            "product_word": word,
            "needs": [n for n in good.needs if n in known["need"] and (n in led or n in source)][
                :MOST_NEEDS
            ],
            "population": _population(told, good.population),
            "form": form if form in known["form"] and form != OTHER else None,
            "strength": None,
            "pack": told.get("pack"),
            "description": _sentence(good.noun or word, told),
            "selling_points": [f"with {one}" for one in told.get("ingredients", [])[:2]],
            "synonyms": list(good.names),
            "quality": round(sum(name in told for name in WANTED) / len(WANTED), 2),
        }
        return json.dumps(said, ensure_ascii=False)

    return answer


def _population(told: dict[str, Any], usual: str) -> str:
    attributes = [str(one) for one in told.get("attributes", [])]
    return next((POPULATIONS[one] for one in attributes if one in POPULATIONS), usual)


def _sentence(noun: str, told: dict[str, Any]) -> str:
    """One sentence of the label: "Paper tissues by Corilin, personal care, pack of 10 packs."."""
    parts = [noun.capitalize() + (f" by {told['brand']}" if told.get("brand") else "")]
    parts += [str(told["category"][0])] if told.get("category") else []
    parts += [f"pack of {told['pack']}"] if told.get("pack") else []
    return ", ".join(parts) + "."
