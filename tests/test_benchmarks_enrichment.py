"""The benchmark of vectors: the same rows for all, placebos that are, and words that help."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import enrichment
from benchmarks.enriched_rows import HISTORY, person_vectors, samples_of, world_of
from benchmarks.item_vectors import drawn, item_texts, permuted
from benchmarks.rows import Row
from galen.features.item_vectors import Encoded


@pytest.fixture(scope="module")
def asked(world):
    return world_of(world.data, 0, negatives=(2, 3, 4))


def test_the_last_event_is_tested_and_only_what_came_before_is_read(asked, world):
    data, test = world.data, asked.test
    assert test.wanted.tolist() == data.nth_last(1).item.tolist()
    past = data.without_last(1)
    for row in (0, 7):
        before = past.item[past.offsets[row] : past.offsets[row + 1]][-HISTORY:]
        assert test.history[row, : test.length[row]].tolist() == (before + 1).tolist()
        assert not test.history[row, test.length[row] :].any()
    assert len(asked.train.wanted) == (data.length - 3).clip(min=0).sum()
    assert asked.count.sum() == len(data.without_last(2))


def test_negatives_are_items_that_the_person_never_takes(asked, world):
    taken = set(zip(world.data.user.tolist(), world.data.item.tolist(), strict=True))
    for user, negative in zip(world.data.nth_last(1).user, asked.test.negative, strict=True):
        assert all((int(user), int(item)) not in taken for item in negative)


def test_a_shortened_history_keeps_the_newest_events(asked):
    short = asked.test.shortened(2)
    whole = asked.test
    assert short.length.tolist() == [2] * len(whole.wanted)
    last = np.take_along_axis(whole.history, (whole.length - 1)[:, None], axis=1)[:, 0]
    assert short.history[:, 1].tolist() == last.tolist()
    assert not short.history[:, 2:].any()


def test_a_person_is_the_mean_of_the_vectors_that_are_known(asked):
    vectors = np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32)
    vectors[asked.test.history[0, 0] - 1] = 0
    found = person_vectors(asked.test, vectors)
    items = asked.test.history[0, : asked.test.length[0]] - 1
    known = items[vectors[items].any(axis=1)]
    assert found[0] == pytest.approx(vectors[known].mean(axis=0), abs=1e-6)


def test_every_variant_has_the_same_rows(asked):
    vectors = np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32)
    plain, told = samples_of(asked.test, None), samples_of(asked.test, vectors)
    assert np.array_equal(plain.categories, told.categories)
    assert told.vectors[:, 3:].tolist() == vectors[told.categories[:, 0] - 1].tolist()


def test_placebos_keep_sizes_and_lose_meaning():
    vectors = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    found = Encoded(vectors * (np.arange(50) != 3)[:, None], np.arange(50) != 3, "a:1")
    moved, random = permuted(found, 0), drawn(found, 0)
    assert sorted(moved.vectors.ravel()) == sorted(found.vectors.ravel())
    assert (moved.vectors != found.vectors).any(axis=1).sum() > 40
    length = np.linalg.norm(found.vectors, axis=1)
    assert np.linalg.norm(random.vectors, axis=1) == pytest.approx(length, abs=1e-5)
    assert not moved.vectors[3].any()
    assert not random.vectors[3].any()


def test_lists_and_words_of_columns_become_one_text(tmp_path):
    items = {"item_id": [1, 2], "name": ["Oil", None], "tags": [["a", "b"], []]}
    pq.write_table(pa.table(items), tmp_path / "items.parquet")
    assert item_texts(tmp_path / "items.parquet", ["name", "tags"]) == {"1": "Oil. a, b", "2": ""}


def rows(gains):
    plain = Row("enrichment, ranking", "d", "base", "p", 0, {"auc/all": 0.7}, 1.0, 1.0, 0)
    found = []
    for name, values in gains.items():
        for seed, gain in enumerate(values):
            found.append(replace(plain, model=name, seed=seed, metrics={"auc/all": 0.7 + gain}))
    return found


def test_what_a_placebo_gains_too_is_no_gain():
    found = rows(
        {
            "base": [0, 0, 0],
            "permuted": [0.010, 0.011, 0.012],
            "random": [0, 0, 0],
            "vectors": [0.011, 0.010, 0.012],
            "title": [0.050, 0.051, 0.052],
        }
    )
    assert enrichment._cell(found, "vectors", "auc/all").startswith("no gain (+0.0110")
    assert enrichment._cell(found, "title", "auc/all").startswith("+0.0510")
    assert enrichment._cell(found, "permuted", "auc/all").startswith("+0.0110")


def test_the_command_measures_every_part(tmp_path):
    random = np.random.default_rng(0)
    kinds = ["nail polish", "beard oil", "hand soap", "day cream"]
    walks = np.concatenate([random.permutation(10)[:6] + 10 * (user % 4) for user in range(120)])
    people, places = np.repeat(np.arange(120), 6), np.tile(np.arange(6), 120)
    events = {"user_id": people, "item_id": walks, "pos": places}
    pq.write_table(pa.table(events), tmp_path / "events.parquet")
    names = [kinds[item // 10] for item in range(40)]
    items = {"item_id": np.arange(40), "name": names, "kind": [name[-3:] for name in names]}
    pq.write_table(pa.table(items), tmp_path / "items.parquet")
    files = ["--interactions", tmp_path / "events.parquet", "--items", tmp_path / "items.parquet"]
    said = ["--text", "name,kind", "--title", "name", "--facts", "kind", "--category", "kind"]
    few = ["--variants", "base,vectors,permuted,random", "--beginnings", "none,whitened"]
    cost = ["--seeds", "1", "--size", "8", "--epochs", "4", "--sequence-epochs", "1"]
    cost += ["--encoder", "words"]
    options = [*files, *said, *few, *cost, "--json", tmp_path / "rows.json"]
    enrichment.main([str(option) for option in options])
    found = json.loads((tmp_path / "rows.json").read_text())
    held = {r["model"]: r["metrics"] for r in found if "held-out" in r["benchmark"]}
    assert held["vectors"]["recall@50"] == 1  # four items are held out, and fifty are looked at
    ranking = {r["model"]: r["metrics"] for r in found if "ranking" in r["benchmark"]}
    assert set(ranking) == {"base", "vectors", "permuted", "random"}
    assert ranking["vectors"]["people/all"] == 120
    assert {r["model"] for r in found if "begin" in r["benchmark"]} == {"none", "whitened"}
