"""A trie over items' semantic ids as tensors, and which of its nodes lead to eligible items."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from galen.data.arrays import Bools, Ints


class CodeError(ValueError):
    """Codes are no semantic ids: wrong shape, out of their level's range, or shared by items."""


@dataclass(frozen=True, slots=True)
class Trie:
    """Semantic ids as a prefix tree, so that a generator writes only ids that exist.

    Constrained decoding after Rajput et al., Recommender Systems with Generative Retrieval (TIGER),
    2023. Nodes of a depth stand in the order of their codes: a node's children follow each other,
    and so do the leaves under it, so that two lookups say what a node spans. Depth 0 is the root,
    the nodes of the last depth are the leaves.
    """

    sizes: tuple[int, ...]  # codes of each level
    item: Tensor  # (items,) of each leaf
    code: tuple[Tensor, ...]  # by level: (nodes below,) the code that leads to each
    children: tuple[Tensor, ...]  # by level: (nodes + 1,) first child among the nodes below
    leaves: tuple[Tensor, ...]  # by depth, one more than levels: (nodes + 1,) first leaf

    @staticmethod
    def of(codes: Ints, sizes: tuple[int, ...] | None = None) -> "Trie":
        """The trie of codes (items, levels), `sizes` codes a level (default: the largest + 1).

        Raises:
            CodeError: no items or levels, a code out of range, or two items of the same codes.
        """
        codes = np.asarray(codes, np.int64)
        if codes.ndim != 2 or not codes.size:
            raise CodeError(f"codes have shape {codes.shape}, (items, levels) is needed.")
        if sizes is None:
            sizes = tuple(int(largest) + 1 for largest in codes.max(axis=0))
        _check_range(codes, sizes)
        items, levels = codes.shape
        order = np.lexsort(codes.T[::-1])
        ordered = codes[order]
        new = np.ones((items, levels), np.bool_)  # a leaf is the first under its node of depth l+1
        new[1:] = np.logical_or.accumulate(ordered[1:] != ordered[:-1], axis=1)
        if not new[:, -1].all():
            twin = int(np.flatnonzero(~new[:, -1])[0])
            raise CodeError(
                f"items {order[twin - 1]} and {order[twin]} share the codes "
                f"{ordered[twin].tolist()}."
            )
        first = [np.zeros(1, np.int64), *(np.flatnonzero(new[:, level]) for level in range(levels))]
        leaves = [np.append(starts, items) for starts in first]
        return Trie(
            sizes=tuple(sizes),
            item=torch.from_numpy(order),
            code=tuple(
                torch.from_numpy(ordered[first[level + 1], level]) for level in range(levels)
            ),
            children=tuple(
                torch.from_numpy(np.searchsorted(leaves[level + 1], leaves[level]))
                for level in range(levels)
            ),
            leaves=tuple(map(torch.from_numpy, leaves)),
        )

    @property
    def levels(self) -> int:
        """How many codes an id has."""
        return len(self.sizes)

    def __len__(self) -> int:
        return len(self.item)

    def to(self, device: torch.device | str) -> "Trie":
        """The same trie with its tensors on `device`."""
        return Trie(
            self.sizes,
            self.item.to(device),
            tuple(part.to(device) for part in self.code),
            tuple(part.to(device) for part in self.children),
            tuple(part.to(device) for part in self.leaves),
        )

    def masked(self, eligible: Tensor | Bools) -> "Eligible":
        """What may be written: eligible (items,) for all requests, or (requests, items).

        A mask without an eligible item is no error: it lets nothing be written, so that one
        request of a batch does not take the others with it.

        Raises:
            ValueError: the mask has another shape or is not of booleans.
        """
        mask = torch.as_tensor(eligible, device=self.item.device)
        mask = mask[None] if mask.ndim == 1 else mask
        if mask.ndim != 2 or mask.shape[1] != len(self) or mask.dtype != torch.bool:
            raise ValueError(
                f"the mask is {mask.dtype} of shape {tuple(mask.shape)}, booleans of shape "
                f"(requests, {len(self)}) are needed."
            )
        before = torch.zeros(len(mask), len(self) + 1, dtype=torch.int32, device=mask.device)
        torch.cumsum(mask[:, self.item], 1, dtype=torch.int32, out=before[:, 1:])
        return Eligible(self, before)


@dataclass(frozen=True, slots=True)
class Eligible:
    """A trie of which each request may see some leaves only."""

    trie: Trie
    before: Tensor  # (requests or 1, items + 1) eligible leaves before each leaf

    def __len__(self) -> int:
        return len(self.before)

    def children(self, level: int, request: Tensor, node: Tensor) -> tuple[Tensor, Tensor]:
        """Children of rows (request, node) of depth `level` that lead to an eligible item.

        Returns each child's row (its parent's place) and its node of the next depth, ordered by
        row, then by code.
        """
        offsets = self.trie.children[level]
        first = offsets[node]
        count = offsets[node + 1] - first
        parent = torch.repeat_interleave(count)
        skipped = first - (count.cumsum(0) - count)
        child = torch.arange(len(parent), device=node.device) + skipped[parent]
        leaf = self.trie.leaves[level + 1]
        start, stop = leaf[child], leaf[child + 1]
        if len(self) == 1:
            live = self.before[0, stop] > self.before[0, start]
        else:
            row = request[parent]
            live = self.before[row, stop] > self.before[row, start]
        return parent[live], child[live]


def _check_range(codes: Ints, sizes: tuple[int, ...]) -> None:
    if len(sizes) != codes.shape[1]:
        raise CodeError(f"{len(sizes)} sizes are given, codes have {codes.shape[1]} levels.")
    wrong = (codes < 0) | (codes >= np.array(sizes))
    if wrong.any():
        item, level = (int(place) for place in np.argwhere(wrong)[0])
        raise CodeError(
            f"item {item} has code {codes[item, level]} at level {level}, "
            f"which has {sizes[level]} codes."
        )
