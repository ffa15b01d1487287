"""A limit of cost that is never passed: what a question may cost at most is reserved before."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from galen.llm.language_model import Answer, Failed, LanguageModel, Prompt, Trouble

TOKENS_A_CHARACTER = 1.0
"""No tokenizer in use needs more for a byte of UTF-8: the safe side of what is read."""


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """Of a million tokens, in any currency."""

    read: float = 0.0
    written: float = 0.0

    def of(self, tokens_read: float, tokens_written: float) -> float:
        """What so many tokens cost, in the currency of the prices."""
        return (tokens_read * self.read + tokens_written * self.written) / 1e6

    def most(self, prompt: Prompt) -> float:
        """What a question can cost."""
        said = len((prompt.system + prompt.user + prompt.schema).encode())
        return self.of(said * TOKENS_A_CHARACTER, prompt.most_tokens)


@dataclass
class Budgeted:
    """Passes questions on while the limit holds; a question that could pass it is not asked."""

    inner: LanguageModel
    prices: TokenPrices
    limit: float
    spent: float = 0.0  # what was answered
    _reserved: float = 0.0  # of what is being asked
    _lock: Lock = field(default_factory=Lock)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def endpoint(self) -> str:
        return self.inner.endpoint

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        asked, most = [], 0.0
        with self._lock:
            for prompt in prompts:
                cost = self.prices.most(prompt)
                if self.spent + self._reserved + cost > self.limit:
                    break
                self._reserved += cost
                most += cost
                asked.append(prompt)
        spent = 0.0
        try:
            answers = self.inner.complete(asked) if asked else []
            spent = sum(answer.cost for answer in answers)
        except BaseException:
            spent = most  # it may have been answered and paid for
            raise
        finally:
            with self._lock:
                self._reserved -= most
                self.spent += spent
        why = f"{self.spent:.4f} of {self.limit:g} is spent"
        return answers + [Failed(Trouble.BUDGET, why)] * (len(prompts) - len(asked))
