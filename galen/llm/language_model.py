"""The only two questions that galen asks a language model, and what it may answer."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from galen.data.arrays import Singles
from galen.data.mendable import MendableError

_SORTED: Final = json.JSONEncoder(sort_keys=True)


class LanguageModelError(MendableError):
    """A provider cannot be asked at all: a missing extra, a folder without weights, a bad key."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question with all that its answer depends on, but for the model."""

    system: str
    user: str
    schema: str = ""  # JSON Schema that the answer has to follow, as text; empty for free text
    most_tokens: int = 512
    temperature: float = 0.0
    seed: int = 0

    def key(self, model: str, endpoint: str) -> str:
        """SHA-256 of all that an answer depends on: the key of a cache of answers."""
        facts: Mapping[str, Any] = {
            "system": self.system,
            "user": self.user,
            "schema": self.schema,
            "most_tokens": self.most_tokens,
            "temperature": self.temperature,
            "seed": self.seed,
            "model": model,
            "endpoint": endpoint,
        }
        return hashlib.sha256(_SORTED.encode(facts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came: nothing of it has been checked."""

    text: str
    tokens_read: int = 0
    tokens_written: int = 0
    whole: bool = True  # false where the answer was cut at `most_tokens`
    cost: float = 0.0  # in the currency of the provider's stated prices


class Trouble(StrEnum):
    """Why a question got no answer."""

    UNREACHABLE = "unreachable"  # no connection, a time-out, bytes too slow
    THROTTLED = "throttled"  # 429
    SERVER = "server"  # 5xx
    KEY = "key"  # 401 or 403: every other question would fail alike
    REQUEST = "request"  # 400 and the like: this question would fail again
    REFUSED = "refused"  # the model or a content filter would not answer
    BUDGET = "budget"  # asking would pass the budget
    UNKNOWN = "unknown"  # a recording without an answer to this question


@dataclass(frozen=True, slots=True)
class Failed:
    """A question that got no answer; its neighbours may have got theirs."""

    trouble: Trouble
    message: str
    retry_after: float | None = None  # seconds, where the server says so
    cost: float = 0.0  # of tokens that were paid for nonetheless


Answer = Reply | Failed


class LanguageModel(Protocol):
    """Answers prompts; may be asked from several threads at once."""

    @property
    def name(self) -> str:
        """`provider:model`, as it stands beside every value that was written."""
        ...

    @property
    def endpoint(self) -> str:
        """Where it is asked: an address, a folder or a file; empty for what is built in."""
        ...

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        """One answer for each prompt, in their order. Never raises for a single prompt.

        Raises:
            LanguageModelError: it cannot be asked at all.
        """
        ...


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def name(self) -> str:
        """As it stands beside every table of its vectors: another name is for other vectors."""
        ...

    def embed(self, texts: Sequence[str]) -> Singles:
        """(N, d); a text without a meaning that is known is 0.

        Raises:
            LanguageModelError: it cannot be asked at all.
        """
        ...
