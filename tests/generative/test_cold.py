"""Items that nobody took join what is written, as often as they are meant to."""

import pytest
import torch

from galen.generative.cold import Cold, level_of


def scores(people=400, items=60, cold=12, low=3.0, seed=0):
    """Scores of what was written to people, best first, and those of cold items."""
    torch.manual_seed(seed)
    told = torch.randn(people, items)
    written, new = told[:, : items - cold], told[:, items - cold :] - low
    return torch.topk(written, 20).values, new


def share_of(written, new, level):
    both = torch.cat([written, new + level], dim=1)
    return float((torch.topk(both, 10).indices >= written.shape[1]).float().mean())


def in_blocks(written, new):
    return zip(written.split(150), new.split(150), strict=True)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("cold", [3, 12])
@pytest.mark.parametrize("low", [3.0, -3.0])
def test_by_their_level_they_take_the_share_of_places_that_was_asked(share, cold, low):
    written, new = scores(cold=cold, low=low)
    level = level_of(in_blocks(written, new), share)
    assert share_of(written, new, level) == pytest.approx(min(share, cold / 10), abs=0.005)


def test_places_that_nothing_was_written_to_are_not_compared():
    written, new = scores()
    some = torch.cat([written[:200], torch.full((200, 20), -torch.inf)])
    assert level_of(in_blocks(some, new), 0.2) == level_of([(written[:200], new[:200])], 0.2)


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_where_there_is_nothing_to_compare_none_may_join(share):
    written, new = scores()
    nothing = torch.full_like(written, -torch.inf)
    assert level_of(in_blocks(nothing, new), share) is None
    assert level_of(in_blocks(written, new[:, :0]), share) is None
    assert level_of([], share) is None
    assert level_of(in_blocks(written, new), 0.0) is None


def test_those_that_stand_behind_fill_the_places_that_are_left():
    cold = Cold(torch.arange(5) > 2, 2, -50.0)
    written = torch.tensor([[1, 0, -1]]), torch.tensor([[-1.0, -2.0, -torch.inf]])
    item, _ = cold.beside(written, torch.tensor([[3, 4]]), torch.tensor([[-9.0, -5.0]]), 4)
    assert item.tolist() == [[1, 0, 4, 3]]


def test_a_cold_item_that_was_written_counts_by_the_level_alone():
    cold = Cold(torch.arange(4) > 2, 1, -1.5)
    written = torch.tensor([[3, 1, 0]]), torch.tensor([[-0.1, -1.0, -2.0]])
    item, score = cold.beside(written, torch.tensor([[3]]), torch.tensor([[0.0]]), 3)
    assert item.tolist() == [[1, 3, 0]]
    assert score.tolist() == [[-1.0, -1.5, -2.0]]
    assert cold.levelled(torch.tensor([-0.1, -1.0]), torch.tensor([3, 1])).tolist() == [-1.5, -1.0]


def test_the_best_of_them_are_those_that_may_be_shown():
    cold = Cold(torch.tensor([False, True, True, True]), 2, 0.0)
    dense = torch.tensor([[9.0, 1.0, 3.0, 2.0], [9.0, 1.0, 3.0, 2.0]])
    eligible = torch.tensor([[True, True, False, True], [True, False, False, False]])
    assert cold.best(dense, eligible).tolist() == [[3, 1], [-1, -1]]


def test_fewer_cold_items_than_places_take_the_share_of_all_places():
    written, new = scores(cold=3)
    padded = torch.cat([new, torch.full((len(new), 7), -torch.inf)], dim=1)
    level = level_of(in_blocks(written, padded), 0.2)
    assert share_of(written, new, level) == pytest.approx(0.2, abs=0.005)
