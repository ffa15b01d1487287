"""A causal model in a folder on this machine: safetensors, nothing fetched, no code of it run.

Needs the extra `local`. A schema is not enforced here: it stands in the question, and what comes
is judged as everything is.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from galen.llm.language_model import Answer, Prompt, Reply
from galen.llm.text_encoder import digest_of, read_folder


class TransformersFolder:
    """Answers the prompts of a batch together; threads take turns."""

    def __init__(self, folder: Path, batch: int = 8) -> None:
        """Nothing is read before it is asked."""
        self.folder, self.batch, self._lock = folder, batch, Lock()

    @property
    def name(self) -> str:
        return f"transformers:{self.folder.name}"

    @cached_property
    def endpoint(self) -> str:
        """By what it holds, too: a model that was tuned again in its place answers otherwise."""
        return f"{self.folder.name}+{digest_of(self.folder)}"

    def complete(self, prompts: Sequence[Prompt]) -> list[Answer]:
        """Prompts of one length whose answers are not drawn are answered together.

        Raises:
            MissingExtraError: the extra `local` is missing.
            LanguageModelError: the folder holds no model.
        """
        answers: dict[int, Answer] = {}
        alike: dict[tuple[int, int], list[int]] = {}
        for at, prompt in enumerate(prompts):  # what is drawn may not depend on its neighbours
            key = (prompt.most_tokens, -1 if prompt.temperature <= 0 else at)
            alike.setdefault(key, []).append(at)
        with self._lock:
            for group in alike.values():
                for start in range(0, len(group), self.batch):
                    part = group[start : start + self.batch]
                    replies = self._written([prompts[at] for at in part])
                    answers.update(zip(part, replies, strict=True))
        return [answers[at] for at in range(len(prompts))]

    def _written(self, prompts: Sequence[Prompt]) -> list[Reply]:
        torch, tokenizer, model = self._read
        first = prompts[0]
        encoded = tokenizer(
            [self._text(tokenizer, prompt) for prompt in prompts],
            padding=True,
            padding_side="left",
            add_special_tokens=False,
            return_tensors="pt",
            return_token_type_ids=False,
        )
        drawn = first.temperature > 0
        how = {"do_sample": True, "temperature": first.temperature} if drawn else {}
        torch.manual_seed(first.seed)
        with torch.inference_mode():
            out = model.generate(
                **encoded,
                max_new_tokens=first.most_tokens,
                pad_token_id=tokenizer.pad_token_id,
                **({"do_sample": False} | how),
            )
        read = encoded["attention_mask"].sum(1).tolist()
        start, end = encoded["input_ids"].shape[1], tokenizer.eos_token_id
        replies = []
        for tokens, count in zip(out[:, start:].tolist(), read, strict=True):
            stop = tokens.index(end) if end in tokens else len(tokens)
            text = tokenizer.decode(tokens[:stop], skip_special_tokens=True)
            replies.append(Reply(text, int(count), stop, whole=end in tokens))
        return replies

    def _text(self, tokenizer: Any, prompt: Prompt) -> str:
        if not tokenizer.chat_template:
            return f"{prompt.system}\n\n{prompt.user}\n"
        said = [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.user},
        ]
        text = tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
        return str(text)

    @cached_property
    def _read(self) -> tuple[Any, Any, Any]:
        return read_folder(self.folder, "AutoModelForCausalLM", "causal model")
