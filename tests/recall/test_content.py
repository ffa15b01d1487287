"""Like words are found, whether anybody took the item or not; without words nothing is proposed."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import items_table, put_vectors

from galen.data.catalogue import Catalogue
from galen.recall.content import Content

TITLES = ["red nail polish", "blue nail polish", "beard oil cedar", "beard oil pine", None, "oil"]


def shop(world, titles):
    """A shop of these titles where nobody took anything."""
    items = [{"item_id": str(row), "title": title} for row, title in enumerate(titles)]
    nothing = world.data.take(np.zeros(len(world.data), bool))
    return replace(nothing, catalogue=Catalogue(items_table(items)))


def test_the_item_of_like_words_comes_first_though_nobody_took_anything(world):
    index = Content().fit(shop(world, TITLES))
    found = index.retrieve(world.requests([[0], [2], [0, 1, 3]]), 1)
    assert found.item.tolist() == [1, 3, 2]


def test_an_item_of_which_nothing_is_said_neither_asks_nor_answers(world):
    index = Content().fit(shop(world, TITLES))
    found = index.retrieve(world.requests([[4], [0]]), 10)
    assert set(found.request.tolist()) == {1}
    assert 4 not in found.item


def test_the_newest_item_weighs_most_and_old_ones_nothing(world):
    index = Content(recent=2, decay=0.5).fit(shop(world, TITLES))
    asked = index.queries(world.requests([[3, 2, 0], [2, 0]]).taken)
    assert asked[0] == pytest.approx(asked[1])
    unit = index.found.vectors[:, :-1]
    assert asked[1, :-1] == pytest.approx((unit[0] + 0.5 * unit[2]) / 1.5, abs=1e-6)


def test_of_items_said_alike_the_one_taken_more_often_comes_first(world):
    titles = [*TITLES, "blue nail polish"]
    taken = replace(shop(world, titles), item=np.array([6], np.int32), user=np.zeros(1, np.int32))
    taken = replace(taken, kind=world.data.kind[:1], at=world.data.at[:1])
    assert Content().fit(taken).retrieve(world.requests([[0]]), 2).item.tolist() == [6, 1]
    nothing = Content().fit(shop(world, titles))
    assert nothing.retrieve(world.requests([[0]]), 2).item.tolist() == [1, 6]


def test_a_score_is_at_most_that_of_the_same_words(world):
    spec = Content(repeat=True, popular=0.0)
    found = spec.fit(shop(world, TITLES)).retrieve(world.requests([[0]]), 3)
    assert set(found.item[:2].tolist()) == {0, 1}  # red and blue stand in one title each
    assert found.columns["score"][:2] == pytest.approx(1.0, abs=1e-5)
    assert found.columns["score"].max() <= 1.0 + 1e-5


def test_a_catalogue_without_words_proposes_nothing(world, tmp_path):
    index = Content().fit(shop(world, [None] * 6))
    assert len(index.retrieve(world.requests([[0], []]), 5)) == 0
    index.save(tmp_path)
    assert len(Content().load(tmp_path).retrieve(world.requests([[0]]), 5)) == 0
    assert index.queries(world.requests([[0, 1]]).taken).tolist() == [[0.0]]


def test_vectors_of_an_encoder_stand_for_words_and_are_kept_in_the_bundle(world, tmp_path):
    data = replace(shop(world, [None] * 4), enriched=tmp_path)
    put_vectors(tmp_path, ["0", "1", "2"], [[1, 0, 0.1], [0.9, 0.1, 0], [0, 1, 0]])
    spec = Content(encoded="raw")
    index = spec.fit(data)
    index.save(tmp_path)
    (tmp_path / "vectors.parquet").unlink()
    found = spec.load(tmp_path).retrieve(world.requests([[0], [3]]), 5)
    assert found.item.tolist() == [1, 2]
    assert not Content().fit(data).found.learned.any()
