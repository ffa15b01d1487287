"""What every network of a behaviour sequence must keep to."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from rank.networks.schemas import PLAIN, RICH, rich_samples

from galen.assembly.catalog import NETWORKS
from galen.features.encoding.schema import SchemaError
from galen.nn.attention import block_attention
from galen.nn.inputs import Inputs
from galen.nn.learning.losses import auxiliary_loss
from galen.rank.lessons import inputs_of
from galen.rank.networks.dien import Dien
from galen.rank.networks.long_history import LongHistory
from galen.rank.networks.sim import Sim

SEQUENCES = ("din", "bst", "dien", "sim", "long_history")
BRAND = 2  # place among the categories of RICH

every = pytest.mark.parametrize("name", SEQUENCES)


def _inputs(rows: int = 12) -> Inputs:
    return inputs_of(rich_samples(rows), slice(0, rows))


def _built(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return NETWORKS[name]().build(RICH, ("click",)).eval()


@every
def test_an_empty_history_gives_no_nan(name):
    inputs = _inputs()
    inputs = inputs._replace(history_length=torch.zeros_like(inputs.history_length))
    network = _built(name).train()
    logits = network(inputs)
    extra = auxiliary_loss(network)
    loss = logits.sum() if extra is None else logits.sum() + extra
    loss.backward()
    assert torch.isfinite(logits).all()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_where_nobody_has_a_history_rows_are_scored_as_those_of_a_person_without_one(name):
    samples = rich_samples(12)
    people = len(samples.history)
    nobody = replace(samples, history_length=np.zeros(people, np.int64))
    narrow = replace(nobody, history=np.zeros((people, 0, 3), np.int64))
    network = _built(name)
    with torch.inference_mode():
        found = network(inputs_of(narrow, slice(0, 12)))
        wanted = network(inputs_of(nobody, slice(0, 12)))
    torch.testing.assert_close(found, wanted)


@every
def test_ids_beyond_the_length_of_a_history_change_nothing(name):
    network, inputs = _built(name), _inputs()
    beyond = torch.arange(inputs.history.shape[1]) >= inputs.history_length[:, None]
    assert beyond.any()
    other = torch.where(beyond[..., None], torch.full_like(inputs.history, 3), inputs.history)
    with torch.inference_mode():
        found, wanted = network(inputs._replace(history=other)), network(inputs)
    torch.testing.assert_close(found, wanted)


@every
def test_a_schema_without_a_history_is_refused(name):
    with pytest.raises(SchemaError, match="history"):
        NETWORKS[name]().build(PLAIN, ("click",))


@pytest.mark.parametrize("block", [1, 3, 7, 64])
def test_attention_in_blocks_equals_plain_softmax_attention(block):
    draw = torch.Generator().manual_seed(0)
    query = torch.randn(5, 8, generator=draw) * 9  # scores large enough to overflow a naive sum
    keys, values = (torch.randn(5, 7, 8, generator=draw) * 9 for _ in range(2))
    mask = torch.rand(5, 7, generator=draw) < 0.6
    mask[0], mask[1, 0] = False, True
    found = block_attention(query, keys, values, mask, torch.arange(5), block)
    scores = torch.einsum("bw,blw->bl", query, keys) * 8**-0.5
    shares = torch.softmax(scores.masked_fill(~mask, float("-inf")), dim=1).nan_to_num()
    torch.testing.assert_close(found, torch.einsum("bl,blw->bw", shares, values))
    assert not found[0].any()


def test_a_long_history_scores_the_same_whatever_its_block():
    scores = []
    for block in (2, 256):
        torch.manual_seed(0)
        network = LongHistory(block=block).build(RICH, ("click",)).eval()
        scores.append(network(_inputs()))
    torch.testing.assert_close(scores[0], scores[1])


def test_hard_search_ignores_events_of_other_categories():
    torch.manual_seed(0)
    network = Sim(by="seen_brand", recent=0).build(RICH, ("click",)).eval()
    inputs = _inputs(40)
    there = torch.arange(inputs.history.shape[1]) < inputs.history_length[:, None]
    brand = inputs.categories[:, BRAND]
    row = int(((inputs.history[inputs.history_row, :, 1] == brand[:, None]).any(1)).nonzero()[0])
    same = there & (inputs.history[..., 1] == brand[row])
    changed = inputs.history.clone()
    changed[..., 0] = torch.where(same, changed[..., 0], 1)  # another item
    kept = torch.where(same[..., None], torch.full_like(changed, 2), inputs.history)
    kept[..., 1] = inputs.history[..., 1]
    with torch.inference_mode():
        before, others, own = (
            network(inputs._replace(history=history))[row]
            for history in (inputs.history, changed, kept)
        )
    torch.testing.assert_close(before, others, rtol=0, atol=1e-7)
    assert not torch.equal(before, own)


def test_soft_search_reads_no_more_events_than_it_may_find():
    torch.manual_seed(0)
    network = Sim(search="soft", found=2, recent=0).build(RICH, ("click",)).eval()
    seen = []
    network.long.register_forward_hook(lambda _, read, __: seen.append(read[0].shape[1]))
    assert torch.isfinite(network(_inputs())).all()
    assert seen == [2]


def test_a_search_by_what_has_no_target_is_refused():
    with pytest.raises(SchemaError, match="seen_kind"):
        Sim(by="seen_kind").build(RICH, ("click",))


def test_the_next_event_is_learned_in_training_alone_and_without_chance():
    torch.manual_seed(0)
    network = Dien(dropout=0.0).build(RICH, ("click",))
    terms = []
    for _ in range(2):
        network(_inputs())
        terms.append(auxiliary_loss(network))
    assert terms[0] is not None
    torch.testing.assert_close(terms[0], terms[1], rtol=0, atol=0)
    network.eval()(_inputs())
    assert auxiliary_loss(network) is None


def test_hard_search_does_not_take_unknown_for_a_category():
    torch.manual_seed(0)
    network = Sim(by="seen_brand", recent=0).build(RICH, ("click",)).eval()
    inputs = _inputs()
    inputs.categories[:, BRAND] = 0
    inputs.history[..., 1] = 0
    other = inputs.history.clone()
    other[..., 0] = 5
    torch.testing.assert_close(network(inputs), network(inputs._replace(history=other)))
