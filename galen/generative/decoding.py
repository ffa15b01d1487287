"""From a generator's log-probabilities to items: beam search and exact scoring, never forbidden."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import torch
from torch import Tensor

from galen.generative.trie import Eligible, Trie

Found = tuple[Tensor, Tensor]  # (requests, k): items, best first, then -1; scores, then -inf


class ScoreError(ValueError):
    """A generator's log-probabilities are no numbers or misshapen; the message names the level."""


class State(Protocol):
    """What a generator knows of rows of unfinished ids, such as its cache of keys and values."""

    def __len__(self) -> int: ...

    def take(self, rows: Tensor) -> Self:
        """The state of those rows, which may repeat or be left out."""
        ...


StateT = TypeVar("StateT", bound=State)
Context_contra = TypeVar("Context_contra", contravariant=True)


class CodeScorer(Protocol[Context_contra, StateT]):
    """A generator of semantic ids, one level after the other."""

    def start(self, context: Context_contra) -> StateT:
        """One row of state for each request."""
        ...

    def step(self, state: StateT, level: int, codes: Tensor) -> tuple[Tensor, StateT]:
        """Log-probabilities (rows, codes of the level), and the state after reading `codes`.

        `codes` (rows, level) were written so far; all but the last are in the state already. The
        given state must stay as it is.
        """
        ...


@torch.inference_mode()
def beam(
    scorer: CodeScorer[Context_contra, Any],
    context: Context_contra,
    eligible: Eligible,
    *,
    width: int,
    k: int,
) -> Found:
    """The k best eligible items of each request, of the `width` best prefixes at each level.

    A score is the generator's own log-probability of the id. Of equal scores the lower item comes
    first, of equal prefixes the one of lower codes. Items of probability 0 are not found. With the
    catalogue's size as width it finds what `exact` finds. After Rajput et al., TIGER, 2023.

    Raises:
        ScoreError: a log-probability is NaN or +inf, or their shape is wrong.
        ValueError: width or k is not positive, or masks are neither one nor one a request.
    """
    state = scorer.start(context)
    requests = _checked(eligible, len(state), width, k)
    trie = eligible.trie
    prefixes = _roots(trie, torch.arange(requests, device=trie.item.device))
    for level in range(trie.levels):
        parent, prefixes, state = _grown(scorer, state, level, prefixes, eligible)
        if level == trie.levels - 1 or not len(parent):
            break
        if len(parent) > width:
            order, place = _ranked(prefixes.request, prefixes.score, requests)
            kept = order[place < width].sort().values
            parent, prefixes = parent[kept], prefixes.take(kept)
        state = state.take(parent)
    return _filled(prefixes.request, trie.item[prefixes.node], prefixes.score, requests, k)


@torch.inference_mode()
def exact(
    scorer: CodeScorer[Context_contra, Any],
    context: Context_contra,
    eligible: Eligible,
    *,
    k: int,
    rows: int = 4096,
) -> Found:
    """The k best eligible items of each request among all of them, with `beam`'s scores and order.

    Every live node is visited: a prefix's children `rows` at a time, and theirs before the next,
    so that the generator holds states of `rows` rows a level and no more.

    Raises:
        ScoreError: a log-probability is NaN or +inf, or their shape is wrong.
        ValueError: rows or k is not positive, or masks are neither one nor one a request.
    """
    state = scorer.start(context)
    requests = _checked(eligible, len(state), rows, k)
    trie = eligible.trie
    none = torch.zeros(0, dtype=torch.int64, device=trie.item.device)
    found = [(none, none, none.float())]

    def visit(state: Any, level: int, prefixes: _Prefixes) -> None:
        parent, prefixes, state = _grown(scorer, state, level, prefixes, eligible)
        if level < trie.levels - 1 and len(parent):
            for start in range(0, len(parent), rows):
                part = slice(start, start + rows)
                visit(state.take(parent[part]), level + 1, prefixes.take(part))
            return
        item = trie.item[prefixes.node]  # of no row where nothing can follow
        order, place = _best(prefixes.request, item, prefixes.score, requests)
        kept = order[place < k]
        found.append((prefixes.request[kept], item[kept], prefixes.score[kept]))

    everyone = torch.arange(requests, device=trie.item.device)
    for start in range(0, requests, rows):
        part = everyone[start : start + rows]
        visit(state.take(part), 0, _roots(trie, part))
    request, item, score = (torch.cat(parts) for parts in zip(*found, strict=True))
    return _filled(request, item, score, requests, k)


@torch.inference_mode()
def exact_parallel(
    log_probabilities: Sequence[Tensor],
    codes: Tensor,
    eligible: Tensor,
    *,
    k: int,
    cells: int = 1 << 24,
) -> Found:
    """The k best eligible items where levels do not depend on each other: a sum of look-ups.

    `log_probabilities` are (requests, codes) of each level, `codes` (items, levels), `eligible`
    (items,) or (requests, items) booleans. At most `cells` scores are held at once, or one
    request's. Codes laid out level by level, a transposed tensor, are not copied. Order and fill
    are those of `beam`.

    Raises:
        ScoreError: a log-probability is NaN or +inf, or levels are missing.
        ValueError: k is not positive, or the mask has another shape.
    """
    if not log_probabilities or len(log_probabilities) != codes.shape[1]:
        raise ScoreError(f"{len(log_probabilities)} levels are scored of {codes.shape[1]}.")
    for level, scores in enumerate(log_probabilities):
        _check_numbers(scores, level)
    requests, items = len(log_probabilities[0]), len(codes)
    mask = eligible[None] if eligible.ndim == 1 else eligible
    if k < 1 or mask.shape not in {(1, items), (requests, items)}:
        raise ValueError(f"k is {k}, the mask has shape {tuple(mask.shape)}.")
    columns = codes.T.contiguous()
    rows, found = max(1, cells // items), []
    for start in range(0, requests, rows):
        part = slice(start, start + rows)
        total = log_probabilities[0][part].index_select(1, columns[0])
        for scores, column in zip(log_probabilities[1:], columns[1:], strict=True):
            total += scores[part].index_select(1, column)
        total.masked_fill_(~(mask if len(mask) == 1 else mask[part]), -torch.inf)
        least = total.topk(min(k, items), dim=1).values[:, -1:]
        request, item = ((total >= least) & (total > -torch.inf)).nonzero(as_tuple=True)
        found.append(_filled(request, item, total[request, item], len(total), k))
    if not found:
        none = torch.zeros(0, dtype=torch.int64, device=codes.device)
        return _filled(none, none, none.float(), 0, k)
    return torch.cat([items for items, _ in found]), torch.cat([scores for _, scores in found])


@dataclass(frozen=True, slots=True)
class _Prefixes:
    """Unfinished ids, ordered by request, then by node."""

    request: Tensor  # (rows,)
    node: Tensor  # (rows,)
    score: Tensor  # (rows,)
    codes: Tensor  # (rows, levels so far)

    def take(self, rows: Tensor | slice) -> "_Prefixes":
        return _Prefixes(self.request[rows], self.node[rows], self.score[rows], self.codes[rows])


def _roots(trie: Trie, request: Tensor) -> _Prefixes:
    none = torch.zeros(len(request), 0, dtype=torch.int64, device=trie.item.device)
    root = torch.zeros_like(request)
    return _Prefixes(request, root, root.float(), none)


def _grown(
    scorer: CodeScorer[Any, Any],
    state: Any,
    level: int,
    prefixes: _Prefixes,
    eligible: Eligible,
) -> tuple[Tensor, _Prefixes, Any]:
    """Prefixes longer by every code that may follow, their parents' rows, the parents' state."""
    trie = eligible.trie
    scores, state = scorer.step(state, level, prefixes.codes)
    needed = (len(prefixes.node), trie.sizes[level])
    if scores.shape != needed:
        raise ScoreError(
            f"log-probabilities of level {level} have shape {tuple(scores.shape)}, "
            f"{needed} is needed."
        )
    _check_numbers(scores, level)
    parent, node = eligible.children(level, prefixes.request, prefixes.node)
    code = trie.code[level][node]
    score = prefixes.score[parent] + scores[parent, code]
    possible = score > -torch.inf
    if not bool(possible.all()):
        parent, node, code, score = (x[possible] for x in (parent, node, code, score))
    codes = torch.cat([prefixes.codes[parent], code[:, None]], 1)
    return parent, _Prefixes(prefixes.request[parent], node, score, codes), state


def _ranked(request: Tensor, score: Tensor, requests: int) -> tuple[Tensor, Tensor]:
    """Rows by request, then from the highest score, ties as they stand; each one's place."""
    order = score.argsort(descending=True, stable=True)
    if requests > 1:
        order = order[request[order].argsort(stable=True)]
    count = torch.bincount(request, minlength=requests)
    start = count.cumsum(0) - count
    place = torch.arange(len(order), device=order.device) - start[request[order]]
    return order, place


def _best(request: Tensor, item: Tensor, score: Tensor, requests: int) -> tuple[Tensor, Tensor]:
    """As `_ranked`, ties by item."""
    by_item = item.argsort(stable=True)
    order, place = _ranked(request[by_item], score[by_item], requests)
    return by_item[order], place


def _filled(request: Tensor, item: Tensor, score: Tensor, requests: int, k: int) -> Found:
    order, place = _best(request, item, score, requests)
    order, place = order[place < k], place[place < k]
    items = item.new_full((requests, k), -1)
    scores = score.new_full((requests, k), -torch.inf)
    items[request[order], place] = item[order]
    scores[request[order], place] = score[order]
    return items, scores


def _checked(eligible: Eligible, requests: int, width: int, k: int) -> int:
    if width < 1 or k < 1:
        raise ValueError(f"{k} items of {width} rows are asked for; both must be positive.")
    if len(eligible) not in {1, requests}:
        raise ValueError(f"{len(eligible)} masks are given for {requests} requests.")
    return requests


def _check_numbers(scores: Tensor, level: int) -> None:
    if not bool((scores < torch.inf).all()):
        raise ScoreError(f"log-probabilities of level {level} hold NaN or +inf.")
