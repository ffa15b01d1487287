"""Any server that speaks OpenAI's protocol, local or far away. Needs the extra `openai`.

A question is not asked twice here: that is for the wrapper `Retrying`. A key is read from the
environment when a server is opened; it stands in no setting, message or table.
"""

import os
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from galen.data.arrays import Singles
from galen.data.extras import extra
from galen.llm.budget import TokenPrices
from galen.llm.language_model import (
    Answer,
    Failed,
    LanguageModelError,
    Prompt,
    Reply,
    Trouble,
)

if TYPE_CHECKING:
    import openai

STATUS: Final = {401: Trouble.KEY, 403: Trouble.KEY, 429: Trouble.THROTTLED}


@dataclass(frozen=True, slots=True)
class Server:
    """Where a model is asked, and how long one waits for it."""

    address: str  # such as http://127.0.0.1:8080/v1
    model: str
    key_variable: str = ""  # of the environment; empty for a server without keys
    seconds: float = 120.0  # for a whole answer, however slowly it comes
    prices: TokenPrices = field(default_factory=TokenPrices)
    constrained: bool = True  # whether the server is sent the schema as well


class OpenAICompatible:
    """Asks a server one question after the other; may be asked from several threads."""

    def __init__(self, server: Server) -> None:
        """Open a client; nothing is sent yet.

        Raises:
            MissingExtraError: the extra `openai` is missing.
            LanguageModelError: the variable with the key is empty.
        """
        self.server, self._client = server, client_of(server)

    @property
    def name(self) -> str:
        return f"openai:{self.server.model}"

    @property
    def endpoint(self) -> str:
        return self.server.address

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        return [self._ask(prompt) for prompt in prompts]

    def _ask(self, prompt: Prompt) -> Answer:
        most = self.server.prices.most(prompt)
        return asked_safely(lambda: self._answered(request_of(prompt, self.server), most), most)

    def _answered(self, asked: dict[str, Any], most: float) -> Answer:
        """The answer, read piece by piece so that one that drips has an end too."""
        ends = time.monotonic() + self.server.seconds
        create = self._client.chat.completions.with_streaming_response.create
        with create(**asked) as response:
            body = b"".join(_until(ends, response.iter_bytes()))
        return answer_of(body, self.server.prices, most)


class OpenAIEmbedder:
    """Asks a server for the vectors of texts, some at a time, each time until it has them."""

    def __init__(self, server: Server, batch: int = 64, tries: int = 5) -> None:
        """Open a client; nothing is sent yet."""
        self.server, self.batch, self._client = server, batch, client_of(server, tries)

    @property
    def name(self) -> str:
        return f"openai:{self.server.model}"

    def embed(self, texts: Sequence[str]) -> Singles:
        """(N, d).

        Raises:
            LanguageModelError: the server cannot be asked, or its vectors differ in length.
        """
        import openai

        rows: list[list[float]] = []
        for start in range(0, len(texts), self.batch):
            part = list(texts[start : start + self.batch])
            try:
                said = self._client.embeddings.create(
                    model=self.server.model, input=part, encoding_format="float"
                )
                found = {one.index: one.embedding for one in said.data}
                rows += [found[at] for at in range(len(part))]
            except (openai.OpenAIError, KeyError, TypeError, ValueError) as error:
                raise LanguageModelError(
                    f"{self.server.address} gave no vectors for texts {start} to "
                    f"{start + len(part) - 1}: {_short(error)}"
                ) from error
        if len({len(row) for row in rows}) > 1:
            raise LanguageModelError(f"{self.server.address} gave vectors of different lengths.")
        return np.array(rows, np.float32).reshape(len(texts), -1)


def client_of(server: Server, tries: int = 1) -> "openai.OpenAI":
    """A client that tells nobody else.

    Raises:
        MissingExtraError: the extra `openai` is missing.
        LanguageModelError: the variable with the key is empty.
    """
    with extra("openai", f"asking {server.address}"):
        import openai
    key = os.environ.get(server.key_variable, "") if server.key_variable else "none"
    if not key:
        raise LanguageModelError(
            f"the environment variable {server.key_variable} is empty; put the key of "
            f"{server.address} there."
        )
    web = openai.DefaultHttpxClient(follow_redirects=False)  # a question goes where it was sent
    client = openai.OpenAI(
        base_url=server.address,
        api_key=key,
        max_retries=tries - 1,
        timeout=server.seconds,
        http_client=web,
    )
    weakref.finalize(client, web.close)
    return client


def request_of(prompt: Prompt, server: Server) -> dict[str, Any]:
    """A prompt as the protocol's body."""
    import json

    asked: dict[str, Any] = {
        "model": server.model,
        "messages": [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.user},
        ],
        "max_tokens": prompt.most_tokens,
        "temperature": prompt.temperature,
        "seed": prompt.seed,
    }
    if prompt.schema and server.constrained:
        form = {"name": "answer", "strict": True, "schema": json.loads(prompt.schema)}
        asked["response_format"] = {"type": "json_schema", "json_schema": form}
    return asked


def answer_of(body: bytes, prices: TokenPrices, most: float) -> Answer:
    """The body of a reply as an answer; what is no reply of the protocol is a fault of theirs.

    Where a server does not say what it read and wrote, it counts as the `most` it can have cost.
    """
    from openai.types.chat import ChatCompletion

    try:
        said = ChatCompletion.model_validate_json(body)
        choice = said.choices[0]
    except (ValueError, IndexError):
        begins = body[:80].decode("utf-8", "replace")
        return Failed(Trouble.SERVER, f"no reply of the protocol: {begins!r}", cost=most)
    read = said.usage.prompt_tokens if said.usage else 0
    written = said.usage.completion_tokens if said.usage else 0
    cost = prices.of(read, written) if said.usage else most
    if choice.finish_reason == "content_filter" or choice.message.refusal:
        return Failed(Trouble.REFUSED, choice.message.refusal or "content filter", cost=cost)
    whole = choice.finish_reason != "length"
    return Reply(choice.message.content or "", read, written, whole, cost)


def asked_safely(ask: Callable[[], Answer], most: float) -> Answer:
    """What a question brought, whatever happens to it.

    One that was sent and whose answer did not come may be paid for: it counts as `most`.
    """
    import openai

    try:
        return ask()
    except openai.APIStatusError as error:
        status = error.status_code
        trouble = STATUS.get(status, Trouble.SERVER if status >= 500 else Trouble.REQUEST)
        after = retry_after(error.response.headers.get("retry-after"), datetime.now(UTC))
        return Failed(trouble, f"status {status}: {_short(error)}", after)
    except (openai.APIConnectionError, TimeoutError, OSError) as error:
        return Failed(Trouble.UNREACHABLE, _short(error), cost=most if _sent(error) else 0.0)
    except openai.OpenAIError as error:
        return Failed(Trouble.SERVER, _short(error))
    except Exception as error:  # transports raise their own kinds where a connection is cut
        if not type(error).__module__.startswith("httpx"):
            raise
        return Failed(Trouble.UNREACHABLE, _short(error), cost=most)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds of a header `Retry-After` in seconds or as a date (RFC 9110); None without one."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        try:
            return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
        except (ValueError, TypeError):
            return None


def _until(ends: float, pieces: Iterable[bytes]) -> Iterable[bytes]:
    for piece in pieces:
        yield piece
        if time.monotonic() > ends:
            raise TimeoutError("the answer came too slowly")


def _sent(error: BaseException) -> bool:
    """May the question have come to the server? Not where no connection was made."""
    return type(error.__cause__).__name__ not in ("ConnectError", "ConnectTimeout")


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
