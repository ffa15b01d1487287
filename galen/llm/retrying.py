"""Asks again what a server could not answer just now, later and later, and never the rest."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

from galen.llm.language_model import Answer, Failed, LanguageModel, Prompt, Trouble

PASSING: Final = frozenset({Trouble.UNREACHABLE, Trouble.THROTTLED, Trouble.SERVER})
"""Troubles that may be over in a while."""


@dataclass
class Retrying:
    """Waits `first` seconds, then twice as long each time, with jitter; longer where told so.

    It gives up after `tries`, or where the next wait would end after `most_seconds` in all. An
    answer costs what all its tries did.
    """

    inner: LanguageModel
    tries: int = 5
    first: float = 1.0
    most_seconds: float = 300.0
    seed: int = 0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _random: random.Random = field(init=False)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def endpoint(self) -> str:
        return self.inner.endpoint

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        started = self.clock()
        answers = self.inner.complete(prompts)
        for turn in range(1, self.tries):
            left = [at for at, answer in enumerate(answers) if _may_pass(answer)]
            if not left:
                break
            pause = self._pause(turn, [answers[at] for at in left])
            if self.clock() - started + pause > self.most_seconds:
                break
            self.sleep(pause)
            again = self.inner.complete([prompts[at] for at in left])
            for at, answer in zip(left, again, strict=True):
                answers[at] = replace(answer, cost=answers[at].cost + answer.cost)
        return answers

    def _pause(self, turn: int, answers: Sequence[Answer]) -> float:
        """Half of the wait is drawn, so that many askers do not come back at once."""
        with self._lock:
            drawn = self._random.uniform(0.5, 1.0)
        waits = [a.retry_after or 0.0 for a in answers if isinstance(a, Failed)]
        return max(self.first * 2.0 ** (turn - 1) * drawn, *waits)


def _may_pass(answer: Answer) -> bool:
    return isinstance(answer, Failed) and answer.trouble in PASSING
