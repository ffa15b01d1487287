"""DLRM is its formula, written out."""

import itertools

import msgspec
import pytest
import torch
from rank.networks.schemas import PLAIN, RICH, plain_samples, rich_samples

from galen.features.encoding.schema import Schema, SchemaError
from galen.rank.lessons import inputs_of
from galen.rank.networks.dlrm import Dlrm

SETTINGS = Dlrm(dimension=4, bottom=(6,), hidden=(5,), dropout=0.0, norm="none")


def test_the_top_tower_reads_the_numbers_vector_and_the_products_of_all_pairs():
    torch.manual_seed(0)
    network = SETTINGS.build(RICH, ("click",)).eval()
    inputs = inputs_of(rich_samples(7), slice(0, 7))
    dense = network.bottom(inputs.numbers)
    vectors = [dense, *network.fields(inputs).unbind(1)]
    products = [(a * b).sum(1) for a, b in itertools.combinations(vectors, 2)]
    expected = network.tower(torch.cat([dense, torch.stack(products, 1)], dim=1))
    torch.testing.assert_close(network(inputs), expected)


def test_without_numbers_the_top_tower_reads_products_alone():
    torch.manual_seed(0)
    network = SETTINGS.build(PLAIN, ("click",)).eval()
    inputs = inputs_of(plain_samples(7), slice(0, 7))
    vectors = network.fields(inputs).unbind(1)
    products = [(a * b).sum(1) for a, b in itertools.combinations(vectors, 2)]
    torch.testing.assert_close(network(inputs), network.tower(torch.stack(products, 1)))


def test_a_missing_number_is_told_from_an_average_one():
    torch.manual_seed(0)
    network = SETTINGS.build(RICH, ("click",)).eval()
    average, missing = torch.zeros(1, 2), torch.full((1, 2), torch.nan)
    assert not torch.equal(network.bottom(average), network.bottom(missing))


def test_a_single_field_has_nothing_to_be_multiplied_with():
    alone = msgspec.structs.replace(Schema(), categories=PLAIN.categories[:1])
    with pytest.raises(SchemaError, match="dlrm multiplies fields"):
        Dlrm().build(alone, ("click",))
