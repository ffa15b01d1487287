"""Closed forms: what a model computes is its formula, written out."""

import itertools

import pytest
import torch
from rank.networks.schemas import PLAIN, RICH, plain_samples

from galen.assembly.catalog import NETWORKS
from galen.nn.interaction import CrossLayers, fm_terms, pairwise
from galen.rank.lessons import inputs_of
from galen.rank.networks.ffm import Ffm
from galen.rank.networks.fwfm import FwFm
from galen.rank.networks.rankmixer import mixed
from galen.rank.networks.xdeepfm import CompressedInteractions

PAIRS = list(itertools.combinations(range(3), 2))


@pytest.fixture
def inputs():
    torch.manual_seed(0)
    return inputs_of(plain_samples(9), slice(0, 9))


def randomised(network):
    with torch.no_grad():
        for weight in network.parameters():
            weight.normal_()
    return network.eval()


def test_products_of_pairs_are_those_of_a_loop():
    vectors = torch.randn(5, 4, 3)
    loop = sum(vectors[:, i] * vectors[:, j] for i, j in itertools.combinations(range(4), 2))
    torch.testing.assert_close(pairwise(vectors), loop)


def test_the_gradient_of_factorization_terms_is_the_derived_one():
    embedded = torch.randn(5, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(fm_terms, embedded)


def test_a_field_weighted_machine_is_a_weighted_sum_over_pairs(inputs):
    network = randomised(FwFm().build(PLAIN, ("click",)))
    embedded = network.fields(inputs)
    vectors, first = embedded[..., :-1], embedded[..., -1].sum(1)
    loop = first + network.offset
    for weight, (i, j) in zip(network.weights[0], PAIRS, strict=True):
        loop = loop + weight * (vectors[:, i] * vectors[:, j]).sum(1)
    torch.testing.assert_close(network(inputs)[:, 0], loop)


def test_a_field_aware_machine_takes_each_fields_vector_for_the_other(inputs):
    network = randomised(Ffm().build(PLAIN, ("click",)))
    embedded = network.fields(inputs)
    vectors, first = embedded[..., :-1].view(9, 3, 3, 4), embedded[..., -1].sum(1)
    loop = first + network.offset
    for weight, (i, j) in zip(network.weights[0], PAIRS, strict=True):
        loop = loop + weight * (vectors[:, i, j] * vectors[:, j, i]).sum(1)
    torch.testing.assert_close(network(inputs)[:, 0], loop)


def test_compressed_interactions_are_mixed_outer_products():
    torch.manual_seed(0)
    network = CompressedInteractions(3, (4, 2))
    vectors = torch.randn(6, 3, 5)
    layer, pooled = vectors, []
    for mix in network.mixes:
        weight = mix.weight.view(len(mix.weight), 3, -1)
        layer = torch.einsum("mij,biw,bjw->bmw", weight, vectors, layer)
        pooled.append(layer.sum(2))
    torch.testing.assert_close(network(vectors), torch.cat(pooled, dim=1))


@pytest.mark.parametrize("rank", [0, 2])
def test_a_cross_layer_is_its_formula(rank):
    torch.manual_seed(0)
    network, x = CrossLayers(6, 1, rank), torch.randn(4, 6)
    layer = network.layers[0]
    expected = x * layer(x) + x
    torch.testing.assert_close(network(x), expected)


def test_mixing_tokens_moves_numbers_and_loses_none():
    tokens = torch.arange(2 * 4 * 8).view(2, 4, 8)
    found = mixed(tokens)
    assert found.shape == tokens.shape
    assert sorted(found[0].flatten().tolist()) == tokens[0].flatten().tolist()
    assert found[0, 1].tolist() == tokens[0, :, 2:4].flatten().tolist()


@pytest.mark.parametrize("name", ["hstu", "rankmixer", "wukong"])
def test_a_larger_size_is_a_larger_network_with_smaller_steps(name):
    specs = [NETWORKS[name](size=size) for size in (1, 2, 4, 8, 16, 32)]
    sizes = [
        sum(weight.numel() for weight in spec.build(RICH, ("click",)).parameters())
        for spec in specs
    ]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 4 * sizes[0]
    rates = [spec.learning_rate for spec in specs]
    assert rates == sorted(rates, reverse=True)
