"""What a person has to do with now: medicines that are taken, and all that the cart holds."""

import numpy as np

from galen.data.arrays import Bools, Ints
from galen.data.catalogue import RX_CLASSES
from galen.data.schema import RxClass
from galen.eligibility.bearing import Bearing
from galen.eligibility.premises import NONE, Premises, Small, declared_of
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.circumstances import Packed


def taken_now(requests: Requests, premises: Premises, *, medicines: bool = True) -> Packed:
    """Concepts of current medicines (with `medicines`) and of all that the cart holds.

    Classes and words for products are among them: a label may name no more than that.
    """
    declared = declared_of(requests)
    cart = declared.cart
    if not len(cart.values):
        return declared.medicines if medicines else cart
    concept = premises.items.concept[cart.values]
    known = concept >= 0
    request, value = np.repeat(cart.request, known.sum(axis=1)), concept[known].astype(np.int64)
    if medicines:
        request = np.concatenate([request, declared.medicines.request])
        value = np.concatenate([value, declared.medicines.values])
    return Packed.grouped(request, value, len(declared))


def of_prescribed(
    bearing: Bearing, requests: Requests, candidates: Candidates, premises: Premises
) -> Small:
    """(N,): what a bearing says of rows beside what was prescribed."""
    concept = premises.items.concept[candidates.item]
    found = bearing.actions(declared_of(requests).prescribed, candidates, concept)
    found[handed_over(premises, candidates.item)] = NONE
    return found


def handed_over(premises: Premises, item: Ints) -> Bools:
    """(N,): what goes over the counter by prescription; who wrote one knew of the others."""
    prescription = RX_CLASSES.index(RxClass.PRESCRIPTION)
    return np.asarray(premises.catalogue.rx_class[item] == prescription)


def taken_beside(requests: Requests, request: int, item: int, premises: Premises) -> Ints:
    """Concepts that one request's person takes, was prescribed or has in the cart, for an item."""
    taken = taken_now(requests, premises).part(request, request + 1).values
    if handed_over(premises, np.array([item]))[0]:
        return taken
    prescribed = declared_of(requests).prescribed.part(request, request + 1).values
    return np.concatenate([taken, prescribed])
