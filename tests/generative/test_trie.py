"""A trie holds every item's id once, and knows which nodes lead to what may be shown."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from galen.generative.trie import CodeError, Trie


@st.composite
def tables(draw):
    """Unique codes (items, levels) in any order, and the sizes of their levels."""
    sizes = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    space = int(np.prod(sizes))
    chosen = draw(st.lists(st.integers(0, space - 1), min_size=1, max_size=40, unique=True))
    return np.stack(np.unravel_index(chosen, sizes), axis=1).astype(np.int64), sizes


def walked(trie, eligible, requests):
    """(request, item, *codes) of every leaf reached from the roots by live children."""
    request = torch.arange(requests)
    node, codes = torch.zeros_like(request), torch.zeros(requests, 0, dtype=torch.int64)
    for level in range(trie.levels):
        parent, node = eligible.children(level, request, node)
        request = request[parent]
        codes = torch.cat([codes[parent], trie.code[level][node][:, None]], 1)
    return torch.cat([request[:, None], trie.item[node][:, None], codes], 1).numpy()


@settings(max_examples=200, deadline=None)
@given(tables(), st.integers(0, 2**32 - 1))
def test_live_paths_end_at_the_eligible_items_and_spell_their_codes(table, seed):
    codes, sizes = table
    trie = Trie.of(codes, sizes)
    mask = np.random.default_rng(seed).random((3, len(codes))) < 0.4
    found = walked(trie, trie.masked(mask), requests=3)
    request, item = np.nonzero(mask)
    wanted = np.column_stack([request, item, codes[item]])
    assert np.array_equal(found[np.lexsort(found[:, 1::-1].T)], wanted)


def test_children_stand_in_the_order_of_their_codes_whatever_the_order_of_items():
    codes = np.array([[1, 2], [0, 1], [1, 0], [0, 0]])
    trie = Trie.of(codes)
    assert trie.sizes == (2, 3)
    assert trie.item.tolist() == [3, 1, 2, 0]
    assert [part.tolist() for part in trie.code] == [[0, 1], [0, 1, 0, 2]]
    assert [part.tolist() for part in trie.children] == [[0, 2], [0, 2, 4]]
    assert [part.tolist() for part in trie.leaves] == [[0, 4], [0, 2, 4], [0, 1, 2, 3, 4]]


def test_one_mask_serves_all_requests():
    trie = Trie.of(np.array([[0], [1], [2]]))
    eligible = trie.masked(np.array([True, False, True]))
    parent, node = eligible.children(0, torch.arange(2), torch.zeros(2, dtype=torch.int64))
    assert parent.tolist() == [0, 0, 1, 1]
    assert node.tolist() == [0, 2, 0, 2]


def test_an_empty_mask_has_no_live_node():
    trie = Trie.of(np.array([[0, 1], [1, 1]]))
    eligible = trie.masked(np.zeros(2, bool))
    _, node = eligible.children(0, torch.arange(1), torch.zeros(1, dtype=torch.int64))
    assert not len(node)


@pytest.mark.parametrize(
    "codes, sizes, said",
    [
        ([[0, 1], [1, 0], [0, 1]], None, "items 0 and 2 share the codes [0, 1]"),
        ([[0, 1], [1, 4]], (2, 4), "item 1 has code 4 at level 1, which has 4 codes"),
        ([[0, -1]], None, "item 0 has code -1 at level 1"),
        ([[0, 1]], (2,), "1 sizes are given, codes have 2 levels"),
        ([0, 1], None, "shape (2,)"),
        (np.zeros((0, 3)), None, "shape (0, 3)"),
    ],
)
def test_codes_that_are_no_ids_are_refused_by_name(codes, sizes, said):
    with pytest.raises(CodeError) as caught:
        Trie.of(np.array(codes), sizes)
    assert said in str(caught.value)


@pytest.mark.parametrize("mask", [np.ones(4, bool), np.ones((2, 3, 1), bool), np.ones(3)])
def test_a_mask_of_another_shape_or_kind_is_refused(mask):
    with pytest.raises(ValueError, match="mask"):
        Trie.of(np.array([[0], [1], [2]])).masked(mask)
