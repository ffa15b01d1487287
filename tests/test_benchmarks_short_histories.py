"""The benchmark that cuts histories short: whose, how far, and which events stay."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.short_histories import KEPT, main, shorten

PEOPLE, EVENTS = 400, 9


@pytest.fixture
def events():
    rows = np.random.default_rng(3).permutation(PEOPLE * EVENTS)
    places = pa.array(rows % EVENTS, mask=rows // EVENTS == 0)  # nobody knows the first one's order
    return pa.table({"user_id": rows // EVENTS, "item_id": rows, "pos": places})


def test_half_of_the_people_keep_their_last_event_and_one_to_three_before_it(events):
    after = shorten(events, share=0.5, seed=1)
    users, counts = np.unique(after["user_id"], return_counts=True)
    assert len(users) == PEOPLE
    assert set(counts) == {2, 3, 4, EVENTS}
    assert max(counts[counts < EVENTS]) == KEPT + 1
    assert 0.4 < np.mean(counts < EVENTS) < 0.6
    for user, count in zip(users, counts, strict=True):
        places = after.filter(pa.compute.equal(after["user_id"], user))["pos"].to_pylist()
        if user:
            assert sorted(places) == list(range(EVENTS - count, EVENTS))


def test_whose_order_is_unknown_stays_whole(events):
    after = shorten(events, share=1.0, seed=1)
    counts = np.bincount(after["user_id"])
    assert counts[0] == EVENTS
    assert counts[1:].max() == KEPT + 1


def test_the_same_seed_cuts_the_same_and_no_share_cuts_nothing(events):
    assert shorten(events, 0.5, 1).equals(shorten(events, 0.5, 1))
    assert not shorten(events, 0.5, 1).equals(shorten(events, 0.5, 2))
    assert shorten(events, 0.0, 1).equals(events)


def test_a_file_is_read_and_written_and_a_share_that_cannot_be_is_told(events, tmp_path, capsys):
    pq.write_table(events, tmp_path / "long.parquet")
    main([str(tmp_path / "long.parquet"), str(tmp_path / "short.parquet"), "--share", "1"])
    assert len(pq.read_table(tmp_path / "short.parquet")) < len(events)
    assert "3,600 events, of which" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([str(tmp_path / "long.parquet"), str(tmp_path / "other.parquet"), "--share", "2"])
    assert "--share is 2.0: it must lie between 0 and 1." in capsys.readouterr().err
    assert not (tmp_path / "other.parquet").exists()
