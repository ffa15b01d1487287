"""The sequence channel: every backbone and loss learns a world in which the next item is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from worlds import items_table, put_vectors

from galen.data.catalogue import Catalogue
from galen.data.schema import Kind
from galen.evaluate.slate_metrics import Answers, by_request
from galen.features.histories import columns_of, held_out
from galen.features.tokenizing.coding import Coding
from galen.nn.sequences.histories import Columns, NextItemSource
from galen.recall.sequence import SequenceModel

QUICK = {
    "width": 16,
    "layers": 1,
    "dropout": 0.0,
    "batch": 16,
    "learning_rate": 1e-2,
    "attributes": (),
    "negatives": 16,
    "popular": 0.0,
    "correct": False,
    "epochs": 24,
    "patience": 40,
    "plateau": 1.0,
    "precision": "float32",
    "repeat": True,
    "length": 12,
}


def answers(index, world, histories):
    """The best item of each history."""
    found = index.retrieve(world.requests(histories), 1)
    assert found.request.tolist() == list(range(len(histories)))
    return found.item.tolist()


def right(index, world):
    """How many of 24 walks through a group are continued as people of that group do."""
    walks = [
        [6 * group + (start + step) % 6 for step in range(4)]
        for group in range(4)
        for start in range(6)
    ]
    found = answers(index, world, [walk[:3] for walk in walks])
    return sum(item == walk[3] for item, walk in zip(found, walks, strict=True))


@pytest.mark.parametrize("backbone", ["sasrec", "ligr", "hstu", "gru4rec"])
def test_every_backbone_learns_what_follows(backbone, world):
    assert right(SequenceModel(backbone=backbone, **QUICK).fit(world.data), world) >= 20


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "softmax"},
        {"loss": "sampled", "popular": 0.5, "correct": True},
        {"loss": "sampled", "temperature": 0.1},
        {"loss": "bce"},
        {"loss": "gbce", "negatives": 4, "epochs": 50, "patience": 50},
    ],
    ids=str,
)
def test_every_loss_learns_what_follows(settings, world):
    assert (
        right(SequenceModel(backbone="sasrec", **(QUICK | settings)).fit(world.data), world) >= 20
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("backbone", ["sasrec", "ligr", "hstu", "gru4rec"])
def test_what_was_learned_on_a_gpu_answers_on_the_processor(backbone, world, tmp_path):
    index = SequenceModel(backbone=backbone, device="cuda", **QUICK).fit(world.data)
    assert right(index, world) >= 20
    index.save(tmp_path)
    assert index.items.device.type == "cpu"
    assert right(index.settings.load(tmp_path), world) >= 20


def test_an_item_that_nobody_took_is_proposed_by_its_attributes(world):
    known = world.data.take(world.data.item != 5)  # the last of group 0
    settings = QUICK | {"attributes": ("category",), "identity": False}
    with_words = SequenceModel(**settings).fit(known)
    without = SequenceModel(**QUICK).fit(known)
    asked = world.requests([[0, 1, 2]])
    assert 5 in with_words.retrieve(asked, 6).item
    assert 5 not in without.retrieve(asked, 24).item


def test_an_item_that_nobody_took_is_proposed_by_its_words(world):
    known = world.data.take(world.data.item != 5)
    words = QUICK | {"text": True, "text_size": 8, "identity_dropout": 0.5}
    index = SequenceModel(**words).fit(known)
    assert 5 in index.retrieve(world.requests([[0, 1, 2]]), 6).item
    assert 5 not in index.retrieve(world.requests([[12, 13, 14]]), 6).item


def test_an_item_that_nobody_took_is_proposed_by_its_codes(world):
    known = world.data.take(world.data.item != 5)
    told, silent = (
        SequenceModel(
            **QUICK, codes=Coding(sizes=(4, 4), sources=sources, vector_size=8), identity=False
        ).fit(known)
        for sources in (("attributes",), ("taken",))
    )
    assert 5 in told.retrieve(world.requests([[0, 1, 2]]), 6).item
    assert 5 not in told.retrieve(world.requests([[12, 13, 14]]), 6).item
    assert 5 not in silent.retrieve(world.requests([[0, 1, 2]]), 24).item


def test_codes_alone_tell_items_apart_and_are_not_needed_once_it_has_learned(world, tmp_path):
    codes = Coding(sizes=(4, 8), vector_size=8)
    index = SequenceModel(**QUICK, codes=codes, identity=False).fit(world.data)
    assert right(index, world) >= 20
    index.save(tmp_path)
    asked = world.requests([[0, 1, 2], [7, 8], [13]])
    one, other = index.retrieve(asked, 24), index.settings.load(tmp_path).retrieve(asked, 24)
    assert one.item.tolist() == other.item.tolist()
    np.testing.assert_array_equal(one.columns["score"], other.columns["score"])
    plain = SequenceModel(**QUICK).fit(world.data).retrieve(asked, 24)
    assert not np.allclose(one.columns["score"], plain.columns["score"])


@pytest.fixture
def encoded(world, tmp_path):
    """The world, with a table in which items of a group have like vectors; item 4 has none."""
    told = np.eye(4)[world.group_of_item] + 0.1 * np.random.default_rng(0).normal(size=(24, 4))
    rows = np.flatnonzero(np.arange(24) != 4)
    put_vectors(tmp_path, [f"sku-{row}" for row in rows], told[rows])
    return replace(world.data, enriched=tmp_path)


def test_an_item_that_nobody_took_is_proposed_by_its_vector(encoded, world, tmp_path):
    known = encoded.take((encoded.item != 5) & (encoded.item != 4))
    spec = SequenceModel(**QUICK, encoded="whitened", encoded_size=3, identity_dropout=0.5)
    index = spec.fit(known)
    index.save(tmp_path)
    (tmp_path / "vectors.parquet").unlink()  # a bundle holds what it needs
    found = spec.load(tmp_path).retrieve(world.requests([[0, 1, 2], [12, 13, 14]]), 24)
    assert 5 in found.item[found.request == 0][:6]
    assert 5 not in found.item[found.request == 1][:6]
    assert 4 not in found.item  # of which nothing at all is known


def test_own_vectors_begin_as_the_encoder_says(encoded):
    spec = SequenceModel(**(QUICK | {"epochs": 1, "learning_rate": 1e-9}), begin_items="raw")
    vectors = spec.fit(encoded).items.numpy()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert unit[0] @ unit[1] > 0.8  # of one group
    assert unit[0] @ unit[7] < 0.5  # of two
    assert np.linalg.norm(vectors[4]) > 0  # drawn, as nothing is known of it
    assert np.linalg.norm(vectors, axis=1).mean() == pytest.approx(0.05 * 4, rel=0.1)


def test_where_nothing_is_said_of_items_text_is_as_none(world):
    said_nothing = replace(
        world.data, catalogue=Catalogue(items_table([{"item_id": str(i)} for i in range(24)]))
    )
    few = QUICK | {"epochs": 2}
    with_text = SequenceModel(**few, text=True).fit(said_nothing)
    assert torch.equal(with_text.items, SequenceModel(**few).fit(said_nothing).items)


def test_items_that_nobody_took_are_no_negatives():
    among = np.array([3, 5])
    drawn = source(among=among, popular=0.0)
    (lesson, *_) = drawn.lessons(0, 0)
    assert set(lesson.inputs.negative.tolist()) == {3, 5}
    assert drawn._chance()[among].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("settings", [{"loss": "gbce", "popular": 1.0}, {"popular": 0.0}], ids=str)
def test_items_that_nobody_took_neither_judge_nor_are_negatives(settings, world):
    """Of 324 items 300 were never taken and are not described: the channel never finds them."""
    items = [{"item_id": str(row)} for row in range(324)]
    crowded = replace(world.data, catalogue=Catalogue(items_table(items)))
    spec = SequenceModel(**(QUICK | {"correct": True, "epochs": 16} | settings))
    index = spec.fit(crowded)
    _, kept = held_out(columns_of(crowded), spec.held_out, spec.seed)
    before = np.split(kept.before.item, kept.before.offsets[1:-1])
    found = index.retrieve(world.requests([one.tolist() for one in before]), 10)
    told = by_request(Answers(found, len(before), np.arange(len(before)), kept.wanted))
    best = index.course.epochs[index.course.best].valid["ndcg"]
    assert best == pytest.approx(told["ndcg@10"].mean())
    assert best > 0.4
    own = index.items[24:]  # as they began: nothing was told from them
    assert torch.equal(own, torch.zeros_like(own))


def test_a_longer_history_is_read_from_its_newest_events(world):
    index = SequenceModel(**(QUICK | {"length": 3})).fit(world.data)
    assert answers(index, world, [[9, 10, 11, 0, 1, 2]]) == answers(index, world, [[0, 1, 2]])


def test_items_that_were_not_there_in_training_are_passed_over(world):
    index = SequenceModel(**QUICK).fit(world.data)
    assert answers(index, world, [[0, 99, 1, 2]]) == answers(index, world, [[0, 1, 2]])
    assert len(index.retrieve(world.requests([[99]]), 5)) == 0


def test_where_nobody_took_two_items_nothing_is_learned(world):
    index = SequenceModel().fit(world.data.take(world.data.place < 1))
    assert index.course.epochs == []


def test_what_people_hid_teaches_nothing(world):
    hidden = world.data.take(np.ones(len(world.data), bool))
    hidden.kind[:] = int(Kind.HIDE)
    assert len(columns_of(hidden).item) == 0
    hidden.kind[:] = int(Kind.PURCHASE)


COLUMNS = Columns(
    np.array([0, 5, 7, 40]), np.arange(40), np.full(40, 3), np.arange(40, dtype=np.float64)
)


def source(**settings):
    plain = {
        "columns": COLUMNS,
        "items": 40,
        "batch": 2,
        "length": 10,
        "negatives": 8,
        "popular": 0.25,
        "stochastic": 2.0,
        "seed": 0,
    }
    return NextItemSource(**(plain | settings))


def test_every_place_of_a_history_teaches_the_one_after_it():
    events, wanted = [], []
    for lesson in source().lessons(0, 0):
        events += lesson.inputs.events.item.tolist()
        wanted += lesson.inputs.wanted.tolist()
    assert [w - e for e, w in zip(events, wanted, strict=True)] == [1] * 15
    assert sorted(events) == [*range(4), 5, *range(29, 39)]


def test_lessons_go_on_where_they_were_broken_off():
    whole = list(source().lessons(3, 0))
    rest = list(source().lessons(3, 1))
    assert rest[0].inputs.events.item.tolist() == whole[1].inputs.events.item.tolist()
    assert rest[0].inputs.negative.tolist() == whole[1].inputs.negative.tolist()


def test_processes_share_the_histories_of_a_lesson():
    (lesson,) = source(batch=3).lessons(0, 0)
    shares = [lesson.share(rank, 2) for rank in range(2)]
    assert sum(float(share.weight.sum()) for share in shares) == len(lesson.weight)
    together = sorted(i for share in shares for i in share.inputs.wanted.tolist())
    assert together == sorted(lesson.inputs.wanted.tolist())
    assert float(next(iter(source(batch=1).lessons(0, 0))).share(1, 2).weight.sum()) == 0


def test_long_histories_are_thinned_and_keep_their_order():
    thin = source(stochastic=1.0, batch=3)
    (lesson,) = thin.lessons(0, 0)
    events = lesson.inputs.events
    lengths = torch.diff(events.layout.offsets).tolist()
    assert max(lengths) <= 9  # ten at most, of which the last is wanted
    for start, stop in zip(events.layout.offsets[:-1], events.layout.offsets[1:], strict=True):
        own = events.item[start:stop].tolist()
        assert own == sorted(own)


def test_how_often_a_negative_is_expected_adds_up():
    chance = source()._chance()
    assert chance.sum() == pytest.approx(1.0)


def test_held_out_events_are_the_newest_and_teach_nothing():
    columns = Columns(np.array([0, 5, 7, 40]), np.arange(40), np.full(40, 3), np.zeros(40))
    learning, judged = held_out(columns, 2, seed=0)
    assert len(judged.wanted) == 1  # a fifth of the people at most, one at least
    assert judged.wanted[0] in (4, 39)
    assert judged.wanted[0] not in learning.item
    assert len(learning.item) == 39
