"""Two towers learn what follows what, and know items that nobody took by what is said of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.evaluate.slate_metrics import Answers, by_request
from galen.features.tokenizing.coding import Coding
from galen.nn.sequences.histories import Columns
from galen.nn.sequences.item_tower import ItemTower, Known
from galen.nn.sequences.judging import HeldOut
from galen.nn.sequences.two_tower import PairLesson, Pairs, UserTower
from galen.nn.sequences.two_tower import TwoTower as Network
from galen.recall.history_pairs import PairJudge, PairSource, newest_first
from galen.recall.item_graph import ItemGraph
from galen.recall.two_tower import TwoTower


def network(taken=(1, 1, 1, 1, 1), temperature=1.0):
    torch.manual_seed(0)
    count = torch.tensor(taken)
    tower = ItemTower(Known(len(taken)), count > 0, 8)
    return Network(tower, UserTower(8, (8,), 0.5, 0.0), count, temperature).eval()


@pytest.fixture(scope="module")
def with_a_new_item(world):
    """The world with one item more, of group 1, that nobody took; its learned channel."""
    table = world.data.catalogue.table.to_pylist()
    new = {"item_id": "new", "brand": "brand-0", "category": ["shop", "group-1"]}
    data = replace(world.data, catalogue=Catalogue(items_table([*table, new])))
    return TwoTower(attributes=("category",)).fit(data)


def test_an_item_that_nobody_took_has_a_vector_and_is_recalled_with_its_category(
    with_a_new_item, world
):
    new = len(world.data.catalogue)
    assert with_a_new_item.found.learned[new]
    assert np.linalg.norm(with_a_new_item.found.vectors[new]) == pytest.approx(1.0, abs=1e-5)
    own = with_a_new_item.retrieve(world.requests([[6, 7]]), 6).item
    assert new in own
    assert new not in with_a_new_item.retrieve(world.requests([[0, 1]]), 4).item


def test_an_item_that_nobody_took_is_recalled_by_its_words(world):
    known = world.data.take(world.data.item != 5)
    spec = TwoTower(attributes=(), text=True, text_size=8, identity_dropout=0.5, epochs=8)
    learned = spec.fit(known)
    assert 5 in learned.retrieve(world.requests([[0, 1, 2]]), 6).item
    assert 5 not in learned.retrieve(world.requests([[12, 13, 14]]), 4).item


def test_an_item_that_nobody_took_is_recalled_by_its_codes(world, tmp_path):
    known = world.data.take(world.data.item != 5)
    codes = Coding(sizes=(4, 4), sources=("attributes",), vector_size=8)
    spec = TwoTower(attributes=(), codes=codes, identity_dropout=0.5, epochs=8)
    learned = spec.fit(known)
    asked = world.requests([[0, 1, 2], [12, 13, 14]])
    found = learned.retrieve(asked, 4)
    assert 5 in found.item[found.request == 0]
    assert 5 not in found.item[found.request == 1][:3]
    learned.save(tmp_path)
    np.testing.assert_array_equal(spec.load(tmp_path).retrieve(asked, 4).item, found.item)


def test_without_attributes_an_item_that_nobody_took_is_not_proposed(world):
    table = world.data.catalogue.table.to_pylist()
    catalogue = Catalogue(items_table([*table, {"item_id": "new", "category": ["shop"]}]))
    learned = TwoTower(attributes=(), epochs=2).fit(replace(world.data, catalogue=catalogue))
    found = learned.retrieve(world.requests([[0, 1]]), 100).item
    assert len(table) not in found


def test_a_history_of_a_new_item_alone_is_read(with_a_new_item, world):
    new = len(world.data.catalogue)
    found = with_a_new_item.retrieve(world.requests([[new]]), 3).item
    assert set(world.group_of_item[found]) == {1}


def test_only_the_newest_items_are_read(world):
    learned = TwoTower(recent=2, epochs=2).fit(world.data)
    long = learned.queries(world.requests([[13, 7, 0, 1]]).taken)
    short = learned.queries(world.requests([[0, 1]]).taken)
    assert long.tolist() == short.tolist()


def test_approximate_search_recalls_the_same_in_a_small_shop(world):
    asked = world.requests([[0, 1], [7]])
    one, two = (
        TwoTower(epochs=2, search=kind).fit(world.data).retrieve(asked, 4)
        for kind in ("exact", "approximate")
    )
    assert one.item.tolist() == two.item.tolist()


def test_the_loss_is_the_corrected_softmax_over_the_mini_batch_and_hard_negatives():
    taken = (4, 2, 1, 1, 1)
    model = network(taken, temperature=0.5)
    pairs = Pairs(
        torch.tensor([[3, -1], [4, 3], [2, -1]]),
        torch.tensor([0, 1, 0]),
        torch.tensor([[2], [-1], [3]]),
    )
    with torch.inference_mode():
        told = model(pairs)
        asked, answers = model.asked(pairs.history), model.answers(torch.arange(5))
        scores = asked @ answers.T / 0.5
        corrected = scores - torch.log(torch.tensor(taken) / 9)
    first = torch.stack([corrected[0, 0], corrected[0, 1], scores[0, 2]])  # 0 again is no negative
    second = torch.stack([corrected[1, 1], corrected[1, 0], corrected[1, 0]])
    wanted = [torch.logsumexp(row, 0) - row[0] for row in (first, second)]
    assert torch.allclose(told[:2], torch.stack(wanted), atol=1e-5)


def test_the_place_of_an_item_in_the_mean_decides_its_weight():
    model = network()
    vectors = torch.eye(8)[None, :2]
    model.users.layers = torch.nn.Identity()
    asked = model.users(vectors, torch.ones(1, 2, dtype=torch.bool))
    assert asked[0, 0] == pytest.approx(2 * float(asked[0, 1]))


@pytest.mark.parametrize("repeat", [False, True])
def test_people_held_out_are_judged_as_the_channel_answers_them(repeat, world):
    spec = TwoTower(epochs=2, repeat=repeat)
    people = 12
    again = world.data.offsets[:people]  # everybody's first item is what is wanted next
    whole = Columns(
        world.data.offsets, world.data.item.astype(np.int64), world.data.item * 0, world.data.at
    )
    before, wanted = whole.of(np.arange(people)), whole.item[again]
    networks = []
    learned = spec.fit(world.data, watch=lambda _, network: networks.append(network))
    judge = PairJudge(HeldOut(before, wanted), spec.recent, repeat)
    histories = np.split(before.item, before.offsets[1:-1])
    found = learned.retrieve(world.requests([one.tolist() for one in histories]), 10)
    told = by_request(Answers(found, people, np.arange(people), wanted))["ndcg@10"].mean()
    assert judge(networks[0])["ndcg"] == pytest.approx(told)  # it ended with its best weights
    assert bool(told) == repeat


def test_people_held_out_are_judged_among_the_items_that_can_be_found(world):
    """Of 240 items 216 were never taken and are not described; nothing is learned so slowly."""
    items = [{"item_id": str(row)} for row in range(240)]
    data = replace(world.data, catalogue=Catalogue(items_table(items)))
    slow = TwoTower(attributes=(), width=8, epochs=1, learning_rate=1e-9, temperature=100.0)
    (only,) = slow.fit(data).course.epochs
    assert only.valid["loss"] == pytest.approx(np.log(24), abs=0.1)


@pytest.fixture(scope="module")
def source(world):
    columns = Columns(
        world.data.offsets, world.data.item.astype(np.int64), world.data.item * 0, world.data.at
    )
    return PairSource(columns, ItemGraph().fit(world.data).weights, 64, 3, 4, seed=0)


def test_every_event_but_each_first_is_learned_once_an_epoch(source, world):
    lessons = list(source.lessons(0, 0))
    wanted = torch.cat([lesson.inputs.wanted for lesson in lessons])
    assert len(wanted) == source.rows
    later = world.data.item[world.data.place > 0]
    assert sorted(wanted.tolist()) == sorted(later.tolist())


def test_skipped_lessons_leave_the_others_as_they_were(source):
    every, later = list(source.lessons(1, 0)), list(source.lessons(1, 2))
    assert len(later) == len(every) - 2
    for one, two in zip(every[2:], later, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one.inputs, two.inputs, strict=True))


def test_what_a_person_took_is_no_hard_negative_for_them():
    columns = Columns(np.array([0, 3, 5]), np.array([0, 1, 2, 0, 3]), np.zeros(5), np.zeros(5))
    whole = ItemGraph(window=5, backward=1.0)
    graph = whole.fit(_data_of(columns)).weights
    source = PairSource(columns, graph, 10, 2, 50, seed=0)
    (lesson,) = source.lessons(0, 0)
    own = {1: {0, 1, 2}, 2: {0, 1, 2}, 3: {0, 3}}
    seen = set()
    for wanted, hard in zip(lesson.inputs.wanted.tolist(), lesson.inputs.hard, strict=True):
        drawn = set(hard.tolist()) - {-1}
        assert not drawn & own[wanted]
        seen |= drawn
    assert seen


def test_histories_are_read_newest_first_and_padded():
    found = newest_first(np.array([5, 6, 7, 8]), np.array([3, 4]), np.array([1, 4]), 3)
    assert found.tolist() == [[7, -1, -1], [8, 7, 6]]


def test_processes_that_learn_together_share_the_pairs():
    pairs = Pairs(torch.arange(6).reshape(3, 2), torch.arange(3), torch.zeros(3, 0))
    lesson = PairLesson(pairs, torch.ones(3))
    assert lesson.share(1, 2).inputs.wanted.tolist() == [1]
    for nobody in (3, 7):
        assert lesson.share(nobody, 8).weight.tolist() == [0.0]
    assert lesson.share(0, 1) is lesson


def _data_of(columns):
    from galen.data.dataset import Dataset

    catalogue = Catalogue(items_table([{"item_id": str(i)} for i in range(4)]))
    user = np.repeat(np.arange(2), np.diff(columns.offsets)).astype(np.int32)
    kind = np.full(5, 3, np.int8)
    return Dataset(catalogue, "order", 2, user, columns.item.astype(np.int32), kind, np.arange(5))
