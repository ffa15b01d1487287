"""Guesses without any model: what is taken more often beside the words of a context."""

import json
from typing import Final

from galen.enrich.running.prompt_file import content_of
from galen.enrich.tables.relations import OFTEN
from galen.llm.language_model import Prompt

SURE: Final = 0.5
"""Confidence of a rule that knows no item, only its word."""


def sample_rules(prompt: Prompt) -> str:
    """An answer to the prompt of `samples`, the same for the same question."""
    content = content_of(prompt.user)
    first = OFTEN.index(content["first"]["taken_beside"])
    chance = OFTEN.index("by chance")
    if "second" in content:
        second = OFTEN.index(content["second"]["taken_beside"])
        choice = "either" if first == second else ("first" if first > second else "second")
    elif first == chance:
        choice = "either"
    else:
        choice = "first" if first > chance else "neither"
    return json.dumps({"choice": choice, "confidence": SURE})
