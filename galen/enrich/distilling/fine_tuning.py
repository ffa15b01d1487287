"""Teaches a small causal model what a larger one answered, by low-rank adaptors.

Lessons are the answers of a task that were judged good; what was learned is measured on lessons
held out (LoRA: Hu et al., ICLR 2022). Needs the extra `local`. The model that comes out is a
folder that the provider `transformers` reads.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from galen.data.extras import extra
from galen.enrich.running.asking import asked_of
from galen.enrich.running.faults import EnrichError
from galen.enrich.running.journal import Journal
from galen.enrich.running.parsing import Answer
from galen.enrich.running.task import Task
from galen.llm.language_model import LanguageModel, Prompt
from galen.llm.text_encoder import read_folder

IGNORED: Final = -100
"""A label that the loss of `transformers` leaves out."""
CHUNK: Final = 4096


@dataclass(frozen=True, slots=True)
class PromptLesson:
    """A question, and the answer to it that was judged good."""

    prompt: Prompt
    answer: str


@dataclass(frozen=True, slots=True)
class FineTuning:
    """`most_tokens` is of question and answer; a longer lesson is left out."""

    rank: int = 8
    alpha: int = 16
    dropout: float = 0.05
    epochs: int = 3
    rate: float = 2e-4
    batch: int = 8
    most_tokens: int = 4096
    held_out: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class FineTuned:
    """Losses are of the answers' tokens, in nats a token, on the lessons held out."""

    folder: Path
    lessons: int
    held_out: int
    left_out: int  # longer than `most_tokens`
    loss_before: float
    loss_after: float
    trained: int  # parameters


def lessons_of(task: Task[Answer], teacher: LanguageModel, journal: Journal) -> list[PromptLesson]:
    """What a teacher answered in a task, as far as it was judged good."""
    found: list[PromptLesson] = []
    questions = list(asked_of(task, teacher))
    for start in range(0, len(questions), CHUNK):
        part = questions[start : start + CHUNK]
        kept = journal.answers([question.key for question in part])
        found += [PromptLesson(q.prompt, kept[q.key].text) for q in part if q.key in kept]
    return found


def tune(
    base: Path, lessons: Sequence[PromptLesson], to: Path, tuning: FineTuning | None = None
) -> FineTuned:
    """Teach the model in the folder `base`, and write it with what it learned into `to`.

    Raises:
        MissingExtraError: the extra `local` is missing.
        LanguageModelError: the folder holds no causal model.
        EnrichError: there are too few lessons, or a loss is no number; what stood in `to` before
            is then left.
    """
    tuning = tuning or FineTuning()
    torch, model, tokenizer = _opened(base, tuning)
    rows = [_row(tokenizer, lesson) for lesson in lessons]
    short = [row for row in rows if len(row[0]) <= tuning.most_tokens]
    order = np.random.default_rng(tuning.seed).permutation(len(short))
    held = max(1, round(tuning.held_out * len(short)))
    if len(short) < held + 1:
        raise EnrichError(
            f"{len(short)} lessons of {len(lessons)} have {tuning.most_tokens} tokens or fewer: "
            "too few to learn from and to hold out; run the task first, or allow longer lessons."
        )
    test, train = ([short[at] for at in part] for part in (order[:held], order[held:]))
    before = _loss(torch, model, test, tuning.batch)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    _learn(torch, model, train, tuning)
    after = _loss(torch, model, test, tuning.batch)
    merged = model.merge_and_unload()
    merged.save_pretrained(to, safe_serialization=True)
    tokenizer.save_pretrained(to)
    left_out = len(rows) - len(short)
    return FineTuned(to, len(train), len(test), left_out, before, after, trained)


def _opened(base: Path, tuning: FineTuning) -> tuple[Any, Any, Any]:
    """PyTorch, the model with adaptors to learn, and its tokenizer."""
    with extra("local", "teaching a model"):
        import peft
    torch, tokenizer, model = read_folder(base, "AutoModelForCausalLM", "causal model")
    adaptors = peft.LoraConfig(
        r=tuning.rank,
        lora_alpha=tuning.alpha,
        lora_dropout=tuning.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(tuning.seed)
    with warnings.catch_warnings():  # peft reads an attribute that transformers has renamed
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        return torch, peft.get_peft_model(model, adaptors), tokenizer


def _row(tokenizer: Any, lesson: PromptLesson) -> tuple[list[int], list[int]]:
    """Tokens and labels: only the answer is to be learned."""
    asked = f"{lesson.prompt.system}\n\n{lesson.prompt.user}\n"
    if tokenizer.chat_template:
        said = [
            {"role": "system", "content": lesson.prompt.system},
            {"role": "user", "content": lesson.prompt.user},
        ]
        asked = tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
    question = tokenizer(asked, add_special_tokens=False)["input_ids"]
    answer = tokenizer(lesson.answer, add_special_tokens=False)["input_ids"]
    if tokenizer.eos_token_id is not None:
        answer = [*answer, tokenizer.eos_token_id]
    return question + answer, [IGNORED] * len(question) + answer


def _batches(torch: Any, rows: Sequence[tuple[list[int], list[int]]], size: int) -> Iterator[Any]:
    """Rows of like length together, filled up to the longest."""
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        longest = max(len(tokens) for tokens, _ in part)
        filled = {
            "input_ids": [tokens + [0] * (longest - len(tokens)) for tokens, _ in part],
            "labels": [labels + [IGNORED] * (longest - len(labels)) for _, labels in part],
            "attention_mask": [[1] * len(t) + [0] * (longest - len(t)) for t, _ in part],
        }
        yield {name: torch.tensor(values) for name, values in filled.items()}


def _learn(torch: Any, model: Any, rows: Sequence[Any], tuning: FineTuning) -> None:
    random = np.random.default_rng(tuning.seed)
    learned = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, lr=tuning.rate)
    model.train()
    for _ in range(tuning.epochs):
        shuffled = [rows[at] for at in random.permutation(len(rows))]
        shuffled.sort(key=lambda row: len(row[0]) // 64)  # like lengths, in a drawn order
        batches = list(_batches(torch, shuffled, tuning.batch))
        for at in random.permutation(len(batches)):
            loss = model(**batches[at]).loss
            if not math.isfinite(float(loss.detach())):
                raise EnrichError("the loss is no number; take a lower rate.")
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learned, 1.0)
            optimiser.step()
    model.eval()


def _loss(torch: Any, model: Any, rows: Sequence[Any], batch: int) -> float:
    """Nats a token of the answers."""
    model.eval()
    total = count = 0.0
    with torch.inference_mode():
        for one in _batches(torch, rows, batch):
            tokens = float((one["labels"] != IGNORED).sum())
            total += float(model(**one).loss) * tokens
            count += tokens
    return total / max(count, 1.0)
