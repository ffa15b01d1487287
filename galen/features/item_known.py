"""What a catalogue says of its items, as an item tower reads it."""

from dataclasses import replace
from typing import Literal

import numpy as np
import torch

from galen.data.arrays import Bools, Singles
from galen.data.catalogue import Catalogue
from galen.features.item_text import TextEncoder, said_of
from galen.features.item_vectors import Encoded
from galen.features.tokenizing.semantic_ids import SemanticIds
from galen.nn.sequences.item_tower import Known

Attribute = Literal["brand", "category", "department"]


def known_of(
    catalogue: Catalogue, attributes: tuple[Attribute, ...], encoder: TextEncoder | None = None
) -> Known:
    """What a catalogue says of its items under the names of attributes, and in their words."""
    items, vectors = len(catalogue), None
    if encoder is not None and encoder.size:
        vectors = torch.from_numpy(encoder.vectors(said_of(catalogue)))
    if not attributes:
        return Known(items, vectors=vectors)
    codes = np.stack([getattr(catalogue, name) for name in attributes], axis=1).astype(np.int64)
    sizes = tuple(int(size) for size in codes.max(axis=0, initial=-1) + 1)
    return Known(items, torch.from_numpy(codes), vectors, sizes=sizes)


def with_encoded(known: Known, encoded: Encoded, vectors: Singles) -> Known:
    """Known by vectors (items, d) of an encoder too, and by a number that says where none is."""
    there = torch.from_numpy(encoded.there)
    laid = torch.cat([torch.from_numpy(vectors), (~there).float()[:, None]], dim=1)
    if known.vectors is None:
        return replace(known, vectors=laid, there=there)
    both = torch.cat([known.vectors, laid], dim=1)
    return replace(known, vectors=both, there=there | known.vectors.any(dim=1))


def with_codes(known: Known, ids: SemanticIds, there: Bools) -> Known:
    """Known by semantic ids too, of the items that are `there` (items,): something made them."""
    codes = torch.from_numpy(np.where(there[:, None], ids.codes, -1))
    return replace(known, codes=codes, sizes=known.sizes + ids.sizes)


def described(known: Known) -> Bools:
    """(items,): of which items something is known beside what people did."""
    found = np.zeros(known.items, bool)
    if known.attributes is not None:
        found |= (known.attributes >= 0).any(dim=1).numpy()
    if known.there is not None:
        found |= known.there.numpy()
    elif known.vectors is not None:
        found |= known.vectors.any(dim=1).numpy()
    if known.codes is not None:
        found |= (known.codes >= 0).any(dim=1).numpy()
    return found


def findable(known: Known, taken: Bools, *, identity: bool) -> Bools:
    """(items,): of which items a vector tells something: what is known, or who took them.

    Without `identity` who took an item gives it no vector of its own.
    """
    return described(known) | (taken & identity)
