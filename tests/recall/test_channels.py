"""The contract of every recall channel; a new one joins by being in the catalogue."""

from dataclasses import replace

import numpy as np
import pytest

from galen.assembly.catalog import RETRIEVERS
from galen.data.schema import Kind
from galen.pipeline.candidates import Candidates
from galen.pipeline.stages import LearnsAgain, Scorer

CHANNELS = sorted(set(RETRIEVERS) - {"knowledge"})
"""Those that read histories; `knowledge` reads words, and its own tests hold it to the same."""

JUDGED = ["generator", "sequence", "tiger", "two_tower"]
"""Channels that people held out tell when to stop learning."""

READERS = ["generator", "sequence", "tiger"]
"""Channels that read the newest events of a history, so many and no more."""

FOR_ALL = ("needs", "popular", "seasonal", "words")
"""Channels that know something for people of whom nothing is known."""

WRITERS = ("generator", "tiger")
"""They learn by heart what follows here: what they write second has a chance of e^-10, and any seed
may move it to another group."""

SMALLER = {
    "tiger": {
        "sizes": (4, 8),
        "width": 32,
        "layers": 1,
        "learning_rate": 5e-3,
        "patience": 2,
        "plateau": 0.05,
    }
}
"""Settings where a channel's own ones learn for a minute from a world of 24 items."""


def spec_of(name):
    return RETRIEVERS[name](**SMALLER.get(name, {}))


@pytest.fixture(scope="module", params=CHANNELS)
def channel(request, world):
    spec = spec_of(request.param)
    return request.param, spec, spec.fit(world.data)


def test_proposes_items_of_each_persons_own_group_first(channel, world):
    name, _, retriever = channel
    groups = 1 if name in FOR_ALL else 3  # these know the largest alone
    asked = world.requests([[0, 1, 2], [6, 7, 8], [12, 13, 14]][:groups])
    places = 1 if name in WRITERS else 2
    found = retriever.retrieve(asked, places)
    assert found.request.tolist() == np.repeat(np.arange(groups), places).tolist(), name
    assert world.group_of_item[found.item].tolist() == found.request.tolist()


def test_keeps_to_its_quota_and_to_one_row_an_item(channel, world):
    _, _, retriever = channel
    found = retriever.retrieve(world.requests([[0, 1], [7], []]), 3)
    for row in range(3):
        items = found.item[found.request == row]
        assert len(items) <= 3
        assert len(set(items.tolist())) == len(items)


def test_gives_rows_grouped_by_request_best_first_with_finite_scores(channel, world):
    _, _, retriever = channel
    found = retriever.retrieve(world.requests([[0, 1], [7, 8], [14]]), 4)
    score = found.columns["score"]
    assert np.isfinite(score).all()
    assert np.all(np.diff(found.request) >= 0)
    same = found.request[1:] == found.request[:-1]
    assert np.all(score[:-1][same] >= score[1:][same])


def test_answers_a_batch_as_it_answers_its_requests_one_by_one(channel, world):
    _, _, retriever = channel
    histories = [[0, 1], [], [13, 14], [7]]
    together = retriever.retrieve(world.requests(histories), 4)
    for row, history in enumerate(histories):
        alone = retriever.retrieve(world.requests([history]), 4)
        assert together.item[together.request == row].tolist() == alone.item.tolist()


def test_the_same_seed_learns_the_same(channel, world):
    _, spec, retriever = channel
    again = spec.fit(world.data)
    asked = world.requests([[0, 1], [7, 8]])
    one, two = retriever.retrieve(asked, 5), again.retrieve(asked, 5)
    assert one.item.tolist() == two.item.tolist()
    assert one.columns["score"].tolist() == two.columns["score"].tolist()


def test_comes_back_from_disk_with_the_same_scores(channel, world, tmp_path):
    _, spec, retriever = channel
    retriever.save(tmp_path)
    asked = world.requests([[0, 1], [7, 8], []])
    before, after = retriever.retrieve(asked, 5), spec.load(tmp_path).retrieve(asked, 5)
    assert before.item.tolist() == after.item.tolist()
    assert before.columns["score"].tolist() == after.columns["score"].tolist()


def test_answers_an_empty_history_without_failing(channel, world):
    name, _, retriever = channel
    found = retriever.retrieve(world.requests([[]]), 5)
    assert len(found) == (5 if name in FOR_ALL else 0)


def test_answers_no_requests_with_no_rows(channel, world):
    _, _, retriever = channel
    assert len(retriever.retrieve(world.requests([]), 5)) == 0


def test_gives_what_there_is_when_asked_for_more_than_the_catalogue(channel, world):
    _, _, retriever = channel
    found = retriever.retrieve(world.requests([[0, 1]]), 10_000)
    assert 0 < len(found) <= len(world.data.catalogue)


def test_knows_nothing_of_items_that_came_after_it_learned(channel, world):
    _, _, retriever = channel
    found = retriever.retrieve(world.requests([[0, 1, 10_000]]), 5)
    assert found.item.max() < len(world.data.catalogue)


def test_learns_from_a_shop_without_events(channel, world):
    name, spec, _ = channel
    nothing = world.data.take(np.zeros(len(world.data), bool))
    found = spec.fit(nothing).retrieve(world.requests([[0, 1], []]), 5)
    assert len(found) <= (5 if name == "content" else 2)  # what is said of items is there still


def test_what_a_person_hid_is_no_sign_of_wanting_it(channel, world):
    name, _, retriever = channel
    hidden = world.requests([[0, 1, 2]], kind=Kind.HIDE)
    found = retriever.retrieve(hidden, 3)
    empty = retriever.retrieve(world.requests([[]]), 3)
    if name in FOR_ALL:
        assert not set(found.item.tolist()) & {0, 1, 2}
    else:
        assert found.item.tolist() == empty.item.tolist()


def test_scores_what_it_proposes_as_it_proposed_it_and_knows_nothing_of_new_items(channel, world):
    name, _, retriever = channel
    if not isinstance(retriever, Scorer):
        pytest.skip(f"{name} scores only what it proposes")
    requests = world.requests([[0, 1], [7, 8], [13]])
    answer = retriever.answer(requests)
    found = answer.best(4)
    assert found.item.tolist() == retriever.retrieve(requests, 4).item.tolist()
    np.testing.assert_allclose(answer.scores(found), found.columns["score"], rtol=1e-5)
    new = Candidates(np.array([0, 1]), np.array([0, 10_000]))
    assert np.isnan(answer.scores(new))[1]


def test_scores_an_item_of_another_group_below_the_persons_own(channel, world):
    name, _, retriever = channel
    if not isinstance(retriever, Scorer) or name in FOR_ALL:
        pytest.skip(f"{name} does not score by person")
    requests = world.requests([[0, 1, 2]])
    items = np.arange(len(world.data.catalogue))
    own, other = (
        retriever.answer(requests).scores(Candidates(np.zeros(len(part), np.int64), part)).mean()
        for part in (items[3:6], items[7:14])
    )
    assert own > other


def test_proposes_nothing_where_it_has_no_quota(channel, world):
    _, _, retriever = channel
    assert len(retriever.retrieve(world.requests([[0, 1], [7]]), 0)) == 0


@pytest.fixture(scope="module", params=JUDGED)
def judged(request, world):
    spec = spec_of(request.param)
    return spec, spec.fit(world.data)


def test_channels_that_people_held_out_stop_are_known_by_name():
    assert [name for name in CHANNELS if isinstance(RETRIEVERS[name](), LearnsAgain)] == JUDGED


def test_learns_more_events_for_as_long_as_it_learned_fewer(judged, world):
    spec, retriever = judged
    again = spec.again(world.data, retriever)
    rates = [epoch.rate for epoch in retriever.course.epochs]
    assert [epoch.rate for epoch in again.course.epochs] == rates[: retriever.course.best + 1]
    assert not any(epoch.valid for epoch in again.course.epochs)
    found = again.retrieve(world.requests([[0, 1, 2]]), 2)
    assert set(world.group_of_item[found.item]) == {0}


def test_one_that_was_taught_nothing_or_came_from_disk_learns_anew(judged, world, tmp_path):
    spec, retriever = judged
    retriever.save(tmp_path)
    asked = world.requests([[0, 1], [7, 8]])
    again = spec.again(world.data, spec.load(tmp_path)).retrieve(asked, 5)
    assert again.item.tolist() == retriever.retrieve(asked, 5).item.tolist()


TEN_THOUSAND = np.resize(np.repeat(np.arange(7, 12), 2), 10_000)
"""The items of group 1 but for the first, each twice in a row, again and again."""


@pytest.fixture(scope="module", params=READERS)
def reader(request, world):
    """A channel that learned of a shop where one person more has ten thousand events."""
    data, count = world.data, len(TEN_THOUSAND)
    longest = replace(
        data,
        users=data.users + 1,
        user=np.append(data.user, np.full(count, data.users, np.int32)),
        item=np.append(data.item, TEN_THOUSAND.astype(np.int32)),
        kind=np.append(data.kind, np.full(count, int(Kind.PURCHASE), np.int8)),
        at=np.append(data.at, data.at.min() + 3_600_000_000 * np.arange(count)),
    )
    spec = spec_of(request.param)
    return spec, spec.fit(longest)


def test_ten_thousand_events_of_one_person_do_not_spoil_what_is_learned_of_others(reader, world):
    _, retriever = reader
    found = retriever.retrieve(world.requests([[0, 1, 2]]), 2)
    assert set(world.group_of_item[found.item]) == {0}


def test_of_ten_thousand_events_the_newest_are_read_and_none_is_proposed(reader, world):
    spec, retriever = reader
    history = TEN_THOUSAND.tolist()
    found = retriever.retrieve(world.requests([history, [0, 1, 2]]), 3)
    newest = retriever.retrieve(world.requests([history[-spec.length :], [0, 1, 2]]), 3)
    assert found.item.tolist() == newest.item.tolist()
    np.testing.assert_allclose(found.columns["score"], newest.columns["score"], rtol=1e-4)
    assert not set(found.item[found.request == 0].tolist()) & set(history)


def test_an_item_taken_again_and_again_is_read_each_time_and_not_proposed(reader, world):
    _, retriever = reader
    found = retriever.retrieve(world.requests([[0, 1], [0, 0, 0, 0, 1, 1], [1] * 200]), 20)
    assert np.isfinite(found.columns["score"]).all()
    for row, taken in enumerate([{0, 1}, {0, 1}, {1}]):
        items = found.item[found.request == row].tolist()
        assert len(items) == len(set(items))
        assert items
        assert not set(items) & taken
    once, again = (found.take(found.request == row) for row in (0, 1))
    assert not np.array_equal(once.columns["score"], again.columns["score"])
