"""Semantic ids: a few codes an item, alike for items that are alike, and never shared by two.

Rajput et al., "Recommender Systems with Generative Retrieval" (TIGER), NeurIPS 2023.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from galen.data.arrays import Ints, Singles
from galen.data.catalogue import digest_of
from galen.data.lookup import place_within
from galen.data.mendable import MendableError

CODES: Final = "codes.safetensors"
FACTS: Final = "semantic_ids.json"


class SemanticIdError(MendableError, ValueError):
    """Semantic ids cannot be made or used; the message names what and says what to do."""


class Tokenizer(Protocol):
    """Turns item vectors into codes; it has learned, and new items need no learning."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many codes each level has."""
        ...

    def codes(self, vectors: Singles) -> Ints:
        """(items, levels) of vectors (items, d); items may share all codes.

        Raises:
            SemanticIdError: vectors have another width than those learned from, or one is NaN or
                infinite.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write what was learned, and by which settings, into a folder, which exists."""
        ...


class TokenizerSpec(Protocol):
    """Settings of a tokenizer, before it has seen vectors."""

    def fit(self, vectors: Singles, seed: int) -> Tokenizer:
        """Learn from vectors (items, d).

        Raises:
            SemanticIdError: there are no items, or a vector is NaN or infinite.
        """
        ...

    def load(self, folder: Path) -> Tokenizer:
        """Read back what `save` wrote.

        Raises:
            SemanticIdError: the file is missing, cut short, or of other settings.
        """
        ...


@dataclass(frozen=True, slots=True)
class SemanticIds:
    """The codes of a catalogue's items, the last of which tells apart what shares the others.

    Raises:
        SemanticIdError: a code is out of its level's range, or two items share an id.
    """

    codes: Ints  # (items, levels)
    sizes: tuple[int, ...]  # codes of each level
    catalogue: str  # digest of the items that the codes are of
    tokenizer: str = ""  # its name
    _order: Ints = field(init=False, repr=False, compare=False)  # items in the order of their codes

    def __post_init__(self) -> None:
        _check_codes(self.codes, self.sizes)
        flat = _flat(self.codes, self.sizes)
        order = np.argsort(flat, kind="stable")
        same = np.flatnonzero(np.diff(flat[order]) == 0)
        if len(same):
            one, two = order[same[0] : same[0] + 2].tolist()
            raise SemanticIdError(
                f"items {one} and {two} share the id {self.codes[one].tolist()}; "
                "make ids with semantic_ids, which adds a digit."
            )
        object.__setattr__(self, "_order", order)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def collisions(self) -> float:
        """The share of items that the levels before the last do not tell from all others."""
        return shared(self.codes[:, :-1], self.sizes[:-1])

    def items_of(self, codes: Ints) -> Ints:
        """(n,): the item of each row of codes (n, levels), -1 where there is none."""
        if not len(self):
            return np.full(len(codes), -1)
        both = _flat(np.concatenate([self.codes, codes]), self.sizes)
        known, asked = both[self._order], both[len(self) :]
        place = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        inside = ((codes >= 0) & (codes < np.array(self.sizes))).all(axis=1)
        return np.where(inside & (known[place] == asked), self._order[place], -1)

    def extended(self, raw: Ints, items: Sequence[str], new: Sequence[str]) -> "SemanticIds":
        """With new items after the known ones, whose ids stay; `raw` (new, levels - 1) is of a
        tokenizer. Only the last level's size may grow.

        Raises:
            SemanticIdError: `items` are of another catalogue, or a code is out of range.
        """
        self.check(items)
        if len(items) != len(self):
            raise SemanticIdError(
                f"{len(items)} items are named as known, the semantic ids are of {len(self)}; "
                "name the rest as new."
            )
        _check_rows(raw, self.sizes[:-1], new)
        before = self.codes[:, :-1]
        flat = _flat(np.concatenate([before, raw]), self.sizes[:-1])
        _, group = np.unique(flat, return_inverse=True)
        taken = np.zeros(int(group.max(initial=-1)) + 1, np.int64)
        np.maximum.at(taken, group[: len(self)], self.codes[:, -1] + 1)
        own = group[len(self) :]
        digit = taken[own] + _places(own, new)
        codes = np.concatenate([self.codes, np.concatenate([raw, digit[:, None]], axis=1)])
        last = max(self.sizes[-1], int(digit.max(initial=0)) + 1)
        digest = digest_of([*items, *new])
        return SemanticIds(codes, (*self.sizes[:-1], last), digest, self.tokenizer)

    def save(self, folder: Path) -> None:
        """Write the codes, then what they are of with their digest, into a folder that exists."""
        save_file({"codes": self.codes.astype(np.int32)}, folder / CODES)
        digest = _digest((folder / CODES).read_bytes())
        facts = _Facts(self.sizes, self.catalogue, digest, self.tokenizer)
        (folder / FACTS).write_bytes(msgspec.json.encode(facts))

    @classmethod
    def load(cls, folder: Path) -> "SemanticIds":
        """Read back what `save` wrote.

        Raises:
            SemanticIdError: a file is missing, cut short, or not the one written.
        """
        file = folder / FACTS
        try:
            facts = msgspec.json.decode(file.read_bytes(), type=_Facts)
            file = folder / CODES
            if _digest(file.read_bytes()) != facts.sha256:
                raise SemanticIdError(
                    f"{file} was cut short or is not the file written; train again."
                )
            codes = load_file(file)["codes"].astype(np.int64)
        except (OSError, KeyError, SafetensorError, msgspec.DecodeError) as error:
            raise SemanticIdError(
                f"{file} is missing or was cut short ({error}); train again."
            ) from error
        return cls(codes, facts.sizes, facts.catalogue, facts.tokenizer)

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
    tokenizer: str = ""


def semantic_ids(
    raw: Ints, sizes: tuple[int, ...], items: Sequence[str], tokenizer: str = ""
) -> SemanticIds:
    """Codes (items, levels) with one more level that counts items of the same codes, by item id.

    Raises:
        SemanticIdError: a code is out of its level's range, or rows and items differ in number.
    """
    _check_rows(raw, sizes, items)
    digit = _places(_flat(raw, sizes), items)
    codes = np.concatenate([raw, digit[:, None]], axis=1).astype(np.int64)
    return SemanticIds(codes, (*sizes, int(digit.max(initial=0)) + 1), digest_of(items), tokenizer)


def shared(codes: Ints, sizes: tuple[int, ...]) -> float:
    """The share of items whose codes (items, levels) another item has too."""
    _, twin, count = np.unique(_flat(codes, sizes), return_inverse=True, return_counts=True)
    return float((count[twin] > 1).mean()) if len(codes) else 0.0


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _check_rows(raw: Ints, sizes: tuple[int, ...], items: Sequence[str]) -> None:
    if raw.shape != (len(items), len(sizes)):
        raise SemanticIdError(
            f"codes have shape {raw.shape}; {len(items)} items of {len(sizes)} levels are needed."
        )
    _check_codes(raw, sizes, items)


def _check_codes(codes: Ints, sizes: tuple[int, ...], items: Sequence[str] = ()) -> None:
    if codes.ndim != 2 or codes.shape[1] != len(sizes):
        raise SemanticIdError(f"codes have shape {codes.shape}; {len(sizes)} levels are needed.")
    wrong = (codes < 0) | (codes >= np.array(sizes))
    if wrong.any():
        row, level = map(int, np.argwhere(wrong)[0])
        name = repr(items[row]) if items else row
        raise SemanticIdError(
            f"item {name} has code {int(codes[row, level])} in level {level}, which has "
            f"{sizes[level]} codes."
        )


def _places(group: Ints, items: Sequence[str]) -> Ints:
    """(n,): 0 for the item of a group whose id is least, 1 for the next …"""
    order = np.lexsort((np.array(items, dtype=np.str_), group))
    ordered = group[order]
    place = np.empty(len(group), np.int64)
    place[order] = place_within(ordered)
    return place


def _flat(codes: Ints, sizes: tuple[int, ...]) -> Ints:
    """(n,): each row of codes as one number, in their order; rows out of range may share one."""
    flat, most = np.zeros(len(codes), np.int64), 1
    for level, size in enumerate(sizes):
        if most * size >= 1 << 62:  # many levels: ranks do as well and are small
            flat = np.unique(flat, return_inverse=True)[1].astype(np.int64)
            most = len(codes)
        flat = flat * size + np.clip(codes[:, level], 0, size - 1)
        most *= size
    return flat
