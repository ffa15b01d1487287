"""Optimisers of huge tables are their formulas, row by row, and leave other rows alone."""

from copy import deepcopy

import pytest
import torch

from galen.nn.tables.rowwise import RowwiseAdagrad

ROWS = torch.tensor([4, 1, 4, 4, 0, 7, 1])


def sparse(values, rows=ROWS, length=9):
    return torch.sparse_coo_tensor(
        rows[None], values, (length, values.shape[1]), check_invariants=True
    )


@pytest.fixture
def table():
    torch.manual_seed(0)
    return torch.nn.Parameter(torch.randn(9, 3))


def test_adagrad_divides_a_rows_summed_gradient_by_the_root_of_its_mean_squares(table):
    expected, squares = table.detach().clone(), torch.zeros(9)
    optimiser = RowwiseAdagrad([table], rate=0.1)
    for _ in range(3):
        values = torch.randn(len(ROWS), 3)
        table.grad = sparse(values)
        optimiser.step()
        dense = sparse(values).to_dense()
        squares += dense.square().mean(1)
        expected -= 0.1 * dense / (squares.sqrt() + 1e-8)[:, None]
    torch.testing.assert_close(table.detach(), expected)


def test_adagrad_does_not_change_a_row_without_a_gradient(table):
    before = table.detach().clone()
    table.grad = sparse(torch.randn(len(ROWS), 3))
    RowwiseAdagrad([table], rate=0.1).step()
    changed = (table.detach() != before).any(1)
    assert torch.nonzero(changed)[:, 0].tolist() == [0, 1, 4, 7]


def test_adagrad_takes_a_gradient_with_no_rows(table):
    before = table.detach().clone()
    table.grad = sparse(torch.empty(0, 3), torch.empty(0, dtype=torch.long))
    RowwiseAdagrad([table], rate=0.1).step()
    assert torch.equal(table.detach(), before)


def test_adagrad_takes_more_entries_than_the_table_has_rows():
    table = torch.nn.Parameter(torch.ones(2, 1))
    table.grad = sparse(torch.ones(5, 1), torch.tensor([1] * 5), length=2)
    RowwiseAdagrad([table], rate=0.5).step()
    torch.testing.assert_close(table.detach(), torch.tensor([[1.0], [0.5]]))


def test_adagrad_goes_on_from_its_state(table):
    gradient = sparse(torch.randn(len(ROWS), 3))
    first = RowwiseAdagrad([table], rate=0.1)
    table.grad = gradient
    first.step()
    other = torch.nn.Parameter(table.detach().clone())
    second = RowwiseAdagrad([other], rate=0.1)
    second.load_state_dict(deepcopy(first.state_dict()))
    other.grad = gradient
    first.step()
    second.step()
    assert torch.equal(table, other)
