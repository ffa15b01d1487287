"""States of people who come back: only new events are read, and the states are the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from galen.data.schema import Kind, Surface
from galen.features.histories import columns_of_requests
from galen.features.reading import states_of
from galen.nn.sequences.backbones.backbone import Shape
from galen.nn.sequences.backbones.catalog import backbone
from galen.nn.sequences.context import Tokens
from galen.nn.sequences.reader import Reader
from galen.pipeline.kept import KeptStates

LENGTH = 8


@pytest.fixture(params=["sasrec", "ligr", "hstu", "gru4rec"])
def reader(request):
    torch.manual_seed(0)
    shape = Shape(request.param, 16, 2, 2, 0.0, LENGTH)
    found = Reader(backbone(shape), Tokens(len(Kind), len(Surface)))
    return found.eval()


class Counting:
    """How many events a reader was given."""

    def __init__(self, reader, monkeypatch):
        self.events = 0
        keep, extend = reader.keep, reader.extend

        def counted_keep(vectors, *rest):
            self.events += vectors.shape[1]
            return keep(vectors, *rest)

        def counted_extend(vectors, *rest):
            self.events += 1
            return extend(vectors, *rest)

        monkeypatch.setattr(reader, "keep", counted_keep)
        monkeypatch.setattr(reader, "extend", counted_extend)


def asked(world, history, kept, user=3):
    requests = world.requests([history])
    return replace(requests, user=np.array([user]), kept=kept)


def read(reader, requests):
    vectors = torch.randn(30, 16, generator=torch.Generator().manual_seed(1))
    columns = columns_of_requests(requests.taken, 30, LENGTH, timed=False)
    return states_of(reader, vectors, columns, requests, timed=False)[0]


def test_a_new_event_costs_one_step_and_gives_the_state_of_reading_all_anew(
    reader, world, monkeypatch
):
    kept, counting = KeptStates(10), Counting(reader, monkeypatch)
    history = [1, 4, 2, 9]
    read(reader, asked(world, history, kept))
    assert counting.events == 4
    for item in (7, 3):
        history = [*history, item]
        before = counting.events
        found = read(reader, asked(world, history, kept))
        assert counting.events == before + 1
        anew = read(reader, asked(world, history, None))
        torch.testing.assert_close(found, anew, rtol=1e-4, atol=1e-5)
    before = counting.events
    again = read(reader, asked(world, history, kept))
    assert counting.events == before
    torch.testing.assert_close(again, anew, rtol=1e-4, atol=1e-5)


def test_a_history_that_changed_or_grew_too_long_is_read_anew(reader, world, monkeypatch):
    kept, counting = KeptStates(10), Counting(reader, monkeypatch)
    long = list(range(LENGTH))
    for history in ([1, 4, 2, 9], [1, 4, 9], long, [*long, 20]):
        counting.events = 0
        found = read(reader, asked(world, history, kept))
        assert counting.events == min(len(history), LENGTH)
        anew = read(reader, asked(world, history, None))
        torch.testing.assert_close(found, anew, rtol=1e-4, atol=1e-5)


def test_nobodys_state_is_given_to_another(reader, world):
    kept = KeptStates(10)
    read(reader, asked(world, [1, 4, 2], kept, user=3))
    other = read(reader, asked(world, [5, 6], kept, user=4))
    torch.testing.assert_close(
        other, read(reader, asked(world, [5, 6], None)), rtol=1e-4, atol=1e-5
    )
    read(reader, asked(world, [1], kept, user=-1))
    assert len(kept) == 2


def test_the_least_recently_asked_are_dropped_and_a_forgotten_person_is_gone():
    kept, owner = KeptStates(2), object()
    for user in (1, 2):
        kept.put(owner, user, user)
    assert kept.get(owner, 1) == 1
    kept.put(owner, 3, 3)
    assert kept.get(owner, 2) is None
    assert kept.get(object(), 1) is None
    kept.forget(1)
    assert kept.get(owner, 1) is None
    assert len(kept) == 1
