"""What a sequence network learned in one shop that holds in another.

Items are told apart by their words alone there, so what carries over is how words become vectors
and how histories of them are read (Hou et al., "Towards Universal Sequence Representation Learning
for Recommender Systems" (UniSRec), KDD 2022).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from galen.data.mendable import MendableError
from galen.features.item_text import TextEncoder, TextError
from galen.nn.sequences.next_item import NextItem

PROJECTION: Final = "projection.safetensors"
READER: Final = "sequence.safetensors"
BUYING: Final = "buying."
"""Begins the names of the reader's tensors that tell what is bought, which is of one shop."""


class BeginningError(MendableError):
    """There is nothing to begin with, or it does not fit; the message says what to do."""


@dataclass(frozen=True)
class Beginning:
    """How words become vectors, and how histories are read."""

    encoder: TextEncoder
    projection: Mapping[str, Tensor]
    reader: Mapping[str, Tensor]
    heads: int  # of attention, which shapes do not tell; 0 where it was saved without

    @classmethod
    def of(cls, network: NextItem, encoder: TextEncoder) -> "Beginning | None":
        """What a network has learned; none where its shop says nothing of its items."""
        projection = network.tower.of_vectors
        if projection is None:
            return None
        reader = network.reader
        heads = reader.backbone.shape.heads
        return cls(encoder, projection.state_dict(), reader.state_dict(), heads)

    def lay_into(self, network: NextItem) -> None:
        """Let a new network begin so, with own vectors of items that add nothing yet.

        Raises:
            BeginningError: the network has other shapes, or other heads of attention.
        """
        tower, heads = network.tower, network.reader.backbone.shape.heads
        if self.heads not in (0, heads):
            raise BeginningError(
                f"what is to be begun with has {self.heads} heads of attention, not {heads}; give "
                "backbone, width, layers, heads and length as they were."
            )
        if tower.of_vectors is None:
            raise BeginningError("the text to begin with has no words; begin with another folder.")
        _lay(tower.of_vectors, self.projection)
        _lay(network.reader, self.reader)
        if network.reader.context is not None:
            network.reader.context.words.forget("user")  # rows of people are of one shop
        if tower.own is not None:
            nn.init.zeros_(tower.own)

    def save(self, folder: Path) -> None:
        """Write what `sequence.safetensors`, which holds the reader, does not."""
        self.encoder.save(folder)
        plain = {name: t.contiguous() for name, t in self.projection.items()}
        save_file(plain, folder / PROJECTION, {"heads": str(self.heads)})

    @classmethod
    def load(cls, folder: Path) -> "Beginning":
        """Read what a sequence channel with text has saved.

        Raises:
            BeginningError: there is none.
        """
        try:
            projection, reader = load_file(folder / PROJECTION), load_file(folder / READER)
            encoder = TextEncoder.load(folder)
            with safe_open(folder / PROJECTION, "pt") as file:
                heads = int((file.metadata() or {}).get("heads", 0))
        except (OSError, SafetensorError, TextError) as error:
            raise BeginningError(
                f"{folder} holds no sequence channel with text ({error}); train one with "
                "text = true and give the folder of that channel in its bundle."
            ) from error
        reader.pop("items", None)
        shared = {name: t for name, t in reader.items() if not name.startswith(BUYING)}
        return cls(encoder, projection, shared, heads)


def _lay(part: nn.Module, saved: Mapping[str, Tensor]) -> None:
    mine = {name: tuple(t.shape) for name, t in part.state_dict().items()}
    other = {name: tuple(t.shape) for name, t in saved.items()}
    if mine != other:
        unlike = sorted(set(mine.items()) ^ set(other.items()))[0]
        raise BeginningError(
            f"what is to be begun with has another shape, as of {unlike[0]} {list(unlike[1])}; "
            "give backbone, width, layers, heads and length as they were."
        )
    with torch.no_grad():
        part.load_state_dict(dict(saved))
