"""The benchmarks of histories run end to end on files of user_id, item_id and pos."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import (
    drawn_histories,
    generative,
    long_histories,
    movielens_next,
    packed_histories,
    sasrec_peer,
    sequences,
)
from galen.assembly.split import SplitError


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    """60 people who walk round one of four groups of eight items."""
    rows = [(u, 8 * (u % 4) + (u // 4 + place) % 8, place) for u in range(60) for place in range(7)]
    user, item, place = (np.array(column) for column in zip(*rows, strict=True))
    file = tmp_path_factory.mktemp("walks") / "interactions.parquet"
    pq.write_table(pa.table({"user_id": user, "item_id": item, "pos": place}), file)
    return file


def test_recipes_stand_beside_popular_and_the_item_graph_under_each_protocol(walks, tmp_path):
    file = tmp_path / "rows.json"
    sequences.main(["--interactions", str(walks), "--models", "slim", "--json", str(file)])
    rows = json.loads(file.read_text())
    models = ["popular", "item_graph", "sasrec", "slim"]
    assert [(row["protocol"], row["model"]) for row in rows] == [
        (protocol, model) for protocol in ("strict", "refit") for model in models
    ]
    found = {(row["protocol"], row["model"]): row["metrics"] for row in rows}
    assert found["strict", "item_graph"]["hr@10"] == 1.0
    assert found["strict", "popular"]["ndcg@10"] < found["strict", "item_graph"]["ndcg@10"]


def test_every_row_says_how_it_was_measured(walks, tmp_path, capsys):
    file = tmp_path / "rows.json"
    asked = ["--interactions", str(walks), "--models", "bpr", "--protocol", "strict"]
    sequences.main([*asked, "--json", str(file)])
    rows = {row["model"]: row for row in json.loads(file.read_text())}
    assert [row["facts"]["history_length"] for row in rows.values()] == [
        "no limit",
        "no limit",
        "sequence 50",
        "no limit",
    ]
    assert rows["sasrec"]["metrics"]["history_length"] == 50
    for row in rows.values():
        facts, metrics = row["facts"], row["metrics"]
        assert "test on item[-1]" in facts["split"]
        assert facts["users"].startswith("all 60 ")
        assert (facts["hits"], facts["ties"]) == ("item-level", "pessimistic")
        assert facts["seen"] == "excluded"
        assert metrics["requests"] == 60
        assert 0 < metrics["coverage@10"] <= 1
        assert metrics["parameters"] > 0
        assert row["cpu_seconds"] > 0
    told = " ".join(capsys.readouterr().out.split())
    for words in ("test on item[-1]", "all 60", "item-level hits", "ties pessimistic", "seed 0;"):
        assert words in told
    assert f"{rows['sasrec']['metrics']['parameters']:,.0f}" in told
    assert "history 4-10" in told


def test_a_channel_that_may_show_what_was_taken_is_named(walks, tmp_path):
    recipe, file = tmp_path / "again.toml", tmp_path / "rows.json"
    recipe.write_text(
        'filters = ["hidden"]\n[recall.item_graph]\n[recall.popular]\nrepeat = true\n'
    )
    asked = ["--interactions", str(walks), "--models", str(recipe), "--alone"]
    without = ["--protocol", "refit", "--without", "popular,sasrec"]
    sequences.main([*asked, *without, "--json", str(file)])
    seen = {row["model"]: row["facts"]["seen"] for row in json.loads(file.read_text())}
    assert seen == {
        "item_graph": "excluded",
        "again": "may be shown by popular",
        "again, channel item_graph": "excluded",
        "again, channel popular": "may be shown by popular",
    }


@pytest.fixture(scope="module")
def timed(walks, tmp_path_factory):
    """The same walks, a day from place to place; people begin one after the other."""
    table = pq.read_table(walks)
    day = table["user_id"].to_numpy() + table["pos"].to_numpy()
    at = pa.array(np.datetime64("2025-01-01", "us") + day * np.timedelta64(1, "D"))
    file = tmp_path_factory.mktemp("timed") / "interactions.parquet"
    pq.write_table(table.append_column("timestamp", at), file)
    return file


def protocols_of(file, tmp_path, *more):
    """Rows by protocol of the cheapest run on a file."""
    rows = tmp_path / "rows.json"
    cheap = ["--models", "item_graph", "--without", "popular,sasrec", "--protocol", "strict"]
    sequences.main(["--interactions", str(file), *cheap, *more, "--json", str(rows)])
    return {row["protocol"]: row for row in json.loads(rows.read_text())}


def test_where_events_have_a_time_a_split_by_time_stands_beside_what_was_asked(timed, tmp_path):
    rows = protocols_of(timed, tmp_path)
    assert list(rows) == ["strict", "global-time"]
    facts, metrics = rows["global-time"]["facts"], rows["global-time"]["metrics"]
    assert "the last tenth of the time" in facts["split"]
    last = [user + 6 for user in range(60)]  # days, of 65
    assert metrics["requests"] == sum(day > 65 - 6.5 for day in last)
    assert metrics["hr@10"] > 0.5
    assert list(protocols_of(timed, tmp_path, "--no-global-time")) == ["strict"]


def test_without_a_time_or_with_too_little_of_it_there_is_no_split_by_time(
    walks, timed, tmp_path, capsys
):
    assert list(protocols_of(walks, tmp_path)) == ["strict"]
    table = pq.read_table(timed)
    at = table["timestamp"].to_numpy()
    short, alike = tmp_path / "short.parquet", np.full(len(table), at[0])
    pq.write_table(table.drop(["timestamp"]).append_column("timestamp", pa.array(alike)), short)
    assert list(protocols_of(short, tmp_path)) == ["strict"]
    assert "global-time is left out: all events have the same time" in capsys.readouterr().out


def test_a_protocol_that_holds_nothing_out_is_refused(walks):
    with pytest.raises(SplitError, match="holds nothing out"):
        sequences.main(["--interactions", str(walks), "--protocol", "strict,full"])


def test_generators_are_told_with_what_may_not_be_shown(walks, tmp_path, capsys):
    recipe = tmp_path / "quick.toml"
    recipe.write_text(
        'filters = ["hidden"]\n'
        "[recall.generator]\nsizes = [4, 4]\nwidth = 16\nlayers = 1\nepochs = 2\nbeam = 12\n"
    )
    file = tmp_path / "rows.json"
    asked = ["--interactions", str(walks), "--models", str(recipe)]
    asked += ["--requests", "5", "--together", "20"]
    asked += ["--without", "popular,item_graph,sasrec", "--seeds", "2", "--first-seed", "3"]
    generative.main([*asked, "--json", str(file)])
    first, second = json.loads(file.read_text())
    assert [(row["model"], row["seed"]) for row in (first, second)] == [("quick", 3), ("quick", 4)]
    for figures in (first["metrics"], second["metrics"]):
        assert figures["written"] > 0
        assert figures["invalid"] == figures["of_no_item"] == figures["forbidden"] == 0
        assert figures["beam_gap"] >= figures["beam_50_gap"] == 0  # 50 is more than the catalogue
        assert figures["batch_people"] == 20
        for name in ("p", "cpu_p", "batch_p", "batch_cpu_p"):
            assert 0 < figures[f"{name}50_ms"] <= figures[f"{name}99_ms"]
    mean = (first["metrics"]["ndcg@10"] + second["metrics"]["ndcg@10"]) / 2
    told = capsys.readouterr().out
    assert f"{mean:.4f} [" in told
    assert "history 4-10" in told
    assert first["facts"]["history_length"] == "generator 50"


def test_seconds_are_counted_to_the_target_that_is_given(walks, tmp_path):
    file = tmp_path / "rows.json"
    asked = ["--interactions", str(walks), "--target", "0.05", "--json", str(file)]
    sasrec_peer.main(asked)
    (row,) = json.loads(file.read_text())
    assert row["metrics"]["ndcg@10"] >= 0.05
    assert 0 < row["metrics"]["cpu_seconds_to_target"] <= row["cpu_seconds"]


def test_a_peer_or_a_target_is_needed(walks):
    with pytest.raises(SystemExit):
        sasrec_peer.main(["--interactions", str(walks)])


def test_films_without_a_place_are_left_out_and_unrated_ones_stay(tmp_path):
    ratings = {"user_id": [1, 1, 2], "movie_id": [7, 8, 7], "rating": [5, 4, 3]}
    pos = pa.array([0, None, 0], pa.int32())
    pq.write_table(pa.table(ratings | {"pos": pos}), tmp_path / "ratings.parquet")
    pq.write_table(pa.table({"movie_id": [7, 8, 9]}), tmp_path / "movies.parquet")
    assert movielens_next.write(tmp_path, tmp_path / "out") == (1, 1)
    kept = pq.read_table(tmp_path / "out" / "interactions.parquet").to_pydict()
    assert kept == {"user_id": [1, 2], "item_id": [7, 7], "pos": [0, 0]}
    items = pq.read_table(tmp_path / "out" / "items.parquet")
    assert items["item_id"].to_pylist() == [7, 8, 9]


def test_packed_histories_cost_less_than_padded_ones(tmp_path):
    file = tmp_path / "rows.json"
    small = ["--people", "16", "--length", "128", "--width", "16", "--steps", "3"]
    packed_histories.main([*small, "--json", str(file)])
    rows = {row["model"]: row["metrics"] for row in json.loads(file.read_text())}
    assert set(rows) == {"sasrec", "ligr", "hstu", "gru4rec"}
    assert rows["hstu"]["times_cheaper"] > 1


def test_long_histories_are_read_packed_cheaper_than_padded_and_fused_ones_want_a_gpu(
    tmp_path, capsys
):
    file = tmp_path / "rows.json"
    small = ["--people", "8", "--width", "16", "--layers", "1", "--heads", "2", "--steps", "3"]
    long_histories.main([*small, "--lengths", "300", "--json", str(file)])
    rows = {
        row["model"]: row["metrics"]["events_per_second"] for row in json.loads(file.read_text())
    }
    assert set(rows) == set(long_histories.WAYS) - {"hstu-fused"}
    assert rows["hstu-blocks"] > rows["hstu-padded"]
    assert "300 hstu-fused: needs a GPU" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        long_histories.main(["--ways", "hstu-folded"])


def test_drawn_histories_are_as_long_and_their_catalogue_as_large_as_was_asked(tmp_path):
    file = tmp_path / "new" / "drawn.parquet"
    drawn_histories.main([str(file), "--items", "150", "--people", "40", "--length", "20"])
    rows = pq.read_table(file)
    assert np.array_equal(np.unique(rows["item_id"]), np.arange(150))
    user, place = rows["user_id"].to_numpy(), rows["pos"].to_numpy()
    assert np.bincount(user).tolist() == [20] * 40
    assert place.tolist() == list(range(20)) * 40


def test_seeds_may_begin_anywhere(walks, tmp_path):
    file = tmp_path / "rows.json"
    asked = ["--interactions", str(walks), "--models", "bpr", "--protocol", "strict"]
    seeds = ["--first-seed", "3", "--seeds", "2", "--without", "sasrec"]
    sequences.main([*asked, *seeds, "--json", str(file)])
    rows = json.loads(file.read_text())
    assert [row["seed"] for row in rows if row["model"] == "bpr"] == [3, 4]
