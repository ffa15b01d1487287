"""Decoding writes ids of eligible items only, and a wide beam is exact scoring."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from galen.generative.decoding import ScoreError, beam, exact, exact_parallel
from galen.generative.trie import Trie

WIDE = 1000  # more than any catalogue here, but for the one of all ids


@dataclass(frozen=True)
class Hidden:
    vector: Tensor  # (rows, width)

    def __len__(self):
        return len(self.vector)

    def take(self, rows):
        return Hidden(self.vector[rows])


class Recurrent(nn.Module):
    """An untrained recurrent generator; a context is (requests, width)."""

    def __init__(self, sizes, seed, width=8):
        super().__init__()
        torch.manual_seed(seed)
        self.cell = nn.GRUCell(width, width).double()
        self.read = nn.ModuleList(nn.Embedding(size, width).double() for size in sizes)
        self.write = nn.ModuleList(nn.Linear(width, size).double() for size in sizes)
        for parameter in self.parameters():
            nn.init.normal_(parameter)

    def start(self, context):
        return Hidden(context)

    def step(self, state, level, codes):
        if level:
            state = Hidden(self.cell(self.read[level - 1](codes[:, -1]), state.vector))
        return self.write[level](state.vector).log_softmax(1), state


@dataclass(frozen=True)
class Independent:
    """Levels that do not depend on each other; a context is their log-probabilities."""

    def start(self, context):
        return Rows(context, torch.arange(len(context[0])))

    def step(self, state, level, codes):
        return state.levels[level][state.row], state


@dataclass(frozen=True)
class Rows:
    levels: list[Tensor]
    row: Tensor

    def __len__(self):
        return len(self.row)

    def take(self, rows):
        return Rows(self.levels, self.row[rows])


@st.composite
def worlds(draw):
    """Unique codes, their sizes, masks (requests, items) of every density, and a seed."""
    sizes = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    space = int(np.prod(sizes))
    chosen = draw(st.lists(st.integers(0, space - 1), min_size=1, max_size=40, unique=True))
    codes = np.stack(np.unravel_index(chosen, sizes), axis=1)
    seed = draw(st.integers(0, 2**31 - 1))
    rng = np.random.default_rng(seed)
    return codes, sizes, rng.random((3, len(codes))) < rng.random((3, 1)), seed


def drawn_levels(sizes, requests, seed, values=None):
    """Log-probabilities of independent levels; of few `values`, they tie."""
    random = torch.Generator().manual_seed(seed)
    drawn = [torch.randn(requests, size, generator=random) for size in sizes]
    return drawn if values is None else [(part * values).round() for part in drawn]


def catalogue(seed=0, items=300, sizes=(8, 8, 8)):
    chosen = np.random.default_rng(seed).choice(np.prod(sizes), items, replace=False)
    return np.stack(np.unravel_index(chosen, sizes), axis=1), sizes


def judged(items, mask):
    """How many found ids are no item, and how many are forbidden items."""
    request = np.nonzero(items >= 0)[0]
    item = items[items >= 0]
    invalid = item >= mask.shape[1]
    return int(invalid.sum()), int((~mask[request[~invalid], item[~invalid]]).sum())


def masks_of_every_density(rng, count, items):
    mask = rng.random((count, items), dtype=np.float32) < rng.random((count, 1)) ** 3
    mask[:: count // 20] = False
    return mask


def test_100000_masks_let_no_forbidden_and_no_invalid_item_through():
    codes, sizes = catalogue()
    trie, scorer = Trie.of(codes, sizes), Recurrent(sizes, seed=1)
    rng = np.random.default_rng(2)
    found = 0
    for _ in range(20):
        mask = masks_of_every_density(rng, 5000, 300)
        context = torch.from_numpy(rng.standard_normal((5000, 8)))
        items = beam(scorer, context, trie.masked(mask), width=3, k=3)[0].numpy()
        assert judged(items, mask) == (0, 0)
        assert ((items >= 0).any(axis=1) == mask.any(axis=1)).all()
        found += int((items >= 0).sum())
    assert found > 200_000


def test_without_the_mask_or_the_trie_the_same_check_finds_many():
    codes, sizes = catalogue()
    every = np.stack(np.unravel_index(np.arange(512), sizes), axis=1)
    strangers = every[~(every[:, None] == codes[None]).all(axis=2).any(axis=1)]
    scorer, rng = Recurrent(sizes, seed=1), np.random.default_rng(2)
    mask = masks_of_every_density(rng, 1000, 300)
    context = torch.from_numpy(rng.standard_normal((1000, 8)))
    for table, least_invalid in ((codes, 0), (np.concatenate([codes, strangers]), 500)):
        unmasked = Trie.of(table, sizes).masked(np.ones(len(table), bool))
        items = beam(scorer, context, unmasked, width=3, k=3)[0].numpy()
        invalid, forbidden = judged(items, mask)
        assert invalid >= least_invalid
        assert forbidden > 500


@settings(max_examples=100, deadline=None)
@given(worlds(), st.integers(1, 50), st.integers(1, 7))
def test_a_beam_as_wide_as_the_catalogue_is_exact(world, k, rows):
    codes, sizes, mask, seed = world
    eligible, scorer = Trie.of(codes, sizes).masked(mask), Recurrent(sizes, seed)
    context = torch.from_numpy(np.random.default_rng(seed).standard_normal((3, 8)))
    wide = beam(scorer, context, eligible, width=WIDE, k=k)
    whole = exact(scorer, context, eligible, k=k, rows=rows)
    assert torch.equal(wide[0], whole[0])
    assert torch.allclose(wide[1], whole[1])
    assert ((wide[0] >= 0).sum(1).numpy() == np.minimum(mask.sum(1), k)).all()


@settings(max_examples=100, deadline=None)
@given(worlds(), st.integers(1, 50), st.sampled_from([None, 1]))
def test_of_independent_levels_three_ways_find_the_same_whatever_ties(world, k, values):
    codes, sizes, mask, seed = world
    eligible, levels = Trie.of(codes, sizes).masked(mask), drawn_levels(sizes, 3, seed, values)
    wide = beam(Independent(), levels, eligible, width=WIDE, k=k)
    walked = exact(Independent(), levels, eligible, k=k, rows=5)
    summed = exact_parallel(
        levels, torch.from_numpy(codes), torch.from_numpy(mask), k=k, cells=2 * len(codes)
    )
    total = sum(part[:, codes[:, level]] for level, part in enumerate(levels)).numpy()
    for request in range(3):
        allowed = np.flatnonzero(mask[request])
        order = allowed[np.argsort(-total[request, allowed], kind="stable")][:k]
        assert summed[0][request, : len(order)].tolist() == order.tolist()
        assert (summed[0][request, len(order) :] == -1).all()
    for items, scores in (wide, walked):
        assert torch.equal(items, summed[0])
        assert torch.equal(scores, summed[1])


@settings(max_examples=100, deadline=None)
@given(worlds(), st.integers(1, 10))
def test_a_narrow_beam_finds_eligible_items_with_their_exact_scores(world, width):
    codes, sizes, mask, seed = world
    eligible, scorer = Trie.of(codes, sizes).masked(mask), Recurrent(sizes, seed)
    context = torch.from_numpy(np.random.default_rng(seed).standard_normal((3, 8)))
    items, scores = beam(scorer, context, eligible, width=width, k=width)
    every, right = exact(scorer, context, eligible, k=len(codes))
    for request in range(3):
        known = dict(zip(every[request].tolist(), right[request].tolist(), strict=True))
        told = items[request][items[request] >= 0].tolist()
        assert len(set(told)) == len(told)
        right_ones = [known[item] for item in told] + [-np.inf] * (width - len(told))
        assert scores[request].tolist() == pytest.approx(right_ones)
        assert (scores[request].diff().nan_to_num() <= 0).all()


def plain_beam(codes, mask, levels, width, k):
    """The beam search of one request in words: cut, lengthen, cut."""
    allowed = {tuple(row): item for item, row in enumerate(codes.tolist()) if mask[item]}
    prefixes = [((), 0.0)]
    for level, scores in enumerate(levels):
        grown = {row[: level + 1] for row in allowed}
        known = dict(prefixes)
        scored = [(p, known[p[:-1]] + scores[p[-1]]) for p in grown if p[:-1] in known]
        prefixes = sorted(scored, key=lambda one: (-one[1], one[0]))
        if level < len(levels) - 1:
            prefixes = prefixes[:width]
    return [item for _, item in sorted((-score, allowed[row]) for row, score in prefixes)][:k]


@settings(max_examples=150, deadline=None)
@given(worlds(), st.integers(1, 10), st.integers(1, 10), st.sampled_from([None, 1]))
def test_a_narrow_beam_is_the_plain_one_whatever_ties(world, width, k, values):
    codes, sizes, mask, seed = world
    eligible, levels = Trie.of(codes, sizes).masked(mask), drawn_levels(sizes, 3, seed, values)
    items, _ = beam(Independent(), levels, eligible, width=width, k=k)
    for request in range(3):
        own = [part[request] for part in levels]
        wanted = plain_beam(codes, mask[request], own, width, k)
        assert items[request][items[request] >= 0].tolist() == wanted


def test_equal_prefixes_are_cut_by_their_codes_whatever_their_parents_scores():
    codes, sizes = catalogue(sizes=(8, 8, 8, 8))
    levels = drawn_levels(sizes, 50, seed=6, values=1)
    everything = np.ones(300, bool)
    items, _ = beam(Independent(), levels, Trie.of(codes, sizes).masked(everything), width=5, k=5)
    for request in range(50):
        own = [part[request] for part in levels]
        wanted = plain_beam(codes, everything, own, width=5, k=5)
        assert items[request][: len(wanted)].tolist() == wanted


def test_a_request_that_may_see_nothing_finds_nothing_and_leaves_the_others_alone():
    codes, sizes = catalogue()
    mask = np.ones((3, 300), bool)
    mask[1] = False
    scorer, context = Recurrent(sizes, seed=4), torch.zeros(3, 8, dtype=torch.float64)
    eligible = Trie.of(codes, sizes).masked(mask)
    for items, scores in (
        beam(scorer, context, eligible, width=5, k=5),
        exact(scorer, context, eligible, k=5),
    ):
        assert (items >= 0).all(1).tolist() == [True, False, True]
        assert items[1].tolist() == [-1] * 5
        assert scores[1].tolist() == [-np.inf] * 5


def test_no_eligible_item_and_no_request_are_empty_answers():
    codes, sizes = catalogue()
    scorer, trie = Recurrent(sizes, seed=4), Trie.of(codes, sizes)
    nothing = trie.masked(np.zeros(300, bool))
    for requests in (0, 2):
        context = torch.zeros(requests, 8, dtype=torch.float64)
        for items, _ in (
            beam(scorer, context, nothing, width=5, k=4),
            exact(scorer, context, nothing, k=4),
            exact_parallel(
                drawn_levels(sizes, requests, seed=0),
                torch.from_numpy(codes),
                torch.zeros(300, dtype=torch.bool),
                k=4,
            ),
        ):
            assert items.shape == (requests, 4)
            assert (items == -1).all()


def test_a_catalogue_of_one_item_is_found_and_the_rest_filled():
    trie, scorer = Trie.of(np.array([[0, 2]]), (1, 3)), Recurrent((1, 3), seed=5)
    context = torch.zeros(2, 8, dtype=torch.float64)
    items, scores = beam(scorer, context, trie.masked(np.ones(1, bool)), width=5, k=3)
    assert items.tolist() == [[0, -1, -1]] * 2
    assert scores[:, 0].isfinite().all()
    assert (scores[:, 1:] == -torch.inf).all()


def test_items_of_probability_zero_are_not_found():
    levels = [torch.tensor([[0.0, -torch.inf]]), torch.tensor([[-1.0, -2.0]])]
    codes = np.array([[0, 0], [0, 1], [1, 0]])
    eligible = Trie.of(codes).masked(np.ones(3, bool))
    items, _ = beam(Independent(), levels, eligible, width=5, k=3)
    assert items.tolist() == [[0, 1, -1]]
    items, _ = exact(Independent(), levels, eligible, k=3)
    assert items.tolist() == [[0, 1, -1]]
    everything = torch.ones(3, dtype=torch.bool)
    items, _ = exact_parallel(levels, torch.from_numpy(codes), everything, k=3)
    assert items.tolist() == [[0, 1, -1]]


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
def test_scores_that_are_no_numbers_are_refused_by_level(wrong):
    codes, sizes = catalogue()
    levels = drawn_levels(sizes, 2, seed=0)
    levels[1][1, 3] = wrong
    eligible = Trie.of(codes, sizes).masked(np.ones(300, bool))
    with pytest.raises(ScoreError, match="level 1 hold NaN"):
        beam(Independent(), levels, eligible, width=500, k=5)
    with pytest.raises(ScoreError, match="level 1 hold NaN"):
        exact(Independent(), levels, eligible, k=5)
    with pytest.raises(ScoreError, match="level 1 hold NaN"):
        exact_parallel(levels, torch.from_numpy(codes), torch.ones(300, dtype=torch.bool), k=5)


def test_misshapen_requests_are_refused():
    codes, sizes = catalogue()
    levels, trie = drawn_levels(sizes, 2, seed=0), Trie.of(codes, sizes)
    eligible, every = trie.masked(np.ones(300, bool)), torch.ones(300, dtype=torch.bool)
    with pytest.raises(ValueError, match="positive"):
        beam(Independent(), levels, eligible, width=0, k=5)
    with pytest.raises(ValueError, match="3 masks are given for 2 requests"):
        exact(Independent(), levels, trie.masked(np.ones((3, 300), bool)), k=5)
    with pytest.raises(ScoreError, match="level 2 have shape"):
        beam(Independent(), [*levels[:2], levels[2][:, :7]], eligible, width=500, k=5)
    with pytest.raises(ScoreError, match="2 levels are scored of 3"):
        exact_parallel(levels[:2], torch.from_numpy(codes), every, k=5)
    with pytest.raises(ValueError, match="mask has shape"):
        exact_parallel(levels, torch.from_numpy(codes), every[:7], k=5)
