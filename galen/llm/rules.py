"""Answers by rules, without any model: the same question always has the same answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from galen.llm.language_model import Answer, Failed, Prompt, Reply, Trouble

Rule = Callable[[Prompt], str | None]


@dataclass(frozen=True, slots=True)
class RulesModel:
    """A function that answers the prompts of one task; None where it does not know."""

    task: str
    version: int
    rule: Rule

    @property
    def name(self) -> str:
        return f"rules:{self.task}@{self.version}"

    @property
    def endpoint(self) -> str:
        return ""

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        return [self._answer(prompt) for prompt in prompts]

    def _answer(self, prompt: Prompt) -> Answer:
        said = self.rule(prompt)
        if said is None:
            return Failed(Trouble.UNKNOWN, f"the rules of {self.task} do not know it")
        return Reply(said)
