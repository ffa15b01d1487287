"""From requests and their rules to candidates, whatever it is that writes the items.

What writes is a function: it is given which of those who ask are meant (a slice), what each of them
may be shown (rows, items), and how many items are wanted.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from torch import Tensor

from galen.data.arrays import Bools, Ints
from galen.generative.decoding import Found
from galen.nn.blocks import blocks
from galen.nn.sequences.judging import HeldOut
from galen.pipeline.candidates import Candidates, Histories, Requests, no_candidates

Write = Callable[[slice, Tensor, int], Found]
Allowed = Callable[[Ints, int], Bools]

BLOCK: Final = 256
"""Requests that are decoded together at most."""


def everything(people: Ints, items: int) -> Bools:
    """All items, for requests (P,) that no rule holds anything back from."""
    return np.ones((len(people), items), bool)


def answered(
    write: Write,
    requests: Requests,
    asking: Ints,
    k: int,
    allowed: Allowed,
    *,
    items: int,
    repeat: bool,
) -> Candidates:
    """At most k items for each of the requests `asking`, none but those that are allowed.

    Without `repeat`, items of a request's history are not written.
    """
    if k < 1 or not len(asking):
        return no_candidates(("score",))
    parts: list[Found] = []
    for part in blocks(len(asking), items, most=BLOCK):
        mask = allowed(asking[part], items)
        if not repeat:
            _without_seen(mask, requests.history, asking[part])
        parts.append(write(part, torch.from_numpy(mask), k))
    item = torch.cat([found for found, _ in parts]).numpy()
    score = torch.cat([scores for _, scores in parts]).numpy()
    request = np.broadcast_to(asking[:, None], item.shape)
    there = item >= 0
    return Candidates(
        request[there].astype(np.int64),
        item[there].astype(np.int64),
        {"score": score[there].astype(np.float64)},
    )


@torch.inference_mode()
def ndcg(write: Write, kept: HeldOut, items: int, *, repeat: bool) -> float:
    """NDCG@10 of what was held out; without `repeat` nothing is written that was taken before."""
    total, people = 0.0, len(kept.wanted)
    for part in blocks(people, items, most=BLOCK):
        wanted = torch.from_numpy(kept.wanted[part])
        eligible = allowed_to(kept, part, items, repeat=repeat)
        found = write(part, eligible, 10)[0].cpu()
        place = torch.log2(torch.arange(found.shape[1]) + 2.0)
        total += float(((found == wanted[:, None]) / place).sum())
    return total / max(people, 1)


def allowed_to(kept: HeldOut, part: slice, items: int, *, repeat: bool) -> Tensor:
    """(P, items): all items; without `repeat` none that some people held out took before."""
    before = kept.before.of(np.arange(part.start, part.stop))
    eligible = torch.ones(len(before.offsets) - 1, items, dtype=torch.bool)
    if not repeat:
        row = np.repeat(np.arange(len(eligible)), np.diff(before.offsets))
        eligible[torch.from_numpy(row), torch.from_numpy(before.item)] = False
    return eligible


def _without_seen(mask: Bools, history: Histories, people: Ints) -> None:
    """Take what people (P,) took before off their masks (P, items)."""
    place = np.full(len(history), -1)
    place[people] = np.arange(len(people))
    row = place[history.request]
    known = (row >= 0) & (history.item < mask.shape[1])
    mask[row[known], history.item[known]] = False
