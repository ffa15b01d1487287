"""The table of goods as an answer to the prompt of `needs`: shares that were told stay as told, and
what they leave is shared out among the other words by what is known of the world.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from galen.data.enriched import OTHER
from galen.enrich.running.prompt_file import content_of
from galen.enrich.tables.known_goods import KnownGoods
from galen.enrich.tables.needs import NeedsTask
from galen.llm.language_model import Prompt
from recordings.goods import SEASONS, Good, Goods, stage_of

LEAST: Final = 0.0005
"""Weights below are not worth a line."""
LEFT: Final = 0.05  # of what is taken, where told shares leave less
MOST_WORDS, MOST_NEEDS = 60, 29
STAGES: Final = (
    *("couple", "expecting a baby", "family", "middle age", "old age"),
    *("parents with a baby", "young adult"),
)


@dataclass(frozen=True)
class _Asked:
    """One question, and what the answer to it may name."""

    people: dict[str, str]
    share: dict[str, float]
    known: KnownGoods
    needs: frozenset[str]

    def need(self, word: str, good: Good | None) -> str | None:
        """The nearest need that fits the people and, of a word not told, leads to it."""
        for need in () if good is None else sorted(good.needs, key=self._far):
            led = need in self.known.served.get(word, frozenset())
            if need in self.needs and self._fits(need) and (led or word in self.share):
                return need
        return OTHER if word in self.share else None

    def _far(self, need: str) -> bool:
        return need not in (stage_of(self.people), self.people.get("season"))

    def _fits(self, need: str) -> bool:
        """A stage of life or a season is a need of those who are in it."""
        season = self.people.get("season")
        if need == "pollen season":
            return season == "spring"
        if need in SEASONS:
            return need == season
        return need not in STAGES or need == stage_of(self.people)


def needs_answer(task: NeedsTask, goods: Goods) -> Callable[[Prompt], str]:
    """A function that answers the prompts of a shop's contexts."""
    words = sorted(set(task.asked.vocabulary.words["product_word"]) - {OTHER})
    known = frozenset(task.asked.vocabulary.words["need"])

    def answer(prompt: Prompt) -> str:
        told = content_of(prompt.user)
        share = {one["word"]: float(one["share"]) for one in told["take"] if one["share"] > 0}
        asked = _Asked(told["people"], share, task.goods, known)
        stage = str(told["people"].get("life stage", "")).lower()
        unsafe = task.goods.unsafe.get(stage, frozenset())
        weight = _weights(words, asked, goods)
        best = sorted(weight.items(), key=lambda one: (-one[1], one[0]))
        by_need: dict[str, list[dict[str, Any]]] = {}
        for word, value in [one for one in best if one[0] not in unsafe][:MOST_WORDS]:
            need = asked.need(word, goods.of_word.get(word))
            if need is not None and need not in by_need and len(by_need) >= MOST_NEEDS:
                need = OTHER if word in share else None
            if need is not None and value >= LEAST:
                one = {"product_word": word, "weight": round(min(value, 1.0), 4)}
                by_need.setdefault(need, []).append(one)
        nothing = {OTHER: [{"product_word": OTHER, "weight": 1.0}]}
        said = [
            {"need": need, "reason": goods.reasons[need], "words": some}
            for need, some in (by_need or nothing).items()
        ]
        return json.dumps({"needs": said}, ensure_ascii=False)

    return answer


def _weights(words: list[str], asked: _Asked, goods: Goods) -> dict[str, float]:
    """Of each word that was told or that the table knows: its share of what is taken next."""
    factor = {
        word: goods.of_word[word].factor(asked.people, word)
        for word in words
        if word in goods.of_word and word not in asked.share
    }
    left = max(1.0 - sum(asked.share.values()), LEFT)
    whole = max(sum(factor.values()), 1e-9)
    return asked.share | {word: left * value / whole for word, value in factor.items()}
