"""What is known of items: each part says of which items it tells."""

import numpy as np
import torch

from galen.features.item_known import described, findable, with_codes
from galen.features.tokenizing.semantic_ids import semantic_ids
from galen.nn.sequences.item_tower import Known


def test_codes_describe_the_items_that_they_were_made_of_something_for():
    ids = semantic_ids(np.array([[0, 1], [1, 1], [1, 1]]), (2, 2), ["a", "b", "c"])
    known = Known(3, attributes=torch.tensor([[-1], [4], [-1]]), sizes=(5,))
    both = with_codes(known, ids, np.array([True, True, False]))
    assert both.codes is not None
    assert both.codes.tolist() == [[0, 1, 0], [1, 1, 0], [-1, -1, -1]]
    assert both.sizes == (5, 2, 2, 2)
    assert described(both).tolist() == [True, True, False]


def test_who_took_an_item_gives_it_a_vector_only_where_items_have_their_own():
    known = Known(3, torch.tensor([[0], [-1], [-1]]), sizes=(1,))
    taken = np.array([False, True, False])
    assert findable(known, taken, identity=True).tolist() == [True, True, False]
    assert findable(known, taken, identity=False).tolist() == [True, False, False]
