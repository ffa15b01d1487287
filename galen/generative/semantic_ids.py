"""Semantic ids: a few codes an item, alike for items that are alike, and never shared by two.

Rajput et al., "Recommender Systems with Generative Retrieval" (TIGER), NeurIPS 2023.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import msgspec
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from galen.data.mendable import MendableError

Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]

CODES: Final = "codes.safetensors"
FACTS: Final = "semantic_ids.json"


class SemanticIdError(MendableError):
    """Semantic ids cannot be made or used; the message names what and says what to do."""


class Tokenizer(Protocol):
    """Turns item vectors into codes; it has learned, and new items need no learning."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many codes each level has."""
        ...

    def codes(self, vectors: Singles) -> Ints:
        """(items, levels) of vectors (items, d); items may share all codes."""
        ...

    def save(self, folder: Path) -> None: ...


class TokenizerSpec(Protocol):
    """Settings of a tokenizer, before it has seen vectors."""

    def fit(self, vectors: Singles, seed: int) -> Tokenizer: ...
    def load(self, folder: Path) -> Tokenizer: ...


@dataclass(frozen=True, slots=True)
class SemanticIds:
    """The codes of a catalogue's items, the last of which tells apart what shares the others."""

    codes: Ints  # (items, levels)
    sizes: tuple[int, ...]  # codes of each level
    catalogue: str  # digest of the items that the codes are of

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def collisions(self) -> float:
        """The share of items that the levels before the last do not tell from all others."""
        _, twin, count = np.unique(
            self.codes[:, :-1], axis=0, return_inverse=True, return_counts=True
        )
        return float((count[twin.ravel()] > 1).mean()) if len(self.codes) else 0.0

    def items_of(self, codes: Ints) -> Ints:
        """(n,): the item of each row of codes (n, levels), -1 where there is none."""
        known, asked = _flat(self.codes, self.sizes), _flat(codes, self.sizes)
        order = np.argsort(known)
        place = np.minimum(np.searchsorted(known[order], asked), len(known) - 1)
        found = order[place]
        inside = ((codes >= 0) & (codes < np.array(self.sizes))).all(axis=1)
        return np.where(inside & (known[found] == asked), found, -1)

    def save(self, folder: Path) -> None:
        save_file({"codes": self.codes.astype(np.int32)}, folder / CODES)
        facts = _Facts(self.sizes, self.catalogue, _digest((folder / CODES).read_bytes()))
        (folder / FACTS).write_bytes(msgspec.json.encode(facts))

    @classmethod
    def load(cls, folder: Path) -> "SemanticIds":
        """Read back what `save` wrote.

        Raises:
            SemanticIdError: a file is missing, cut short, or not the one written.
        """
        try:
            facts = msgspec.json.decode((folder / FACTS).read_bytes(), type=_Facts)
            if _digest((folder / CODES).read_bytes()) != facts.sha256:
                raise SemanticIdError(f"{folder / CODES} is not the file written; train again.")
            codes = load_file(folder / CODES)["codes"].astype(np.int64)
        except (OSError, KeyError, SafetensorError, msgspec.DecodeError) as error:
            raise SemanticIdError(
                f"the semantic ids in {folder} cannot be read ({error}); train again."
            ) from error
        return cls(codes, facts.sizes, facts.catalogue)

    def check(self, items: Sequence[str]) -> None:
        """See that these items begin with those that the codes are of.

        Raises:
            SemanticIdError: they are of another catalogue.
        """
        if digest_of(items[: len(self)]) != self.catalogue:
            raise SemanticIdError(
                f"the semantic ids are of another catalogue than this one of {len(items)} items; "
                "train again on it."
            )


class _Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sizes: tuple[int, ...]
    catalogue: str
    sha256: str


def semantic_ids(raw: Ints, sizes: tuple[int, ...], items: Sequence[str]) -> SemanticIds:
    """Codes (items, levels) with one more level, 0 for the first item of its codes, 1 for the next.

    Raises:
        SemanticIdError: a code is out of its level's range, or rows and items differ in number.
    """
    if raw.shape != (len(items), len(sizes)):
        raise SemanticIdError(
            f"codes have shape {raw.shape}; {len(items)} items of {len(sizes)} levels are needed."
        )
    wrong = (raw < 0) | (raw >= np.array(sizes))
    if wrong.any():
        row, level = map(int, np.argwhere(wrong)[0])
        raise SemanticIdError(
            f"item {items[row]!r} has code {int(raw[row, level])} in level {level}, which has "
            f"{sizes[level]} codes."
        )
    flat = _flat(raw, sizes)
    order = np.argsort(flat, kind="stable")
    starts = np.searchsorted(flat[order], flat[order], side="left")
    digit = np.empty(len(flat), np.int64)
    digit[order] = np.arange(len(flat)) - starts
    codes = np.concatenate([raw, digit[:, None]], axis=1)
    return SemanticIds(codes, (*sizes, int(digit.max(initial=0)) + 1), digest_of(items))


def digest_of(items: Sequence[str]) -> str:
    """A digest of item ids in their order."""
    return _digest("\n".join(items).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _flat(codes: Ints, sizes: tuple[int, ...]) -> Ints:
    """(n,): each row of codes as one number; rows out of range may share one."""
    flat = np.zeros(len(codes), np.int64)
    for level, size in enumerate(sizes):
        flat = flat * size + np.clip(codes[:, level], 0, size - 1)
    return flat
