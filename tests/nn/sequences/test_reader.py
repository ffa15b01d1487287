"""What is read beside items: who reads it knows what nobody can know without it, and no more."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from galen.data.dataset import Dataset
from galen.data.schema import Kind, Surface
from galen.features.histories import columns_of, held_out, tokens_of
from galen.generative.generator import Generator
from galen.generative.tiger import Tiger
from galen.nn.sequences.backbones.backbone import Shape
from galen.nn.sequences.backbones.catalog import backbone
from galen.nn.sequences.buying import Buying
from galen.nn.sequences.context import Asked, Tokens
from galen.nn.sequences.histories import Columns, NextItemSource
from galen.nn.sequences.jagged import layout_of
from galen.nn.sequences.moments import SPANS, hour, season, span_step, weekday
from galen.nn.sequences.packed_events import Events
from galen.nn.sequences.reader import Reader
from galen.nn.sequences.user_tokens import bucket_of
from galen.pipeline.candidates import Histories
from galen.recall.sequence import SequenceModel

HOUR, DAY = 3_600_000_000, 86_400_000_000  # microseconds
MONDAY = 1_700_438_400_000_000  # 20 November 2023, 0:00 UTC
PEOPLE = 64
QUICK = {
    "width": 16,
    "layers": 1,
    "dropout": 0.0,
    "batch": 16,
    "learning_rate": 1e-2,
    "epochs": 10,
    "patience": 30,
    "plateau": 1.0,
    "repeat": False,
    "length": 4,
}
READERS = {"sequence": SequenceModel, "generator": Generator, "tiger": Tiger}
MORE = {
    "sequence": {"negatives": 16},
    "generator": {"negatives": 16, "sizes": (8, 8)},
    "tiger": {"sizes": (8, 8), "user_tokens": 0},
}
every = pytest.mark.parametrize("reads", sorted(READERS))
decoder = pytest.mark.parametrize("reads", ["generator", "sequence"])


def made(reads, **settings):
    return READERS[reads](**(QUICK | MORE[reads] | settings))


def shop(world, items, at, kind=None, surface=None, clock="time"):
    """Histories (people, events) as a shop."""
    people, events = items.shape
    kinds = np.full(items.shape, int(Kind.PURCHASE)) if kind is None else kind
    return Dataset(
        world.data.catalogue,
        clock,
        people,
        np.repeat(np.arange(people), events).astype(np.int32),
        items.flatten().astype(np.int32),
        kinds.flatten().astype(np.int8),
        at.flatten().astype(np.int64),
        surface=None if surface is None else surface.flatten().astype(np.int8),
    )


def asking(world, items, at, asked_at, surface=0, kind=Kind.PURCHASE):
    """One request a row of items (R, events) at moments (R, events)."""
    rows, events = items.shape
    history = Histories(
        np.arange(rows + 1) * events,
        items.flatten(),
        np.full(items.size, int(kind)),
        at.flatten(),
    )
    plain = world.requests([[]] * rows)
    where = np.broadcast_to(np.asarray(surface, np.int64), rows)
    return replace(plain, history=history, at=asked_at, surface=where)


def best(index, requests):
    return index.retrieve(requests, 1).item.tolist()


ODD = np.arange(PEOPLE) % 2


@every
def test_the_time_between_events_tells_what_follows_only_to_those_who_read_it(reads, world):
    items = np.stack([np.full(PEOPLE, 3), np.full(PEOPLE, 0), 1 + ODD], axis=1)
    apart = np.where(ODD, 30 * DAY, HOUR)
    start = MONDAY + np.arange(PEOPLE) * DAY
    at = np.stack([start, start + apart, start + apart + 2 * DAY], axis=1)
    asked = asking(world, items[:2, :2], at[:2, :2], at[:2, 2])
    data = shop(world, items, at)
    assert best(made(reads, gaps=True).fit(data), asked) == [1, 2]
    assert len(set(best(made(reads).fit(data), asked))) == 1


KEYS = [
    (reads, key)
    for reads in ("sequence", "tiger")
    for key in ("weekday", "hour", "since", "surface", "season")
]


@pytest.mark.parametrize(("reads", "key"), [*KEYS, ("generator", "since")])
def test_when_and_where_it_is_asked_tells_what_is_wanted(reads, key, world):
    items = np.stack([np.full(PEOPLE, 3), np.full(PEOPLE, 0), 1 + ODD], axis=1)
    wanted = MONDAY + 364 * DAY + 12 * HOUR + np.zeros(PEOPLE, np.int64)
    wanted += ODD * {"weekday": 5 * DAY, "hour": 8 * HOUR, "season": 182 * DAY}.get(key, 0)
    before = np.where(ODD, 20 * DAY, DAY) if key == "since" else 2 * DAY
    at = np.stack([wanted - before - HOUR, wanted - before, wanted], axis=1)
    surface = np.zeros(items.shape, np.int64)
    if key == "surface":
        surface[:, 2] = np.where(ODD, Surface.CART, Surface.HOME)
    data = shop(world, items, at, surface=surface)
    asked = asking(world, items[:2, :2], at[:2, :2], at[:2, 2], surface[:2, 2])
    assert best(made(reads, context=(key,)).fit(data), asked) == [1, 2]
    assert len(set(best(made(reads).fit(data), asked))) == 1


@pytest.mark.parametrize("clock", ["time", "order"])
def test_who_asks_tells_what_is_wanted(clock, world):
    items = np.stack([np.full(PEOPLE, 3), np.full(PEOPLE, 0), 1 + ODD], axis=1)
    at = np.tile(MONDAY + np.arange(3) * DAY, (PEOPLE, 1))
    data = shop(world, items, at, clock=clock)
    asked = asking(world, items[:2, :2], at[:2, :2], at[:2, 2])
    known = replace(asked, user=np.array([4, 5]))
    index = made("sequence", context=("user",)).fit(data)
    assert best(index, known) == [1, 2]
    assert len(set(best(index, replace(asked, user=np.array([-1, -1]))))) == 1
    assert len(set(best(made("sequence").fit(data), known))) == 1


@pytest.mark.parametrize("model", ["sequence", "generator"])
def test_who_came_after_it_learned_is_read_as_nobody(model, world, tmp_path):
    items = np.stack([np.full(PEOPLE, 3), np.full(PEOPLE, 0), 1 + ODD], axis=1)
    data = shop(world, items, np.tile(MONDAY + np.arange(3) * DAY, (PEOPLE, 1)))
    index = made(model, context=("user",), epochs=2).fit(data)
    bucket = bucket_of(torch.arange(200 * 2000), 2000)
    late = data.users + int(torch.nonzero(bucket[data.users :] == bucket[4])[0])
    at = np.tile(MONDAY + np.arange(3) * DAY, (2, 1))
    asked = asking(world, items[:2, :2], at[:, :2], at[:, 2])
    users = {"known": [4, 5], "late": [late, 5], "nobody": [-1, 5]}
    index.save(tmp_path)
    for each in (index, index.settings.load(tmp_path)):
        said = {}
        for name, user in users.items():
            request = replace(asked, user=np.array(user))
            placed = [going.states[:1] for _, going in each.continued(request, 2)]
            score = each.retrieve(request, 24).columns["score"][:5]
            said[name] = [*score.tolist(), *placed[0][0].tolist()]
        assert said["late"] == said["nobody"] != said["known"]


def test_an_event_is_asked_about_by_whom_it_happened_to():
    columns = Columns(
        np.array([0, 2, 3, 6]),
        np.arange(6),
        np.zeros(6, np.int64),
        np.arange(6.0),
        user=np.array([7, 9, 8]),
    )
    assert columns.moments(np.array([0, 2, 3, 5])).user.tolist() == [7, 9, 8, 8]


def test_people_share_tokens_evenly_and_nobody_has_none():
    tokens = bucket_of(torch.arange(-1, 20_000), 100)
    assert tokens[0] == 0
    shared = torch.bincount(tokens[1:], minlength=101)
    assert shared[0] == 0
    assert 190 <= shared[1:].min() <= shared.max() <= 210


def bought_or_viewed(world):
    """After item 3 most view item 1 and some buy item 2; after item 4 it is the other way."""
    draw = np.random.default_rng(0)
    first = 3 + np.arange(160) % 2
    buys = draw.random(160) < 0.4
    then = np.where((first == 3) ^ buys, 1, 2)
    items = np.stack([first, then], axis=1)
    kind = np.where(buys, int(Kind.PURCHASE), int(Kind.CLICK))
    kinds = np.stack([np.full(160, int(Kind.CLICK)), kind], axis=1)
    at = MONDAY + np.stack([np.arange(160), np.arange(160) + 1], axis=1) * DAY
    asked = asking(world, items[:2, :1], at[:2, :1], at[:2, 1], kind=Kind.CLICK)
    return shop(world, items, at, kinds), asked


BUYS = ({"reads": "sequence"}, {"reads": "generator"}, {"reads": "generator", "parallel": True})


@pytest.mark.parametrize("way", BUYS, ids=str)
def test_with_two_objectives_what_is_bought_comes_before_what_is_viewed(way, world):
    data, asked = bought_or_viewed(world)
    assert best(made(**way).fit(data), asked) == [1, 2]
    both = made(**way, purchase_weight=1.0, batch=8, epochs=7).fit(data)
    assert best(both, asked) == [2, 1]


@decoder
def test_where_all_is_bought_there_is_no_second_objective(reads, world):
    data, _ = bought_or_viewed(world)
    bought = data.take(np.ones(len(data), bool))
    bought.kind[:] = int(Kind.PURCHASE)
    index = made(reads, purchase_weight=1.0, epochs=1).fit(bought)
    assert index.buying is None


@every
def test_comes_back_from_disk_with_all_that_it_reads(reads, world, tmp_path):
    data, asked = bought_or_viewed(world)
    context = ("surface", "hour", "weekday", "season", "since")
    more = {} if reads == "tiger" else {"purchase_weight": 0.5}
    spec = made(reads, gaps=True, context=context, epochs=2, **more)
    index = spec.fit(data)
    index.save(tmp_path)
    one, two = index.retrieve(asked, 5), spec.load(tmp_path).retrieve(asked, 5)
    assert one.item.tolist() == two.item.tolist()
    assert one.columns["score"].tolist() == two.columns["score"].tolist()


@decoder
def test_only_the_kinds_that_are_named_are_read(reads, world):
    data, asked = bought_or_viewed(world)
    index = made(reads, kinds=("click", "cart"), epochs=1).fit(data)
    history = replace(asked.history, kind=np.array([int(Kind.CLICK), int(Kind.PURCHASE)]))
    found = index.retrieve(replace(asked, history=history), 3)
    assert set(found.request.tolist()) == {0}


def test_scores_of_both_objectives_add_as_is_said(world):
    data, asked = bought_or_viewed(world)
    index = made("sequence", purchase_weight=0.5, epochs=3).fit(data)
    answer = index.answer(asked)
    found = answer.best(5)
    with torch.inference_mode():
        told = index.buying.whole(index.states(asked), index.items).numpy()
    first = answer.first.scores(found)
    expected = first + 0.5 * told[found.request, found.item]
    np.testing.assert_allclose(found.columns["score"], expected, rtol=1e-5)
    np.testing.assert_allclose(answer.scores(found), expected, rtol=1e-5)


def test_pairs_and_the_whole_catalogue_are_told_alike():
    torch.manual_seed(0)
    head, states, items = Buying(8, 3), torch.randn(3, 8), torch.randn(5, 8)
    with torch.inference_mode():
        whole = head.whole(states, items)
        torch.testing.assert_close(head.log_probabilities(states, items.expand(3, 5, 8)), whole)
        loss = head.loss(states, items[:3], torch.tensor([3, 3, 3]))
        torch.testing.assert_close(loss, -whole.diagonal())


LENGTHS = torch.tensor([3, 1, 6, 4])


@pytest.mark.parametrize("kind", ["sasrec", "ligr", "hstu", "gru4rec"])
def test_one_event_more_gives_the_state_that_reading_all_again_gives(kind):
    torch.manual_seed(0)
    tokens = Tokens(7, 7, True, ("surface", "user", "hour", "weekday", "season", "since"))
    reader = Reader(backbone(Shape(kind=kind, width=16, heads=2, length=6)), tokens).eval()
    with torch.no_grad():
        for parameter in reader.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    vectors, kinds = torch.randn(12, 16), torch.randint(0, 7, (12,))
    at = torch.cumsum(torch.rand(12, dtype=torch.float64) * 1e6, 0)
    later = at + 5e5 * torch.rand(12, dtype=torch.float64)
    asked = Asked(later, torch.randint(-1, 7, (12,)), torch.randint(-1, 5000, (12,)))
    layout = layout_of(torch.tensor([6, 6]))
    with torch.inference_mode():
        whole = reader(vectors, Events(kinds, kinds, at, layout, asked)).view(2, 6, 16)
        read = reader.begin(2)
        for place in range(6):
            rows = torch.tensor([place, 6 + place])
            state, read = reader.extend(
                vectors[rows], kinds[rows], at[rows], read, asked.take(rows)
            )
            torch.testing.assert_close(state, whole[:, place], atol=1e-5, rtol=1e-4)
        own, last = torch.arange(12).view(2, 6)[:, :5], torch.tensor([4, 10])
        state, read = reader.keep(vectors[own], kinds[own], at[own], asked.take(last))
        torch.testing.assert_close(state, whole[:, 4], atol=1e-5, rtol=1e-4)
        rows = torch.tensor([5, 11])
        state, _ = reader.extend(vectors[rows], kinds[rows], at[rows], read, asked.take(rows))
        torch.testing.assert_close(state, whole[:, 5], atol=1e-5, rtol=1e-4)


@decoder
def test_a_slate_that_is_written_on_begins_with_what_retrieval_says(reads, world):
    data, asked = bought_or_viewed(world)
    spec = made(reads, gaps=True, context=("since", "surface"), purchase_weight=0.5, epochs=3)
    index = spec.fit(data)
    ((rows, said),) = index.continued(asked, 2)
    found = index.retrieve(asked, 3)
    assert rows.tolist() == [0, 1]
    item = found.item.reshape(2, 3)
    assert (np.diff(said.scores(item), axis=1) <= 1e-5).all()
    apart = said.scores(item) - found.columns["score"].reshape(2, 3)
    np.testing.assert_allclose(apart, apart[:, :1].repeat(3, axis=1), atol=1e-4)
    assert not np.allclose(said.after(item[:, 0]).scores(item), said.scores(item))


COLUMNS = Columns(
    np.array([0, 5, 7, 20]),
    np.arange(20),
    np.arange(20) % 4,
    1000.0 * np.arange(20),
    np.arange(20) % 7,
)


def lesson(columns):
    return next(iter(NextItemSource(columns, 40, 3, 30, 8, 0.0, 2.0, 0).lessons(0, 0))).inputs


def test_a_state_is_told_of_the_moment_of_what_follows_and_not_of_its_item():
    inputs = lesson(COLUMNS)
    wanted = inputs.wanted.numpy()
    assert inputs.events.asked.at.tolist() == (1000.0 * wanted).tolist()
    assert inputs.events.asked.surface.tolist() == (wanted % 7).tolist()
    assert inputs.done.tolist() == (wanted % 4).tolist()
    other = lesson(replace(COLUMNS, item=np.where(COLUMNS.item == 19, 39, COLUMNS.item)))
    assert other.wanted.tolist() != inputs.wanted.tolist()
    for one, two in zip(inputs.events[:3], other.events[:3], strict=True):
        assert one.tolist() == two.tolist()
    assert all(map(torch.equal, inputs.events.asked, other.events.asked))


def test_what_was_held_out_is_asked_for_at_its_own_moment():
    _, kept = held_out(COLUMNS, 2, seed=0)
    assert kept.asked.at.tolist() == (1000.0 * kept.wanted).tolist()


def test_where_only_the_order_is_known_no_token_tells_of_time(world):
    assert tokens_of(True, ("hour", "surface", "since"), timed=False).context == ("surface",)
    assert not tokens_of(True, (), timed=False).gaps
    items = np.tile(np.arange(3), (PEOPLE, 1))
    data = shop(world, items, np.tile(np.arange(3), (PEOPLE, 1)), clock="order")
    index = made("sequence", gaps=True, context=("hour",), epochs=1).fit(data)
    assert index.reader.gaps is None
    assert index.reader.context is None
    wrote = made("tiger", gaps=True, context=("hour",), epochs=1).fit(data)
    assert wrote.network.gaps is None
    assert not len(wrote.network.context)
    assert not columns_of(data).at.any()


@pytest.mark.parametrize(
    "said", ["2023-11-20T00:00", "2024-02-29T23:59", "1999-12-31T12:30", "2026-07-05T06:00"]
)
def test_the_calendar_is_that_of_utc(said):
    moment = datetime.fromisoformat(said).replace(tzinfo=UTC)
    at = torch.tensor([moment.timestamp()], dtype=torch.float64)
    assert int(hour(at)) == moment.hour
    assert int(weekday(at)) == moment.weekday()
    assert abs(int(season(at)) - (moment.month - 1)) <= 1


def test_steps_of_time_grow_with_it_and_end():
    seconds = torch.tensor([0.0, 1, 60, 3600, 86_400, 7 * 86_400, 1e12], dtype=torch.float64)
    steps = span_step(seconds)
    assert (steps.diff() > 0).all()
    assert int(steps[-1]) == SPANS - 1


@pytest.mark.parametrize("length", [1, 4])
@decoder
def test_a_slate_longer_than_what_is_read_goes_on_from_the_newest_events(reads, length, world):
    data, asked = bought_or_viewed(world)
    index = made(reads, epochs=1, length=length).fit(data)
    ((_, said),) = index.continued(asked, 10)
    for item in range(9):
        said = said.after(np.full(2, item))
    assert said.item.shape[1] == length
    with torch.inference_mode():
        own = said.vectors[said.item], said.kind, said.at, said.asked
        states, _ = said.reader.keep(*own)
    torch.testing.assert_close(said.states, states, atol=1e-5, rtol=1e-4)
