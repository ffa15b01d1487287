"""Need chooses the word, preference the item within it."""

import numpy as np
import pytest

from galen.pipeline.candidates import Candidates
from galen.recall.words import Words


@pytest.fixture(scope="module", params=["word", "item", "both"])
def level(request):
    return request.param


def scores(world, level, histories, **settings):
    """(requests, items) of the whole catalogue."""
    found = Words(level=level, **settings).fit(world.data)
    items, count = len(world.data.catalogue), len(histories)
    rows = Candidates(np.repeat(np.arange(count), items), np.tile(np.arange(items), count))
    return found.answer(world.requests(histories)).scores(rows).reshape(count, items)


def test_a_word_s_items_share_its_need(world):
    (score,) = scores(world, "word", [[0, 1]])
    for word in np.unique(world.data.catalogue.category):
        inside = score[world.data.catalogue.category == word]
        assert np.ptp(inside[~np.isnan(inside)]) == 0


def test_what_a_person_took_raises_the_need_of_its_word_and_lowers_the_others(world):
    category = world.data.catalogue.category
    before, after = scores(world, "word", [[], [0, 0]])
    own = category == category[0]
    known = ~np.isnan(before)
    assert (after[own & known] > before[own & known]).all()
    assert (after[~own & known] < before[~own & known]).all()


def test_own_words_weigh_less_where_the_shop_is_worth_more(world):
    own = world.data.catalogue.category == world.data.catalogue.category[0]
    weak, strong = (
        scores(world, "word", [[0, 0]], strength=strength)[0, own] for strength in (1.0, 100.0)
    )
    assert (weak[~np.isnan(weak)] > strong[~np.isnan(strong)]).all()


def test_a_brand_that_a_person_keeps_to_is_preferred_within_a_word(world):
    brand, category = world.data.catalogue.brand, world.data.catalogue.category
    before, after = scores(world, "item", [[], [0, 0]])
    gain = after - before
    same = (brand == brand[0]) & (np.arange(len(brand)) != 0) & ~np.isnan(gain)
    other = (brand != brand[0]) & ~np.isnan(gain)
    assert same.any()
    assert gain[same].min() > 0 > gain[other].max()
    assert gain[0] > gain[same].max()  # the item itself
    assert len(np.unique(category[same])) >= 1


def test_both_levels_together_are_their_product(world):
    histories = [[0, 1], [], [13]]
    parts = [scores(world, level, histories) for level in ("word", "item", "both")]
    np.testing.assert_allclose(parts[0] + parts[1], parts[2])


def test_chances_of_words_and_of_the_items_in_them_sum_to_one(world):
    (need,), (preference,) = (scores(world, level, [[]]) for level in ("word", "item"))
    category = world.data.catalogue.category
    words = [need[category == word] for word in np.unique(category)]
    assert np.isclose(sum(np.exp(np.nanmax(word)) for word in words), 1)
    for word in np.unique(category):
        assert np.isclose(np.nansum(np.exp(preference[category == word])), 1)


def test_what_was_saved_says_the_same(world, level, tmp_path):
    spec = Words(level=level)
    found = spec.fit(world.data)
    found.save(tmp_path)
    asked = world.requests([[0, 1], [], [9]])
    one, other = found.retrieve(asked, 5), spec.load(tmp_path).retrieve(asked, 5)
    assert one.item.tolist() == other.item.tolist()
    np.testing.assert_array_equal(one.columns["score"], other.columns["score"])


def test_an_item_that_came_after_learning_is_taken_for_no_other(world):
    new = len(world.data.catalogue)
    with_new, without = scores(world, "item", [[0, new], [0]])
    np.testing.assert_array_equal(with_new, without)
