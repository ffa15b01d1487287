"""Questions as batch files of OpenAI's protocol: cheaper, within a day instead of at once."""

import io
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from galen.llm.language_model import (
    Answer,
    Failed,
    LanguageModelError,
    Prompt,
    Trouble,
)
from galen.llm.openai_compatible import STATUS, Server, answer_of, client_of, request_of

if TYPE_CHECKING:
    from openai.types import Batch

DONE: Final = ("completed", "failed", "expired", "cancelled")
MOST: Final = 50_000
"""Questions of one file that the protocol allows."""
CANCELLING: Final = 900.0
"""Seconds within which a server ends a batch that was cancelled; the protocol says ten minutes."""


class OpenAIBatches:
    """Asks with a file, and waits for the file of answers."""

    def __init__(
        self,
        server: Server,
        *,
        every: float = 30.0,
        most_seconds: float = 90_000.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Look after `every` seconds, and give up after `most_seconds`."""
        self.server, self.every, self.most_seconds = server, every, most_seconds
        self._sleep, self._client = sleep, client_of(server)

    @property
    def name(self) -> str:
        return f"openai:{self.server.model}"

    @property
    def endpoint(self) -> str:
        return self.server.address

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        """The answers of all questions; those of a file that failed are told as such.

        Raises:
            LanguageModelError: the server takes no files.
        """
        answers: list[Answer] = []
        for start in range(0, len(prompts), MOST):
            answers += self._file(prompts[start : start + MOST])
        return answers

    def _file(self, prompts: Sequence[Prompt]) -> list[Answer]:
        import openai

        lines = [
            json.dumps(
                {
                    "custom_id": str(place),
                    "method": "POST",
                    "url": "/v1/chat/completions",
                    "body": request_of(prompt, self.server),
                }
            )
            for place, prompt in enumerate(prompts)
        ]
        try:
            content = ("questions.jsonl", io.BytesIO("\n".join(lines).encode()))
            sent = self._client.files.create(file=content, purpose="batch")
            batch = self._client.batches.create(
                input_file_id=sent.id, endpoint="/v1/chat/completions", completion_window="24h"
            )
            batch = self._ended(batch)
            found: dict[str, Any] = {}
            for name in (batch.output_file_id, batch.error_file_id):
                if name:
                    text = self._client.files.content(name).text
                    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
                    found |= {str(row["custom_id"]): row for row in rows}
        except (openai.OpenAIError, ValueError, KeyError) as error:
            raise LanguageModelError(f"{self.server.address} took no batch: {error}") from error
        missing = f"the batch is {batch.status} without an answer to it"
        return [
            self._answer(found[str(place)], prompt)
            if str(place) in found
            else Failed(Trouble.SERVER, missing)
            for place, prompt in enumerate(prompts)
        ]

    def _ended(self, batch: "Batch") -> "Batch":
        """The batch when it has ended; one that is given up is cancelled, and has what came."""
        import openai

        try:
            batch = self._watched(batch, self.most_seconds)
        except BaseException:  # nobody is there any more to read what would be paid for
            with suppress(openai.OpenAIError):
                self._client.batches.cancel(batch.id)
            raise
        if batch.status not in DONE:
            batch = self._watched(self._client.batches.cancel(batch.id), CANCELLING)
        return batch

    def _watched(self, batch: "Batch", seconds: float) -> "Batch":
        waited = 0.0
        while batch.status not in DONE and waited < seconds:
            self._sleep(self.every)
            waited += self.every
            batch = self._client.batches.retrieve(batch.id)
        return batch

    def _answer(self, row: dict[str, Any], prompt: Prompt) -> Answer:
        said = row.get("response") or {}
        status = said.get("status_code")
        if status != 200:
            told = json.dumps(row.get("error") or said.get("body"))[:200]
            kind = status if isinstance(status, int) else 500
            trouble = STATUS.get(kind, Trouble.SERVER if kind >= 500 else Trouble.REQUEST)
            return Failed(trouble, told)
        prices = self.server.prices
        return answer_of(json.dumps(said.get("body")).encode(), prices, prices.most(prompt))
