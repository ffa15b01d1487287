"""Requests of one person each, put together to be answered at once."""

from collections.abc import Sequence

import numpy as np

from galen.eligibility.premises import declared_of
from galen.pipeline.candidates import Histories, Requests
from galen.pipeline.circumstances import Bought, Circumstances, Packed


def together(parts: Sequence[Requests]) -> Requests:
    """The same requests in one table, in their order."""
    histories = [part.history for part in parts]
    history = Histories(
        _ends([one.offsets for one in histories]),
        np.concatenate([one.item for one in histories]),
        np.concatenate([one.kind for one in histories]),
        np.concatenate([one.at for one in histories]),
    )
    return Requests(
        user=np.concatenate([part.user for part in parts]),
        at=np.concatenate([part.at for part in parts]),
        history=history,
        surface=np.concatenate([part.surface for part in parts]),
        age=np.concatenate([part.age for part in parts]),
        region=[region for part in parts for region in part.region],
        seed=np.concatenate([part.seed for part in parts]),
        circumstances=_circumstances([declared_of(part) for part in parts]),
        life_stage=[s for part in parts for s in part.life_stage or [None] * len(part)],
        impersonal=np.concatenate(
            [
                np.zeros(len(part), bool) if part.impersonal is None else part.impersonal
                for part in parts
            ]
        ),
        query=[q for part in parts for q in part.query or [None] * len(part)],
    )


def _circumstances(parts: Sequence[Circumstances]) -> Circumstances:
    bought = [part.bought for part in parts]
    return Circumstances(
        states=_packed([part.states for part in parts]),
        medicines=_packed([part.medicines for part in parts]),
        allergies=_packed([part.allergies for part in parts]),
        prescribed=_packed([part.prescribed for part in parts]),
        cart=_packed([part.cart for part in parts]),
        bought=Bought(
            _packed([one.item for one in bought]),
            np.concatenate([one.ago for one in bought]),
            np.concatenate([one.quantity for one in bought]),
        ),
        unrecognised=np.concatenate([part.unrecognised for part in parts]),
        intolerant=np.concatenate([part.intolerant for part in parts]),
        shared=np.concatenate([part.shared for part in parts]),
        refill=np.concatenate([part.refill for part in parts]),
    )


def _packed(parts: Sequence[Packed]) -> Packed:
    values = np.concatenate([part.values for part in parts])
    return Packed(_ends([part.offsets for part in parts]), values)


def _ends(offsets: Sequence[np.ndarray]) -> np.ndarray:
    lengths = np.concatenate([np.diff(one) for one in offsets])
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
