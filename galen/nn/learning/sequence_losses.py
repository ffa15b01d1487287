"""What a state should say of the item that came next, among others.

Klenitskiy and Vasilev, "Turning Dross Into Gold Loss: is BERT4Rec really better than SASRec?",
RecSys 2023, for sampled softmax; Petrov and Macdonald, "gSASRec", RecSys 2023, for gBCE; Yi et al.,
"Sampling-Bias-Corrected Neural Modeling", RecSys 2019, for the correction by log q.
"""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.nn.learning.distributed import total, workers

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
    """The weighted mean of losses (T,) that the network itself computed."""

    def forward(self, losses: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
        # Processes that learn together each divide by the mean of their counts (see losses.py).
        events = total(weight.sum().detach().clone()) / workers().count
        return (losses * weight).sum() / events.clamp_min(1e-12)


def softmax_in_chunks(
    states: Tensor, wanted: Tensor, table: Tensor, events: int, kind: torch.dtype | None = None
) -> Tensor:
    """(T,) losses of a softmax over the whole catalogue, `events` of them at a time.

    states (T, d), wanted (T,) rows of table (N, d). Scores are made once: gradients are taken while
    those of a chunk are at hand, so that memory holds one chunk only. States and items are
    multiplied in `kind`, their own where not given; all else is summed in float32.
    """
    losses: Tensor = _WholeSoftmax.apply(states, wanted, table, events, kind or table.dtype)  # type: ignore[no-untyped-call]
    return losses


class _WholeSoftmax(torch.autograd.Function):
    """The gradient of a loss is the states' and the table's own, times what the loss weighs.

    What the table learns is kept as the sum over events that weigh alike, which is the common case;
    where they do not, it is taken again.
    """

    @staticmethod
    def forward(
        context: Any,
        states: Tensor,
        wanted: Tensor,
        table: Tensor,
        events: int,
        kind: torch.dtype,
    ) -> Tensor:
        whole = torch.ones_like(states[:, 0])
        context.how = events, kind
        losses, of_states, of_table = _with_gradients(states, wanted, table, whole, *context.how)
        context.save_for_backward(states, wanted, table, of_states, of_table)
        return losses

    @staticmethod
    def backward(context: Any, weight: Tensor) -> tuple[Tensor, None, Tensor, None, None]:
        states, wanted, table, of_states, of_table = context.saved_tensors
        if not len(weight) or bool((weight == weight[0]).all()):
            learned = of_table * weight[:1].sum()
        else:
            *_, learned = _with_gradients(states, wanted, table, weight, *context.how)
        return of_states * weight[:, None], None, learned, None, None


def _with_gradients(
    states: Tensor, wanted: Tensor, table: Tensor, weight: Tensor, events: int, kind: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """Losses (T,), what each teaches its state (T, d), and what all by weight (T,) teach items."""
    losses = torch.empty(len(states), dtype=torch.float32, device=states.device)
    of_states, of_table = torch.empty_like(states), torch.zeros_like(table)
    items = table.to(kind)
    for start in range(0, len(states), events):
        part = slice(start, start + events)
        asked = states[part].to(kind)
        scores = (asked @ items.T).float()
        target = wanted[part, None]
        of_target = scores.gather(1, target)
        most = scores.amax(1, keepdim=True)
        chance = scores.sub_(most).exp_()
        total = chance.sum(1, keepdim=True)
        losses[part] = (total.log() + most - of_target)[:, 0]
        chance.div_(total).scatter_add_(1, target, of_target.new_full(of_target.shape, -1.0))
        chance = chance.to(kind)
        of_states[part] = chance @ items
        of_table += chance.T @ (asked * weight[part, None].to(kind))
    return losses, of_states, of_table
