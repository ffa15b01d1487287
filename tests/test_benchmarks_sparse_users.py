"""The benchmark of people of few events: its placebo, and how gains are told."""

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.sparse_users import METRIC, PLACEBO, Asked, main, placebo_of, rows_of
from galen.compare.cost import Cost
from galen.data.enriched import PROVENANCE, Extent, enriched_folder, read_all, write_enriched
from galen.data.shop import Shop
from galen.data.synthetic.shop import SyntheticSettings, synthesize


@pytest.fixture
def shop(tmp_path):
    settings = SyntheticSettings(users=40, items=60, days=60, seed=1)
    folder = synthesize(tmp_path / "shop", settings, lambda *_: None).folder
    rows = pa.table({"item_id": ["a", "b", "c", "c"], "said": [1, 2, 3, 4]})
    for field in PROVENANCE:
        rows = rows.append_column(field.name, pa.nulls(4, field.type))
    write_enriched(enriched_folder(folder), "said", rows, Extent(5, 7))
    return folder


def test_a_placebo_says_of_each_key_what_was_written_of_another(shop, tmp_path):
    placebo = placebo_of(shop, tmp_path / "placebo", seed=1)
    before = read_all(enriched_folder(shop), "said")
    after = read_all(enriched_folder(placebo), "said")
    assert after["said"].to_pylist() == before["said"].to_pylist()
    assert sorted(set(after["item_id"].to_pylist())) == ["a", "b", "c"]
    assert after["item_id"].to_pylist() != before["item_id"].to_pylist()
    assert after["item_id"][2] == after["item_id"][3]  # rows of one key stay together
    assert after.schema.metadata == before.schema.metadata
    assert Shop.open(placebo).read("items").equals(Shop.open(shop).read("items"))


def test_a_placebo_of_relations_says_of_two_words_what_was_written_of_two_others(shop, tmp_path):
    pairs = {"key": ["k1", "k2"], "first": ["cough", "cold"], "second": ["cold", None]}
    rows = pa.table(pairs | {"relation": ["complement", "substitute"]})
    for field in PROVENANCE:
        rows = rows.append_column(field.name, pa.nulls(2, field.type))
    write_enriched(enriched_folder(shop), "relations", rows, Extent(5, 7))
    after = read_all(enriched_folder(placebo_of(shop, tmp_path / "p", seed=1)), "relations")
    assert after["first"].to_pylist() == ["cold", "cough"]
    assert after["second"].to_pylist() == ["cough", None]
    assert after["relation"].to_pylist() == ["complement", "substitute"]


def test_a_table_that_is_gone_is_gone_from_the_placebo_too(shop, tmp_path):
    placebo = placebo_of(shop, tmp_path / "placebo", seed=1)
    (enriched_folder(shop) / "said.parquet").unlink()
    placebo_of(shop, placebo, seed=1)
    assert not list(enriched_folder(placebo).glob("*.parquet"))


def test_a_shop_without_tables_has_no_placebo_and_is_told_so(shop, tmp_path, capsys):
    (enriched_folder(shop) / "said.parquet").unlink()
    with pytest.raises(SystemExit):
        main([str(shop), "--folder", str(tmp_path / "steps")])
    assert "no tables to take a placebo of" in capsys.readouterr().err


def test_gains_are_paired_over_people_and_means_over_seeds():
    first = [
        Asked("classic", np.array([0.0, 0.0, 1.0]), Cost(1.0)),
        Asked("enriched", np.array([1.0, 0.0, 1.0]), Cost(2.0)),
        Asked("enriched" + PLACEBO, np.array([0.0, 1.0, 1.0]), Cost(2.0)),
    ]
    second = [Asked(one.name, one.by_person * 0, one.training) for one in first]
    rows = {row.model: row for row in rows_of("shop", "global-time", [first, second])}
    enriched = rows["enriched"].metrics
    assert enriched[METRIC] == pytest.approx(1 / 3)
    assert enriched["over_base"] == pytest.approx(1 / 6)
    assert enriched["over_placebo"] == pytest.approx(0)
    assert enriched["over_placebo_low"] < 0 < enriched["over_placebo_high"]
    assert "over_base" not in rows["classic"].metrics
    assert rows["enriched" + PLACEBO].metrics["over_base"] == pytest.approx(1 / 6)
