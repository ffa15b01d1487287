"""An encoder of texts in a folder on this machine: safetensors, nothing fetched, no code of it run.

Needs the extra `local`.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from galen.data.arrays import Singles
from galen.data.extras import extra
from galen.llm.language_model import LanguageModelError


class TextEncoderFolder:
    """The mean of the last layer's vectors of a text, brought to length 1."""

    def __init__(self, folder: Path, batch: int = 64, longest: int = 256) -> None:
        """Nothing is read before it is asked; `longest` is in tokens."""
        self.folder, self.batch, self.longest = folder, batch, longest

    @property
    def name(self) -> str:
        return f"transformers:{self.folder.name}"

    def embed(self, texts: Sequence[str]) -> Singles:
        """(N, d), each of length 1; an empty text is 0.

        Raises:
            MissingExtraError: the extra `local` is missing.
            LanguageModelError: the folder holds no encoder.
        """
        torch, tokenizer, model = self._read
        out = np.zeros((len(texts), int(model.config.hidden_size)), np.float32)
        said = [at for at, text in enumerate(texts) if text.strip()]
        said.sort(key=lambda at: (len(texts[at]), at))  # like lengths waste no padding
        for start in range(0, len(said), self.batch):
            part = said[start : start + self.batch]
            tokens = tokenizer(
                [texts[at] for at in part],
                padding=True,
                truncation=True,
                max_length=self.longest,
                return_tensors="pt",
            )
            with torch.inference_mode():
                last = model(**tokens).last_hidden_state
            weight = tokens["attention_mask"][:, :, None].to(last.dtype)
            mean = (last * weight).sum(1) / weight.sum(1).clamp(min=1)
            out[part] = torch.nn.functional.normalize(mean, dim=1).float().numpy()
        return out

    @cached_property
    def _read(self) -> tuple[Any, Any, Any]:
        return read_folder(self.folder, "AutoModel", "encoder")


def digest_of(folder: Path) -> str:
    """A digest of all that a model's folder holds; of one that is missing, of nothing."""
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        if path.is_file():
            with path.open("rb") as file:
                whole.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()[:8]


def read_folder(folder: Path, kind: str, called: str) -> tuple[Any, Any, Any]:
    """PyTorch, and the tokenizer and the model of a folder; `kind` is a class of `transformers`.

    Raises:
        MissingExtraError: `transformers` is not installed.
        LanguageModelError: the folder holds no such model.
    """
    with extra("local", f"the {called} of a folder"):
        import torch
        import transformers
    if not folder.is_dir():  # or a name would be looked up far away
        raise LanguageModelError(f"{folder} is no folder; give that of a {called} in safetensors.")
    with quietly():
        loading = {"local_files_only": True, "trust_remote_code": False}
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **loading)
            reader = getattr(transformers, kind)
            model: Any = reader.from_pretrained(folder, use_safetensors=True, **loading)
        except (OSError, ValueError) as error:
            raise LanguageModelError(
                f"{folder} holds no {called} in safetensors: {str(error).splitlines()[0]}"
            ) from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return torch, tokenizer, model.eval()


@contextmanager
def quietly() -> Iterator[None]:
    """No bars and notes of `transformers` while a folder is read."""
    logger = logging.getLogger("transformers")
    before = logger.level
    logger.setLevel(logging.ERROR)
    messages: Any = import_module("transformers.utils.logging")
    bars = messages.is_progress_bar_enabled()
    messages.disable_progress_bar()
    try:
        yield
    finally:
        logger.setLevel(before)
        if bars:
            messages.enable_progress_bar()
