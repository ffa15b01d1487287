"""Frozen vectors through experts: for every network, with a learned vector where none is known."""

import msgspec
import numpy as np
import pytest
import torch
from rank.networks.schemas import RICH, rich_samples

from galen.assembly.catalog import NETWORKS
from galen.features.encoding.schema import Vector
from galen.nn.adaptor import HybridExperts
from galen.rank.lessons import inputs_of

ADAPTED = msgspec.structs.replace(RICH, vectors=(Vector("text", 8, "experts"),))


def test_each_field_becomes_an_embedding():
    torch.manual_seed(0)
    adaptor = HybridExperts((8, 8, 3), 5)
    assert adaptor(torch.randn(7, 19)).shape == (7, 3, 5)


def test_fields_of_one_size_share_experts_and_others_do_not():
    torch.manual_seed(0)
    adaptor = HybridExperts((8, 8, 3), 5, shared=2, own=1)
    adaptor(torch.randn(7, 19))[:, 0].sum().backward()
    touched = {
        name for name, p in adaptor.named_parameters() if p.grad is not None and p.grad.any()
    }
    of = {name.rsplit(".", 2)[0] for name in touched if name.startswith(("shared", "own"))}
    assert of == {"shared.1.0", "shared.1.1", "own.0.0"}  # of size 8, which sorts after 3


def test_where_nothing_is_known_a_learned_vector_stands():
    torch.manual_seed(0)
    adaptor = HybridExperts((4,), 3)
    adaptor.missing.data[0] = torch.tensor([1.0, 2.0, 3.0])
    found = adaptor(torch.stack([torch.zeros(4), torch.randn(4)]))
    assert found[0, 0].tolist() == [1, 2, 3]
    assert found[1, 0].tolist() != [1, 2, 3]
    found.sum().backward()
    assert adaptor.missing.grad.tolist() == [[1, 1, 1]]


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_network_reads_a_vector_through_experts(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().build(ADAPTED, ("click",)).eval()
    samples = rich_samples(40)
    with torch.inference_mode():
        told = network(inputs_of(samples, slice(0, 40)))
        samples.vectors[:] = np.roll(samples.vectors, 1, axis=0)
        other = network(inputs_of(samples, slice(0, 40)))
    assert torch.isfinite(told).all()
    assert (told != other).any()
