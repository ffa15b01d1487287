"""An item's vector is the sum of what is known of it; its own part can be left out."""

import pytest
import torch

from galen.nn.sequences.item_tower import ItemTower, Known

LEARNED = torch.tensor([True, True, False])


def tower(**more):
    torch.manual_seed(0)
    text = torch.eye(3)
    return ItemTower(Known(3, vectors=text), LEARNED, 4, **more)


def own_part(of):
    """What an item's own vector adds."""
    alone = of.of_vectors(of.vectors)
    return (of(torch.arange(3)) - alone).detach()


def test_an_item_without_an_event_has_no_own_vector_even_if_it_was_pushed_away():
    known = tower().eval()
    known.own.data += 1.0
    assert own_part(known).abs().sum(1)[:2].min() > 0
    assert float(own_part(known)[2].abs().max()) < 1e-6


def test_own_vectors_are_left_out_in_training_alone():
    known = tower(identity_dropout=0.75)
    known.own.data += 1.0
    many = torch.zeros(4000, dtype=torch.int64)
    alone = known.of_vectors(known.vectors)[0]
    left_out = (known(many) - alone).abs().sum(1) < 1e-6
    assert float(left_out.float().mean()) == pytest.approx(0.75, abs=0.04)
    known.eval()
    assert not ((known(many) - alone).abs().sum(1) < 1e-6).any()


def test_where_nothing_else_is_known_own_vectors_are_never_left_out():
    known = ItemTower(Known(3), LEARNED, 4, identity_dropout=0.75)
    assert torch.equal(known(torch.arange(3)), known.own)


@pytest.mark.parametrize("part", ["attributes", "vectors", "codes"])
def test_every_part_adds_its_own(part):
    torch.manual_seed(0)
    parts = {
        "attributes": torch.tensor([[0], [1], [-1]]),
        "vectors": torch.eye(3),
        "codes": torch.tensor([[0], [1], [0]]),
    }
    sizes = () if part == "vectors" else (2,)
    known = ItemTower(Known(3, **{part: parts[part]}, sizes=sizes), LEARNED, 4, identity=False)
    found = known.eval().whole()
    assert not torch.allclose(found[0], found[1])
    assert bool(found[2].any()) == (part != "attributes")
