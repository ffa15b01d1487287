"""Numbers as vectors: missing ones have their own, and all kinds stand beside each other."""

import pytest
import torch

from galen.nn.numeric import Numbers

KINDS = ["linear", "log_bucket", "periodic", "auto_dis"]
MIXED = ["linear", "periodic", "linear", "log_bucket", "auto_dis"]


def made(encodings, width=6):
    torch.manual_seed(0)
    numbers = Numbers(encodings, width)
    with torch.no_grad():
        numbers.missing.normal_()
    return numbers


def alone(numbers, place):
    """What one number is by itself, with what it learned among others."""
    encoding = "linear" if place in numbers.rows else None
    if encoding:
        return lambda values: values[:, None] * numbers.direction[numbers.rows[place]]
    return numbers.others[str(place)]


@pytest.mark.parametrize("encodings", [*([kind] * 3 for kind in KINDS), MIXED], ids=str)
def test_each_number_has_its_own_vector_and_one_for_where_it_is_missing(encodings):
    numbers, values = made(encodings), torch.randn(50, len(encodings))
    values[torch.rand(values.shape) < 0.3] = torch.nan
    found = numbers(values)
    assert found.shape == (50, len(encodings), 6)
    for place in range(len(encodings)):
        gone = torch.isnan(values[:, place])
        assert gone.any()
        assert (found[gone, place] == numbers.missing[place]).all()
        torch.testing.assert_close(found[~gone, place], alone(numbers, place)(values[~gone, place]))


def test_a_missing_number_teaches_nothing_but_its_own_vector():
    numbers, values = made(["linear"] * 2), torch.tensor([[1.0, torch.nan], [2.0, torch.nan]])
    numbers(values).sum().backward()
    assert numbers.direction.grad.tolist() == [[3.0] * 6, [0.0] * 6]
    assert numbers.missing.grad.tolist() == [[0.0] * 6, [2.0] * 6]


def by_place(numbers):
    """The state as bundles had it when each number was a module of its own."""
    state = {f"{place}.missing": row for place, row in enumerate(numbers.missing)}
    for place, row in numbers.rows.items():
        state[f"{place}.direction"] = numbers.direction[row]
    for name, tensor in numbers.others.state_dict().items():
        state[name] = tensor
    return {f"fields.numbers.{name}": tensor.detach().clone() for name, tensor in state.items()}


@pytest.mark.parametrize("encodings", [["linear"] * 3, ["periodic"] * 2, MIXED], ids=str)
def test_what_an_earlier_bundle_holds_by_number_is_read(encodings):
    learned, fresh = made(encodings), Numbers(encodings, 6)
    whole = torch.nn.ModuleDict({"fields": torch.nn.ModuleDict({"numbers": fresh})})
    whole.load_state_dict(by_place(learned))
    values = torch.randn(20, len(encodings))
    assert (fresh(values) == learned(values)).all()


def test_a_state_that_lacks_a_number_is_refused():
    state = by_place(made(["linear"] * 3))
    del state["fields.numbers.1.direction"]
    whole = torch.nn.ModuleDict(
        {"fields": torch.nn.ModuleDict({"numbers": Numbers(["linear"] * 3, 6)})}
    )
    with pytest.raises(RuntimeError, match=r"fields.numbers.direction"):
        whole.load_state_dict(state)
