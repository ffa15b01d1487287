"""From a schema's fields to embeddings: what every ranking network begins with."""

from typing import Literal

import torch
from torch import Tensor, nn

from galen.features.encoding.schema import Schema, table_of
from galen.nn.adaptor import HybridExperts
from galen.nn.inputs import Inputs, history_mask
from galen.nn.numeric import Numbers
from galen.nn.tables.embedding import FusedTable

Pooled = Literal["mean", "none"]


class Fields(nn.Module):
    """(B, fields, width): categories, bags, numbers, vectors and the mean of each history sequence.

    `first` more columns hold first-order weights; `sequences="none"` leaves histories to the
    model. Where the schema names a position, ids of it are neutral (0) outside training.
    """

    def __init__(
        self,
        schema: Schema,
        width: int,
        *,
        first: bool = False,
        sequences: Pooled = "mean",
        spread: float = 1e-4,
    ) -> None:
        super().__init__()
        self.schema, self.width = schema, width
        self.pooled = sequences == "mean" and bool(schema.sequences)
        columns = width + (1 if first else 0)
        pairs = [(field.name, table_of(field)) for field in schema.tabled]
        self.table = FusedTable(schema.tables, pairs, columns, spread=spread)
        if first:
            nn.init.zeros_(self.table.weight[:, width:].detach())
        encodings = [number.encoding for number in schema.numbers]
        self.numbers = Numbers(encodings, columns) if encodings else None
        self.mean: Tensor
        self.spread: Tensor
        self.register_buffer("mean", torch.tensor([number.mean for number in schema.numbers]))
        self.register_buffer("spread", torch.tensor([number.spread for number in schema.numbers]))
        self.vectors = nn.ModuleList(
            nn.Linear(vector.size, columns, bias=False)
            for vector in schema.vectors
            if vector.adaptor == "linear"
        )
        adapted = [vector.size for vector in schema.vectors if vector.adaptor == "experts"]
        self.experts = HybridExperts(adapted, columns) if adapted else None
        self.position = schema.place(schema.position) if schema.position else -1

    @property
    def count(self) -> int:
        """Fields of the output."""
        schema = self.schema
        plain = (schema.categories, schema.bags, schema.numbers, schema.vectors)
        return sum(map(len, plain)) + (len(schema.sequences) if self.pooled else 0)

    def forward(self, inputs: Inputs) -> Tensor:
        """(B, fields, width), and one more column of first-order weights if asked for."""
        schema, categories = self.schema, len(self.schema.categories)
        ids = self.ids(inputs)
        if not (schema.bags or schema.numbers or schema.vectors or self.pooled):
            found: Tensor = self.table(ids)
            return found
        parts = [self.table(ids)] if categories else []
        start = 0
        for place, bag in enumerate(schema.bags):
            places = slice(start, start + bag.width)
            parts.append(
                self._bag(categories + place, inputs.bags[:, places], inputs.bag_weights[:, places])
            )
            start += bag.width
        if self.numbers is not None:
            values = inputs.numbers
            values = (torch.sign(values) * torch.log1p(values.abs()) - self.mean) / self.spread
            parts.append(self.numbers(values))
        if schema.vectors:
            parts += self._vectors(inputs.vectors)
        if self.pooled:
            parts.append(self._history_mean(inputs))
        return torch.cat(parts, dim=1)

    def ids(self, inputs: Inputs) -> Tensor:
        """(B, categories), with a neutral position outside training."""
        if self.position < 0 or self.training:
            return inputs.categories
        neutral = inputs.categories.clone()
        neutral[:, self.position] = 0
        return neutral

    def history(self, inputs: Inputs) -> Tensor:
        """(R, L, sequences, width) of every event; see `history_mask` for which are there."""
        first = len(self.schema.categories) + len(self.schema.bags)
        places = range(len(self.schema.sequences))
        return torch.stack(
            [self.table.field(first + place, inputs.history[..., place]) for place in places], dim=2
        )[..., : self.width]

    def target(self, inputs: Inputs) -> Tensor:
        """(B, sequences, width): of each sequence, what the candidate is in its terms.

        Zero for a sequence that has no target.
        """
        columns = []
        for sequence in self.schema.sequences:
            if sequence.target:
                place = self.schema.place(sequence.target)
                ids = inputs.categories[:, place]
                columns.append(self.table.field(place, ids)[..., : self.width])
            else:
                like = inputs.categories
                columns.append(torch.zeros(len(like), self.width, device=like.device))
        return torch.stack(columns, dim=1)

    def _vectors(self, vectors: Tensor) -> list[Tensor]:
        """What projections make of vectors, then what experts make: each (B, fields, width)."""
        each = torch.split(vectors, [vector.size for vector in self.schema.vectors], dim=1)
        of: dict[str, list[Tensor]] = {"linear": [], "experts": []}
        for vector, values in zip(self.schema.vectors, each, strict=True):
            of[vector.adaptor].append(values)
        pairs = zip(self.vectors, of["linear"], strict=True)
        parts = [projection(values)[:, None] for projection, values in pairs]
        if self.experts is not None:
            parts.append(self.experts(torch.cat(of["experts"], dim=1)))
        return parts

    def _bag(self, place: int, ids: Tensor, weights: Tensor) -> Tensor:
        """(B, 1, width): the weighted mean of what is in the bag, 0 for an empty one."""
        summed = (self.table.field(place, ids) * weights[..., None]).sum(1, keepdim=True)
        return summed / weights.sum(1).clamp_min(1e-6)[:, None, None]

    def _history_mean(self, inputs: Inputs) -> Tensor:
        first = len(self.schema.categories) + len(self.schema.bags)
        weights = history_mask(inputs).to(torch.float32)
        means = [
            self._bag(first + place, inputs.history[..., place], weights)
            for place in range(len(self.schema.sequences))
        ]
        return torch.cat(means, dim=1)[inputs.history_row]
