"""Tables: ids are checked by name, gradients are exact, and only touched rows change."""

import pytest
import torch
from torch.nn import functional

from galen.nn.tables.embedding import FusedTable, IdError
from galen.nn.tables.rowwise import RowwiseAdam

TABLES = {"user": 6, "item": 9}
FIELDS = [("user", "user"), ("item", "item"), ("last item", "item")]


@pytest.fixture
def table():
    torch.manual_seed(0)
    return FusedTable(TABLES, FIELDS, 4, spread=1.0)


def test_fields_of_one_table_share_their_rows(table):
    vectors = table(torch.tensor([[1, 5, 5], [0, 5, 2]]))
    assert vectors.shape == (2, 3, 4)
    assert torch.equal(vectors[0, 1], vectors[0, 2])
    assert torch.equal(vectors[0, 1], table.field(1, torch.tensor(5)))
    assert not torch.equal(vectors[0, 0], vectors[0, 1])


@pytest.mark.parametrize("wrong", [-1, 9, 2**40])
def test_an_id_out_of_range_names_its_field(table, wrong):
    with pytest.raises(IdError, match=f"'last item' has id {wrong}, its table has 9 rows"):
        table(torch.tensor([[1, 5, wrong]]))


@pytest.mark.parametrize("sparse", [False, True])
def test_gradients_are_those_of_a_plain_lookup(table, sparse):
    table.sparse = sparse
    ids = torch.randint(0, 6, (50, 3), generator=torch.Generator().manual_seed(1))
    pull = torch.randn(50, 3, 4)
    (table(ids) * pull).sum().backward()
    found = table.weight.grad.to_dense() if sparse else table.weight.grad
    weight = table.weight.detach().clone().requires_grad_()
    (functional.embedding(ids + table.offsets, weight) * pull).sum().backward()
    torch.testing.assert_close(found, weight.grad)


def test_rows_that_a_step_does_not_touch_stay_as_they_are(table):
    table.sparse = True
    before = table.weight.detach().clone()
    optimiser = RowwiseAdam([table.weight], rate=0.1, l2=0.5)
    table(torch.tensor([[1, 5, 5]])).sum().backward()
    optimiser.step()
    changed = (table.weight != before).any(dim=1).nonzero()[:, 0].tolist()
    assert changed == [1, 6 + 5]


def test_a_row_moves_against_its_gradient_at_first_by_the_rate(table):
    table.sparse = True
    before = table.weight.detach().clone()
    optimiser = RowwiseAdam([table.weight], rate=0.1)
    table.field(0, torch.tensor([2])).sum().backward()
    optimiser.step()
    moved = before[2] - table.weight.detach()[2]
    torch.testing.assert_close(moved, torch.full((4,), 0.1), rtol=1e-4, atol=1e-6)
