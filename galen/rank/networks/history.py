"""What every model of a behaviour sequence begins with: events and candidate in the same terms."""

from typing import Final, NamedTuple

from torch import Tensor, nn

from galen.features.encoding.schema import Schema, SchemaError
from galen.nn.inputs import Inputs, history_mask
from galen.rank.networks.fields import Fields

SPREAD: Final = 0.05
"""Of embeddings at the start: products of events and candidates vanish where they are tiny."""


class Seen(NamedTuple):
    """A mini-batch with its histories once for each row."""

    flat: Tensor  # (B, fields · width) of everything but the history
    events: Tensor  # (B, L, width of an event)
    target: Tensor  # (B, width of an event): the candidate as if it were an event
    mask: Tensor  # (B, L)


class HistoryFields(nn.Module):
    """Embeddings of rows, of their events and of their candidates.

    Raises:
        SchemaError: the schema has no history.
    """

    def __init__(self, schema: Schema, dimension: int) -> None:
        super().__init__()
        if not schema.sequences:
            raise SchemaError(
                "this model reads a history and the samples have none; name one under `history` "
                "in samples.toml, or choose a model without."
            )
        self.fields = Fields(schema, dimension, sequences="none", spread=SPREAD)
        self.flat_width = self.fields.count * dimension
        self.event_width = len(schema.sequences) * dimension

    def forward(self, inputs: Inputs) -> Seen:
        flat = self.fields(inputs).flatten(1)
        events = self.fields.history(inputs).flatten(2)
        row = inputs.history_row
        return Seen(flat, events[row], self.target(inputs), history_mask(inputs)[row])

    def target(self, inputs: Inputs) -> Tensor:
        """(B, width of an event)."""
        found: Tensor = self.fields.target(inputs)
        return found.flatten(1)
