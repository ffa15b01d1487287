"""What networks of several scenes must keep to."""

import pytest
import torch
from rank.networks.schemas import PLAIN, plain_samples

from galen.assembly.catalog import NETWORKS
from galen.features.encoding.schema import Category, Schema, SchemaError
from galen.nn.inputs import Inputs
from galen.rank.lessons import inputs_of
from galen.rank.networks.pepnet import NeuralGate, PepNet
from galen.rank.networks.star import Star

SCENE, NEVER = 2, 4  # place of the category, and a scene that is in no sample

every = pytest.mark.parametrize("name", ["star", "pepnet"])


def _in_scene(scene: int, rows: int = 8) -> Inputs:
    inputs = inputs_of(plain_samples(rows), slice(0, rows))
    categories = inputs.categories.clone()
    categories[:, SCENE] = scene
    return inputs._replace(categories=categories)


@every
def test_a_schema_without_a_scene_is_refused(name):
    schema = Schema(categories=(Category("user", 20), Category("item", 30)))
    with pytest.raises(SchemaError, match="scene"):
        NETWORKS[name]().build(schema, ("click",))


@every
def test_a_scene_that_is_not_known_has_a_score(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().build(PLAIN, ("click",)).eval()
    assert torch.isfinite(network(_in_scene(0))).all()


@every
def test_a_scene_of_one_row_gives_no_nan_in_training(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().build(PLAIN, ("click",)).train()
    inputs = _in_scene(1)
    inputs.categories[0, SCENE] = 3
    logits = network(inputs)
    logits.sum().backward()
    assert torch.isfinite(logits).all()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


def test_star_gives_a_scene_never_seen_the_score_of_the_centre():
    torch.manual_seed(0)
    network = Star().build(PLAIN, ("click",))
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for step in range(20):  # scenes 1 and 2 are learned, NEVER is not
        optimiser.zero_grad()
        inputs = _in_scene(1 + step % 2, rows=32)
        inputs.categories[::3, SCENE] = 2 - step % 2
        torch.sin(network(inputs)).sum().backward()
        optimiser.step()
    network.eval()
    with torch.no_grad():
        table = network.fields.table
        # The scene's own embedding is a field like any other: here both scenes have the same.
        unknown, never = (int(table.offsets[SCENE]) + scene for scene in (0, NEVER))
        table.weight[never] = table.weight[unknown]
        centre, found, taught = (network(_in_scene(scene)) for scene in (0, NEVER, 1))
    torch.testing.assert_close(found, centre)
    assert not torch.allclose(taught, centre)


def test_a_gate_of_pepnet_is_one_where_its_tower_says_nothing():
    gate = NeuralGate(6, 3, 4)
    torch.testing.assert_close(gate(torch.zeros(2, 6)), torch.ones(2, 3), rtol=0, atol=0)


def test_gates_of_pepnet_are_near_one_at_the_start():
    torch.manual_seed(0)
    network = PepNet().build(PLAIN, ("click",)).eval()
    given = []
    for gate in [network.embedding_gate, *network.gates]:
        gate.register_forward_hook(lambda _, __, values: given.append(values))
    network(_in_scene(1))
    assert len(given) == 4
    for values in given:
        torch.testing.assert_close(values, torch.ones_like(values), rtol=0, atol=0.01)


def test_gates_of_pepnet_do_not_teach_the_embeddings_of_what_is_no_prior():
    schema = Schema(categories=PLAIN.categories, scene="scene")  # user and item are no priors
    torch.manual_seed(0)
    network = PepNet(dropout=0.0).build(schema, ("click",))
    network.embedding_gate.requires_grad_(False)
    given = []
    network.gates[0].register_forward_hook(lambda _, __, values: given.append(values))
    network(_in_scene(1))
    given[0].sum().backward()
    gradient = network.fields.table.weight.grad
    assert gradient[50:].any()  # the scene's rows
    assert not gradient[:50].any()  # those of users and items
