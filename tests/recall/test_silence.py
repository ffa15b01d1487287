"""Channels that say nothing now and then, so that what learns from them can do without each."""

import numpy as np
import pytest

from galen.pipeline.candidates import Candidates
from galen.pipeline.channels import Recalled
from galen.recall.silence import some_silent

NAN = np.nan
NAMES = ["left", "middle", "right"]
REQUESTS = 6_000


@pytest.fixture(scope="module")
def recalled() -> Candidates:
    """In each request each channel found one item alone, and two of them a third one."""
    columns = {
        "left_score": [0.9, 0.5, NAN, NAN],
        "left_rank": [0.0, 1.0, NAN, NAN],
        "middle_score": [NAN, NAN, 7.0, NAN],
        "middle_rank": [NAN, NAN, 0.0, NAN],
        "right_score": [NAN, 2.0, 3.0, 4.0],  # it scored what the middle one found
        "right_rank": [NAN, 1.0, NAN, 0.0],
    }
    return Candidates(
        np.repeat(np.arange(REQUESTS), 4),
        np.tile([3, 5, 6, 7], REQUESTS),
        {name: np.tile(values, REQUESTS) for name, values in columns.items()},
    )


def missed(candidates: Candidates) -> list[str]:
    """The channel that is missing from each request; "" where all spoke."""
    spoke = {
        name: np.isin(
            np.arange(REQUESTS),
            candidates.request[np.isfinite(candidates.columns[f"{name}_rank"])],
        )
        for name in NAMES
    }
    return [
        "".join(name for name in NAMES if not spoke[name][request]) for request in range(REQUESTS)
    ]


def test_each_channel_is_silent_as_often_as_the_others_and_never_two_at_once(recalled):
    silent = missed(some_silent(recalled, NAMES, 0.3, seed=0))
    assert set(silent) == {*NAMES, ""}
    for name in NAMES:
        assert silent.count(name) / REQUESTS == pytest.approx(0.1, abs=0.015)


def test_rows_are_those_that_are_recalled_without_the_silent_one(recalled):
    heard = some_silent(recalled, NAMES, 0.5, seed=0)
    silent = np.array(missed(heard))
    for name in NAMES:
        without = Recalled(recalled, ()).without(name).candidates
        mine, theirs = (one.request == np.argmax(silent == name) for one in (heard, without))
        assert heard.item[mine].tolist() == without.item[theirs].tolist()
        for column, values in heard.columns.items():
            np.testing.assert_array_equal(values[mine], without.columns[column][theirs])


def test_who_is_silent_comes_from_the_seed(recalled):
    one, again, other = (missed(some_silent(recalled, NAMES, 0.5, seed=s)) for s in (1, 1, 2))
    assert one == again != other


@pytest.mark.parametrize(("names", "share"), [(["left"], 1.0), (NAMES, 0.0)])
def test_an_only_channel_speaks_and_so_do_all_where_none_is_to_be_silent(recalled, names, share):
    assert len(some_silent(recalled, names, share, seed=0)) == len(recalled)
