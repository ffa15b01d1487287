"""What can be said of a pair of product words without any model: the graph, and what people do."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from scipy import sparse

from galen.enrich.running import meaning
from galen.enrich.running.prompt_file import content_of
from galen.enrich.tables.relations import LIFTS, OFTEN, ORDERS
from galen.features.words.word_pairs import values_at
from galen.features.words.word_rules import (
    COMPLEMENT,
    DIRECTIONS,
    KINDS,
    SUBSTITUTE,
    UNRELATED,
    UNSAFE,
    kinds_by_rule,
)
from galen.knowledge.graph import Graph
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords, folded
from galen.knowledge.word_relations import WordRelations
from galen.llm.language_model import Prompt

SURE, LIKELY, UNSURE = 0.95, 0.7, 0.5
"""Confidence in the graph, in what many people do, in what is left."""

_PAIR: Final = ("first", "second")
_LIFT: Final = dict(zip(OFTEN, [0.0, 0.0, *LIFTS.tolist()], strict=True))
_SAID: Final = {
    COMPLEMENT: "{first} and {second} go together.",
    SUBSTITUTE: "{first} and {second} are alike, so one of them is enough.",
    UNRELATED: "{first} and {second} have little to do with each other.",
    UNSAFE: "{first} and {second} must be kept apart.",
}
_SAID_IN_CHARACTERS: Final = {
    COMPLEMENT: "{first}与{second}可以搭配使用。",
    SUBSTITUTE: "{first}与{second}相似,选择其一即可。",
    UNRELATED: "{first}与{second}没有什么关系。",
    UNSAFE: "{first}与{second}必须分开存放。",
}


def relation_rules(graph: Graph) -> Callable[[Prompt], str]:
    """A function that answers the prompt of `relations`, the same for the same question."""
    found = ConceptWords.of(graph, ConceptKind.PRODUCT_WORD)
    concept = graph.of_kind(ConceptKind.PRODUCT_WORD)
    place = {row: at for at, row in enumerate(concept.tolist())}
    nothing = sparse.csr_array((len(concept), len(graph)))
    related = WordRelations.of(graph, concept, nothing)

    def answer(prompt: Prompt) -> str:
        content = content_of(prompt.user)
        one, other = (place.get(found.rows.get(folded(content[w]), -1), -1) for w in _PAIR)
        held = {
            name: np.array([values_at(table, np.array([one]), np.array([other]))[0] > 0])
            if min(one, other) >= 0
            else np.zeros(1, bool)
            for name, table in (
                ("unsafe", related.unsafe),
                ("complement", related.complement),
                ("substitute", related.substitute),
            )
        }
        lift, shelf = (
            np.array([_LIFT[content["taken_together"]]]),
            np.array([content["same_shelf"]]),
        )
        kind = int(kinds_by_rule(**held, lift=lift, same_shelf=shelf)[0])
        known = any(flag[0] for flag in held.values())
        seen = content["taken_together"] in OFTEN[1:]
        said: dict[str, Any] = {
            "relation": KINDS[kind],
            "direction": DIRECTIONS[ORDERS.index(content["order"]) if kind == COMPLEMENT else 0],
            "confidence": SURE if known else (LIKELY if seen else UNSURE),
            "reason": _reason(kind, content),
        }
        return json.dumps(said, ensure_ascii=False)

    return answer


def _reason(kind: int, content: Mapping[str, Any]) -> str:
    """A sentence in the script of the words."""
    words = {word: str(content[word]) for word in _PAIR}
    said = _SAID[kind].format(**words).capitalize()
    if meaning.same_script("reason", said, " ".join(words.values())):
        said = _SAID_IN_CHARACTERS[kind].format(**words)
    return said
