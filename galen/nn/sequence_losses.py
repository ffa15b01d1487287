"""What a state should say of the item that came next, among others.

Klenitskiy and Vasilev, "Turning Dross Into Gold Loss: is BERT4Rec really better than SASRec?",
RecSys 2023, for sampled softmax; Petrov and Macdonald, "gSASRec", RecSys 2023, for gBCE; Yi et al.,
"Sampling-Bias-Corrected Neural Modeling", RecSys 2019, for the correction by log q.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.nn.distributed import total, workers

Kind = Literal["softmax", "sampled", "bce", "gbce"]


def token_loss(
    kind: Kind, positive: Tensor, negative: Tensor, *, share: float = 0.0, calibration: float = 0.75
) -> Tensor:
    """(T,) losses of the next item's score (T,) beside the scores (T, N) of others.

    `share` is the part of the catalogue that the N are, and `calibration` how far gBCE undoes what
    drawing them does to probabilities (0 is plain BCE). -inf scores a negative that is no negative.
    """
    if kind in ("softmax", "sampled"):
        positive, negative = positive.float(), negative.float()
        largest = torch.maximum(positive, negative.amax(1)).detach()
        others = torch.exp(negative - largest[:, None]).sum(1)
        return torch.log(torch.exp(positive - largest) + others) + largest - positive
    power = 1.0
    if kind == "gbce":
        power = share * (calibration * (1 - 1 / max(share, 1e-9)) + 1 / max(share, 1e-9))
    said = power * functional.softplus(-positive.float())
    others = functional.softplus(negative.float())
    count = torch.isfinite(negative).sum(1).clamp_min(1) if kind == "bce" else 1
    return said + others.sum(1) / count


def without_wanted(scores: Tensor, wanted: Tensor, drawn: Tensor) -> Tensor:
    """Scores (T, N) of drawn items (N,), -inf where an event wants (T,) that very item.

    The few places are looked up: comparing all T · N would cost as much as scoring them.
    """
    ordered, place = torch.sort(drawn)
    first = torch.searchsorted(ordered, wanted)
    count = torch.searchsorted(ordered, wanted, right=True) - first
    event = torch.repeat_interleave(torch.arange(len(wanted), device=wanted.device), count)
    within = torch.arange(len(event), device=event.device) - (count.cumsum(0) - count)[event]
    nothing = scores.new_full((), -torch.inf)
    return scores.index_put((event, place[first[event] + within]), nothing)


class Mean(nn.Module):
    """The weighted mean of losses (T,) that the network itself has told."""

    def forward(self, told: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
        # Processes that learn together each divide by the mean of their counts (see losses.py).
        events = total(weight.sum().detach().clone()) / workers().count
        return (told * weight).sum() / events.clamp_min(1e-12)


def softmax_in_chunks(states: Tensor, wanted: Tensor, table: Tensor, events: int) -> Tensor:
    """(T,) losses of a softmax over the whole catalogue, `events` of them at a time.

    states (T, d), wanted (T,) rows of table (N, d). Scores of a chunk are made again on the way
    back, so that memory holds those of one chunk only.
    """
    parts = [
        torch.utils.checkpoint.checkpoint(
            _whole_softmax,
            states[start : start + events],
            wanted[start : start + events],
            table,
            use_reentrant=False,
        )
        for start in range(0, len(states), events)
    ]
    return torch.cat(parts)


def _whole_softmax(states: Tensor, wanted: Tensor, table: Tensor) -> Tensor:
    scores = (states @ table.T).float()
    return functional.cross_entropy(scores, wanted, reduction="none")
