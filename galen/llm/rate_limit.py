"""No more questions and tokens a minute than a server allows, whoever asks."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from galen.llm.language_model import Answer, LanguageModel, Prompt, Reply

MINUTE = 60.0  # seconds


@dataclass
class RateLimited:
    """Waits before a question that would go over a limit; None is no limit.

    Both limits are buckets that fill evenly: after a pause one minute's worth may go at once.
    Tokens are settled after the answer, so a long one makes the next wait.
    """

    inner: LanguageModel
    questions: float | None = None  # a minute
    tokens: float | None = None  # a minute, read and written
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _left: dict[str, float] = field(init=False)
    _at: float = field(init=False)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._left = {"questions": self.questions or 0.0, "tokens": self.tokens or 0.0}
        self._at = self.clock()

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def endpoint(self) -> str:
        return self.inner.endpoint

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        answers: list[Answer] = []
        for prompt in prompts:
            self._wait()
            answer = self.inner.complete([prompt])[0]
            if isinstance(answer, Reply):
                self._take("tokens", answer.tokens_read + answer.tokens_written)
            answers.append(answer)
        return answers

    def _wait(self) -> None:
        while True:
            with self._lock:
                self._fill()
                waits = [
                    (1 - self._left["questions"]) / self.questions if self.questions else 0.0,
                    -self._left["tokens"] / self.tokens if self.tokens else 0.0,
                ]
                pause = MINUTE * max(*waits, 0.0)
                if pause <= 0:
                    self._left["questions"] -= 1 if self.questions else 0
                    return
            self.sleep(pause)

    def _take(self, what: str, amount: float) -> None:
        with self._lock:
            self._left[what] -= amount

    def _fill(self) -> None:
        now = self.clock()
        passed = (now - self._at) / MINUTE
        self._at = now
        for what, limit in (("questions", self.questions), ("tokens", self.tokens)):
            if limit:
                most = max(limit, 1.0)  # a bucket of less would never hold a question
                self._left[what] = min(most, self._left[what] + limit * passed)
