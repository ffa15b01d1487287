"""Pi et al., "Search-based User Interest Modeling with Lifelong Behavior Data", CIKM 2020."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema, SchemaError
from galen.nn.attention import TargetAttention
from galen.nn.dense import tower
from galen.nn.inputs import Inputs
from galen.rank.networks.history import HistoryFields


@dataclass(frozen=True, slots=True)
class Sim:
    """Of a long history the events that matter are searched first, then attended to.

    Hard search takes the newest events that share the candidate's value of a sequence (`by`, the
    first one with a target where not given); soft search takes those of the highest inner product.
    """

    search: Literal["hard", "soft"] = "hard"  # by equal value of a sequence, or by inner product
    by: str = ""  # sequence of hard search; the first with a target where empty
    found: int = 20  # events that are attended to
    recent: int = 10  # newest events, whatever they are
    dimension: int = 16
    attention: int = 36
    hidden: tuple[int, ...] = (200, 80)
    dropout: float = 0.1

    def build(self, schema: Schema, objectives: Sequence[str]) -> nn.Module:
        return _Network(self, schema, len(objectives))


class _Network(nn.Module):
    def __init__(self, settings: Sim, schema: Schema, objectives: int) -> None:
        super().__init__()
        self.fields = HistoryFields(schema, settings.dimension)
        self.settings = settings
        self.sequence, self.category = _searched(schema, settings.by)
        event = self.fields.event_width
        self.long = TargetAttention(event, settings.attention)
        self.short = TargetAttention(event, settings.attention)
        width = self.fields.flat_width + 3 * event
        self.tower = tower(width, settings.hidden, objectives, act="dice", dropout=settings.dropout)

    def forward(self, inputs: Inputs) -> Tensor:
        seen = self.fields(inputs)
        count = seen.events.shape[1]
        places = torch.arange(count, device=seen.mask.device).expand_as(seen.mask)
        if self.settings.search == "hard":
            ids = inputs.history[inputs.history_row, :, self.sequence]
            wanted = inputs.categories[:, self.category, None]
            here = seen.mask & (ids == wanted) & (wanted != 0)  # unknown is no category
            order = torch.where(here, places, -1).float()
        else:
            here = seen.mask
            order = torch.einsum("blw,bw->bl", seen.events, seen.target).float()
            order = order.masked_fill(~here, float("-inf"))
        top = order.topk(min(self.settings.found, count), dim=1).indices
        events = seen.events.gather(1, top[..., None].expand(-1, -1, seen.events.shape[2]))
        long = self.long(events, seen.target, here.gather(1, top))
        length = seen.mask.sum(1, keepdim=True)
        newest = seen.mask & (places >= length - self.settings.recent)
        short = self.short(seen.events, seen.target, newest)
        row = torch.cat([seen.flat, seen.target, long, short], dim=1)
        logits: Tensor = self.tower(row)
        return logits


def _searched(schema: Schema, by: str) -> tuple[int, int]:
    """Places of the sequence that is searched by, and of the candidate's category."""
    for place, sequence in enumerate(schema.sequences):
        if sequence.target and by in ("", sequence.name):
            return place, schema.place(sequence.target)
    raise SchemaError(
        f"no sequence {by or 'of the history'!r} has a target to search by; name one under "
        "`targets` in samples.toml."
    )
