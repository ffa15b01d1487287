"""What people of a context need, without any model: shares of words, and needs of the graph."""

import json
from collections.abc import Callable
from typing import Any, Final

from galen.data.enriched import OTHER
from galen.enrich.running.prompt_file import content_of
from galen.enrich.tables.needs import NeedsTask
from galen.llm.language_model import Prompt

LED: Final = 0.5
"""Weight of a word that only the graph leads to, over the least share that was told."""
SEASONS: Final = {"spring": ("spring", "pollen season")}
MOST: Final = 60  # words in all


def need_rules(task: NeedsTask) -> Callable[[Prompt], str]:
    """A function that answers the prompt of `needs`, the same for the same question."""
    words = sorted(set(task.asked.vocabulary.words["product_word"]) - {OTHER})
    known = frozenset(task.asked.vocabulary.words["need"])

    def answer(prompt: Prompt) -> str:
        content = content_of(prompt.user)
        people = content["people"]
        stage, season = str(people.get("life stage", "")).lower(), str(people.get("season", ""))
        wanted = [need for need in (stage, *SEASONS.get(season, (season,))) if need in known]
        unsafe = task.goods.unsafe.get(stage, frozenset())
        share = {one["word"]: one["share"] for one in content["take"] if one["share"] > 0}
        least = min(share.values(), default=1.0)
        for word in words:
            if word not in share and task.goods.served.get(word, frozenset()) & set(wanted):
                share[word] = LED * least
        best = sorted(share.items(), key=lambda one: (-one[1], one[0]))
        by_need: dict[str, list[dict[str, Any]]] = {}
        for word, weight in [one for one in best if one[0] not in unsafe][:MOST]:
            served = task.goods.served.get(word, frozenset()) & known
            need = next((n for n in wanted if n in served), min(served, default=OTHER))
            if need not in by_need and len(by_need) >= 29:  # one is left
                need = OTHER
            by_need.setdefault(need, []).append({"product_word": word, "weight": weight})
        told_needs = [
            {"need": need, "reason": _reason(need, people), "words": some}
            for need, some in by_need.items()
        ]
        nothing = [{"need": OTHER, "reason": "nothing is known", "words": _none()}]
        return json.dumps({"needs": told_needs or nothing}, ensure_ascii=False)

    return answer


def _reason(need: str, people: dict[str, str]) -> str:
    who = [people[field] for field in ("life stage", "season") if field in people]
    what = "what people take" if need == OTHER else "what such people need"
    return f"{what} ({', '.join(who)[:50]})" if who else what


def _none() -> list[dict[str, Any]]:
    return [{"product_word": OTHER, "weight": 1.0}]
