"""What can be said of an item without any model: names of the graph, patterns, one template."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from galen.data.enriched import OTHER
from galen.enrich.running.prompt_file import content_of
from galen.enrich.running.vocabulary import Vocabulary
from galen.enrich.tables.items import needs_served, text_of
from galen.knowledge.graph import Graph
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords
from galen.llm.language_model import Prompt

_AMOUNT: Final = re.compile(
    r"\b\d+(?:[.,]\d+)?\s?(?:mg|mcg|g|iu|%|毫克|克)(?:\s?/\s?\d*\s?ml)?", re.IGNORECASE
)
_POPULATIONS: Final = (
    ("infants", re.compile(r"\b(?:baby|babies|infants?)\b|婴儿", re.IGNORECASE)),
    ("children", re.compile(r"\b(?:kids?|child(?:ren)?)\b|儿童", re.IGNORECASE)),
    ("pregnancy", re.compile(r"\b(?:pregnan\w+|prenatal)\b|孕", re.IGNORECASE)),
    ("elderly", re.compile(r"\b(?:senior|elderly)\b|老人", re.IGNORECASE)),
)


def item_rules(graph: Graph, vocabulary: Vocabulary) -> Callable[[Prompt], str]:
    """A function that answers the prompt of `items`, the same for the same question."""
    words = ConceptWords.of(graph, ConceptKind.PRODUCT_WORD)
    synonyms = graph.concepts["synonyms"]
    served = needs_served(graph)
    known = {name: frozenset(said) for name, said in vocabulary.words.items()}

    def answer(prompt: Prompt) -> str:
        content = content_of(prompt.user)
        row = int(words.find([content.get("title")])[0])
        path = content.get("category") or []
        word = graph.names[row].lower() if row >= 0 else (path[-1].lower() if path else OTHER)
        form = str(content.get("form", "")).lower()
        source = text_of(content)
        pack = content.get("pack")
        amount = next((a for a in _AMOUNT.findall(source) if a != pack), None)
        also = [] if row < 0 else [s for s in synonyms[row].as_py() or () if s.isascii()]
        said: dict[str, Any] = {
            "product_word": word if word in known["product_word"] else OTHER,
            "needs": sorted(served.get(word, frozenset()) & known["need"])[:5],
            "population": next((n for n, p in _POPULATIONS if p.search(source)), "everyone"),
            "form": form if form in known["form"] else None,
            "strength": amount,
            "pack": pack,
            "description": _sentence(content, word),
            "selling_points": [],
            "synonyms": [s for s in also if len(s) <= 40 and not re.search(r"\d", s)][:8],
            "quality": _share_filled(content),
        }
        return json.dumps(said, ensure_ascii=False)

    return answer


def _sentence(content: dict[str, Any], word: str) -> str:
    """One sentence of what is told: "Nasal spray of Aqualis, as spray, 30 ml."."""
    noun = word if word != OTHER else str(content.get("title", "item"))
    parts = [noun + (f" of {content['brand']}" if content.get("brand") else "")]
    parts += [f"as {content['form']}"] if content.get("form") else []
    parts += [content["pack"]] if content.get("pack") else []
    said = ", ".join(parts)
    return f"The item is {said[:200]}."


def _share_filled(content: dict[str, Any]) -> float:
    """The share of what the shop could say that it says."""
    wanted = ("title", "brand", "category", "description", "ingredients", "form", "pack")
    return round(sum(name in content for name in wanted) / len(wanted), 2)
