"""The encoder–decoder: it writes what follows, knows who asks, and writes nothing forbidden."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from galen.data.dataset import Dataset
from galen.generative.prefixes import PrefixSource
from galen.generative.tiger import Tiger, remembered, written
from galen.generative.trie import Trie
from galen.nn.sequences.context import Asked
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.jagged import layout_of, one_block, padded, with_filler

QUICK = {
    "sizes": (4, 4),
    "width": 16,
    "layers": 1,
    "dropout": 0.0,
    "batch": 16,
    "learning_rate": 5e-3,
    "targets": 6,
    "epochs": 14,
    "patience": 40,
    "plateau": 1.0,
    "repeat": True,
    "length": 6,
    "user_tokens": 500,
}
LIKINGS = 3
"""Everybody takes item 0, then the one that they like: 1, 2 or 3."""


@pytest.fixture(scope="module")
def learned(world):
    return Tiger(**QUICK).fit(world.data)


def liking(user):
    return 1 + user % LIKINGS


@pytest.fixture(scope="module")
def likers(world):
    """Sixty people who always take item 0 and what they like, in turns."""
    user = np.repeat(np.arange(60), 6)
    item = np.where(np.arange(360) % 2 == 0, 0, liking(user))
    kind, at = np.full(360, 3, np.int8), np.tile(np.arange(6), 60)
    catalogue = world.data.catalogue
    return Dataset(catalogue, "order", 60, user.astype(np.int32), item.astype(np.int32), kind, at)


def first_visits(world):
    """The sixty people, of whom only item 0 is in the history."""
    return replace(world.requests([[0]] * 60), user=np.arange(60))


def test_writes_what_people_of_the_group_take_next(learned, world):
    starts = [(group, start) for group in range(4) for start in range(6)]
    walks = [[6 * group + (start + step) % 6 for step in range(4)] for group, start in starts]
    found = learned.retrieve(world.requests([walk[:3] for walk in walks]), 1)
    assert sum(found.item == [walk[3] for walk in walks]) >= 19


def test_with_a_user_token_it_knows_what_no_history_tells(likers, world):
    asked, wanted = first_visits(world), liking(np.arange(60))
    knows = Tiger(**QUICK).fit(likers).retrieve(asked, 1)
    blind = Tiger(**(QUICK | {"user_tokens": 0})).fit(likers).retrieve(asked, 1)
    assert (knows.item == wanted).mean() >= 0.9
    assert len(set(blind.item.tolist())) == 1


def test_who_came_after_learning_is_read_as_unknown(learned, world):
    nobody = world.requests([[0, 1, 2], [7, 8]])
    later = replace(nobody, user=np.array([80, 10_000]))
    one, two = learned.retrieve(nobody, 5), learned.retrieve(later, 5)
    assert one.columns["score"].tolist() == two.columns["score"].tolist()


def test_nothing_that_is_not_eligible_is_written(learned, world):
    asked = world.requests([[0, 1, 2], [7, 8], [13]] * 100)
    eligible = np.random.default_rng(0).random((300, 24)) < 0.3
    found = learned.generate(asked, 10, lambda people, items: eligible[people, :items])
    assert len(found)
    assert eligible[found.request, found.item].all()
    free = learned.retrieve(asked, 10)
    assert not eligible[free.request, free.item].all()


def test_where_nothing_is_eligible_nothing_is_written(learned, world):
    asked = world.requests([[0, 1], [7]])
    found = learned.generate(
        asked, 5, lambda people, items: np.repeat(people[:, None] == 1, items, axis=1)
    )
    assert set(found.request.tolist()) == {1}
    assert len(found) == 5


def test_a_beam_as_wide_as_the_catalogue_writes_what_reading_each_id_whole_says(learned):
    kinds, at = np.full(7, 3), np.zeros(7)
    read = Columns(np.array([0, 1, 5, 7]), np.array([3, 0, 1, 2, 3, 20, 21]), kinds, at)
    asked = Asked(torch.zeros(3), torch.full((3,), -1), torch.tensor([2, -1, 5]))
    network, codes = learned.network, torch.from_numpy(learned.ids.codes)
    trie, eligible = Trie.of(learned.ids.codes, learned.ids.sizes), torch.ones(3, 24).bool()
    items, scores = written(network, trie, remembered(network, read, asked), eligible, 24, 24)
    with torch.inference_mode():
        for row in range(3):
            rows = np.full(24, row)
            memory = remembered(network, read.of(rows), asked.take(torch.from_numpy(rows)))
            whole = network.log_probabilities(memory, codes)
            torch.testing.assert_close(whole[items[row]], scores[row], atol=1e-4, rtol=1e-4)
            assert (scores[row].diff() <= 1e-6).all()
            assert float(whole.exp().sum()) <= 1 + 1e-4


def test_its_tokenizer_is_set_by_the_recipe(world):
    quick = QUICK | {"epochs": 1, "sizes": (2, 8)}
    ways = [Tiger(**quick, tokenizer_settings={"balance": b}) for b in ("none", "capacity")]
    codes = [way.fit(world.data).ids.codes[:, :-1] for way in ways]
    assert len(np.unique(codes[0], axis=0)) < len(np.unique(codes[1], axis=0))


def test_comes_back_from_disk_knowing_people(likers, world, tmp_path):
    index = Tiger(**(QUICK | {"epochs": 2})).fit(likers)
    index.save(tmp_path)
    back = index.settings.load(tmp_path)
    one, two = (made.retrieve(first_visits(world), 5) for made in (index, back))
    assert one.item.tolist() == two.item.tolist()
    assert one.columns["score"].tolist() == two.columns["score"].tolist()


COLUMNS = Columns(
    np.array([0, 5, 7, 40]),
    np.arange(40),
    np.full(40, 3),
    np.arange(40, dtype=np.float64),
    user=np.array([4, 5, 6]),
)


def test_each_beginning_ends_just_before_what_is_wanted():
    for epoch in range(3):
        (lesson,) = PrefixSource(COLUMNS, 3, 10, 4, 0).lessons(epoch, 0)
        inputs = lesson.inputs
        newest = inputs.events.item[inputs.events.layout.last]
        assert (inputs.wanted - newest == 1).all()
        starts = inputs.events.item[inputs.events.layout.offsets[:-1]]
        assert int((inputs.wanted - starts).max()) <= 10
        owner = np.searchsorted(COLUMNS.offsets, inputs.wanted.numpy(), side="right") - 1
        assert np.bincount(owner).tolist() == [4, 1, 4]  # the second history has one place
        assert np.isin(inputs.asked.user.numpy(), [-1, *(owner + 4)]).all()
        assert (inputs.asked.at == inputs.wanted).all()  # what happens at 7 is item 7


def test_places_are_drawn_anew_each_epoch_and_resume_where_they_were():
    source = PrefixSource(COLUMNS, 2, 10, 2, 0)
    one, two = ([x.inputs.wanted.tolist() for x in source.lessons(epoch, 0)] for epoch in (0, 1))
    assert one != two
    assert [x.inputs.wanted.tolist() for x in source.lessons(0, 1)] == one[1:]


def test_processes_share_the_beginnings_of_a_lesson():
    (lesson,) = PrefixSource(COLUMNS, 3, 10, 2, 0).lessons(0, 0)
    shares = [lesson.share(rank, 2) for rank in range(2)]
    together = sorted(i for share in shares for i in share.inputs.wanted.tolist())
    assert together == sorted(lesson.inputs.wanted.tolist())
    assert float(lesson.share(50, 51).weight.sum()) == 0


def test_one_block_holds_every_history():
    layout = layout_of(torch.tensor([3, 1, 5]))
    block = one_block(layout)
    table = padded(with_filler(torch.arange(1, 10)), block)
    assert table.tolist() == [[1, 2, 3, 0, 0], [4, 0, 0, 0, 0], [5, 6, 7, 8, 9]]
    assert table.flatten()[block.kept].tolist() == list(range(1, 10))


def test_heads_must_share_the_width(world):
    with pytest.raises(ValueError, match="width 16 is no multiple of 3"):
        Tiger(**(QUICK | {"heads": 3})).fit(world.data)
