"""What networks of several objectives must keep to."""

import pytest
import torch
from rank.networks.schemas import RICH, rich_samples

from galen.assembly.catalog import NETWORKS
from galen.nn.experts import ExpertGate
from galen.rank.lessons import inputs_of
from galen.rank.networks.esmm import Esmm, chained
from galen.rank.networks.ple import Ple

STEPS = ("click", "basket", "purchase")


@pytest.mark.parametrize("name", ["shared_bottom", "mmoe", "ple", "esmm"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_objective_has_a_tower_and_a_logit_of_its_own(name, count):
    torch.manual_seed(0)
    network = NETWORKS[name]().build(RICH, STEPS[:count]).eval()
    assert len(network.towers) == count
    inputs = inputs_of(rich_samples(6), slice(0, 6))
    before = network(inputs)
    with torch.no_grad():
        network.towers[-1][-1].bias += 1.0
    after = network(inputs)
    assert before.shape == (6, count)
    torch.testing.assert_close(before[:, :-1], after[:, :-1], rtol=0, atol=0)
    assert (after[:, -1] > before[:, -1]).all()


@pytest.mark.parametrize("name", ["mmoe", "ple"])
def test_the_shares_of_a_gate_add_up_to_one(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().build(RICH, STEPS).eval()
    shares = []
    for module in network.modules():
        if isinstance(module, ExpertGate):
            module.register_forward_hook(lambda _, __, given: shares.append(given))
    network(inputs_of(rich_samples(9), slice(0, 9)))
    # MMoE: a gate an objective; PLE: two levels of them, and a shared one on the first.
    assert len(shares) == {"mmoe": 3, "ple": 7}[name]
    for given in shares:
        assert (given >= 0).all()
        torch.testing.assert_close(given.sum(1), torch.ones(9))


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_ple_works_with_any_number_of_levels(levels):
    torch.manual_seed(0)
    network = Ple(levels=levels).build(RICH, STEPS).eval()
    assert network(inputs_of(rich_samples(4), slice(0, 4))).shape == (4, 3)


def test_what_follows_a_click_is_never_likelier_than_the_click():
    torch.manual_seed(0)
    network = Esmm().build(RICH, STEPS).eval()
    logits = network(inputs_of(rich_samples(50), slice(0, 50)))
    assert (logits.diff(dim=1) <= 0).all()


def test_chained_log_odds_are_those_of_the_product_of_probabilities():
    draw = torch.Generator().manual_seed(0)
    steps = torch.randn(200, 3, generator=draw, dtype=torch.float64) * 3
    product = torch.sigmoid(steps).cumprod(1)
    torch.testing.assert_close(chained(steps), torch.logit(product), rtol=1e-6, atol=1e-6)


def test_chained_log_odds_stay_finite_and_ordered_where_a_step_is_sure():
    extreme = torch.tensor([-90.0, -20.0, 0.0, 20.0, 90.0])
    steps = torch.cartesian_prod(extreme, extreme).requires_grad_()
    logits = chained(steps)
    (gradient,) = torch.autograd.grad(logits.sum(), steps)
    assert torch.isfinite(logits).all()
    assert torch.isfinite(gradient).all()
    assert (logits[:, 1] <= logits[:, 0]).all()


def test_a_click_held_sure_that_was_none_is_still_learned_from():
    steps = torch.tensor([[20.0, 0.0], [40.0, 40.0]]).requires_grad_()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        chained(steps), torch.zeros(2, 2), reduction="none"
    )
    (gradient,) = torch.autograd.grad(loss[:, 0].sum(), steps)
    torch.testing.assert_close(gradient[:, 0], torch.ones(2))
