"""What is asked of language models, counted for Prometheus and told to nobody else."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, write_to_textfile

from galen.llm.language_model import Answer, Failed, LanguageModel, Prompt, Reply

SECONDS: Final = (0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)


class Measured:
    """Passes questions on, and counts them by model."""

    def __init__(self, inner: LanguageModel, registry: CollectorRegistry) -> None:
        """One for each registry."""
        self.inner = inner
        by_model = ["model"]
        self._asked = Counter(
            "galen_llm_questions", "Questions asked.", by_model, registry=registry
        )
        self._tokens = Counter(
            "galen_llm_tokens", "Tokens.", ["model", "direction"], registry=registry
        )
        self._cost = Counter("galen_llm_cost", "At stated prices.", by_model, registry=registry)
        self._trouble = Counter(
            "galen_llm_troubles", "No answer.", ["model", "trouble"], registry=registry
        )
        self._seconds = Histogram(
            "galen_llm_seconds", "Of a call.", by_model, registry=registry, buckets=SECONDS
        )

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def endpoint(self) -> str:
        return self.inner.endpoint

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        model, started = self.name, time.perf_counter()
        answers = self.inner.complete(prompts)
        self._seconds.labels(model).observe(time.perf_counter() - started)
        self._asked.labels(model).inc(len(prompts))
        for answer in answers:
            self._cost.labels(model).inc(answer.cost)
            if isinstance(answer, Failed):
                self._trouble.labels(model, answer.trouble.value).inc()
            elif isinstance(answer, Reply):
                self._tokens.labels(model, "read").inc(answer.tokens_read)
                self._tokens.labels(model, "written").inc(answer.tokens_written)
        return answers


@contextmanager
def measured_into(model: LanguageModel, file: Path | None) -> Iterator[LanguageModel]:
    """Count what a model is asked, and write the counts when all is asked, or broken off.

    The file is one that Prometheus's node exporter collects. Without one nothing is counted.
    """
    if file is None:
        yield model
        return
    registry = CollectorRegistry()
    try:
        yield Measured(model, registry)
    finally:
        write_to_textfile(str(file), registry)
