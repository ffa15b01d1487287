"""Answers that another model gave before, from a file of JSON lines keyed by question.

The first line tells of which model they are; an answer that is not recorded is not made up.
"""

import gzip
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final

from galen.llm.language_model import (
    Answer,
    Failed,
    LanguageModel,
    LanguageModelError,
    Prompt,
    Reply,
    Trouble,
)

SHIPPED: Final = Path(__file__).parent / "recordings" / "synthetic.jsonl.gz"
"""Answers for the demo's shop; its first line tells how they were made."""


class Recorded:
    """Reads a recording; only the places of its answers are kept in memory.

    A file that ends in `.gz` is small and is read as a whole.
    """

    def __init__(self, path: Path) -> None:
        """Read where each answer stands.

        Raises:
            LanguageModelError: the file is missing, or a line of it is no recording.
        """
        self.path = path
        try:
            self._file = _opened(path)
        except (OSError, EOFError) as error:
            raise LanguageModelError(f"{path} cannot be read: {error}.") from error
        self._lock = Lock()
        try:
            self.model, self._of, self._places, self._whole = _read(self._file, path)
        except LanguageModelError:
            self._file.close()
            raise

    @property
    def name(self) -> str:
        return f"recorded:{self.model}"

    @property
    def endpoint(self) -> str:
        return self.path.name

    def __len__(self) -> int:
        return len(self._places)

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        return [self._answer(prompt) for prompt in prompts]

    def close(self) -> None:
        """Let go of the file; nothing is answered after it."""
        self._file.close()

    def _answer(self, prompt: Prompt) -> Answer:
        place = self._places.get(prompt.key(*self._of))
        if place is None:
            return Failed(Trouble.UNKNOWN, f"{self.path.name} holds no answer to this question")
        start, length = place
        with self._lock:
            self._file.seek(start)
            line = json.loads(self._file.read(length))
        del line["key"]
        return Reply(**line)


class Recording:
    """Passes questions on, and writes what is answered behind what a file holds."""

    def __init__(self, inner: LanguageModel, path: Path) -> None:
        """Begin a file, or go on with one of the same model.

        Raises:
            LanguageModelError: the file is of another model.
        """
        self.inner, self._lock = inner, Lock()
        self._seen: set[str] = set()
        if path.exists() and path.stat().st_size:
            before = Recorded(path)
            before.close()
            if before._of != (inner.name, inner.endpoint):
                raise LanguageModelError(
                    f"{path} records {before.model!r}, not {inner.name!r}; take another file."
                )
            self._seen = set(before._places)
            _mend(path, before._whole)
        self.path = path
        if not path.exists() or not path.stat().st_size:
            self._write([{"model": inner.name, "endpoint": inner.endpoint}])

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def endpoint(self) -> str:
        return self.inner.endpoint

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        answers = self.inner.complete(prompts)
        with self._lock:
            lines = []
            for prompt, answer in zip(prompts, answers, strict=True):
                key = prompt.key(self.name, self.endpoint)
                if isinstance(answer, Reply) and key not in self._seen:
                    self._seen.add(key)
                    lines.append({"key": key} | asdict(answer))
            self._write(lines)
        return answers

    def _write(self, lines: Sequence[Mapping[str, Any]]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _opened(path: Path) -> IO[bytes]:
    if path.suffix != ".gz":
        return path.open("rb")
    return io.BytesIO(gzip.decompress(path.read_bytes()))


def _mend(path: Path, whole: int) -> None:
    """Drop what a kill has left of a last line, so that the next one begins anew."""
    with path.open("r+b") as file:
        file.truncate(whole)
        file.seek(whole - 1)
        if file.read(1) != b"\n":
            file.write(b"\n")


def _read(
    file: IO[bytes], path: Path
) -> tuple[str, tuple[str, str], dict[str, tuple[int, int]], int]:
    """The model of a recording, its name and endpoint, the place of each answer, whole bytes."""
    lines = _lines(file, path)
    first, head = next(lines, ((0, 0), {}))
    model, endpoint = head.get("model"), head.get("endpoint")
    if not isinstance(model, str) or not isinstance(endpoint, str):
        raise LanguageModelError(f"{path}, line 1: no recording; it has to name its model.")
    places = {str(line["key"]): place for place, line in lines}
    return model, (model, endpoint), places, max(sum(at) for at in (first, *places.values()))


def _lines(file: IO[bytes], path: Path) -> Iterator[tuple[tuple[int, int], dict[str, Any]]]:
    """((start, length), line) of each line; a last one that a kill has cut is left out."""
    start = 0
    for number, raw in enumerate(file, start=1):
        try:
            line = json.loads(raw)
            if not isinstance(line, dict) or (number > 1 and not isinstance(line["key"], str)):
                raise ValueError("it has no key")
        except (ValueError, KeyError) as error:
            if raw.endswith(b"\n"):
                raise LanguageModelError(f"{path}, line {number}: no recording: {error}.") from None
            return
        yield (start, len(raw)), line
        start += len(raw)
