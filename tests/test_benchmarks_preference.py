"""The benchmarks of preferences and of slates run end to end, and say what did not help."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import preference, slates
from benchmarks.cut import cut


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    """60 people who walk round one of four groups of six items."""
    rows = [(u, 6 * (u % 4) + (u // 4 + place) % 6, place) for u in range(60) for place in range(7)]
    user, item, place = (np.array(column) for column in zip(*rows, strict=True))
    folder = tmp_path_factory.mktemp("walks")
    pq.write_table(
        pa.table({"user_id": user, "item_id": item, "pos": place}), folder / "interactions.parquet"
    )
    kinds = [["shop", f"kind {n // 6}"] for n in range(24)]
    items = pa.table(
        {
            "item_id": np.arange(24),
            "category": kinds,
            "title": [f"thing {n % 5}" for n in range(24)],
        }
    )
    pq.write_table(items, folder / "items.parquet")
    return folder / "interactions.parquet", folder / "items.parquet"


def asked(walks):
    return ["--interactions", str(walks[0]), "--items", str(walks[1])]


def test_preferences_are_measured_against_more_of_the_same_training(walks, tmp_path, capsys):
    file = tmp_path / "rows.json"
    quick = ["--epochs", "2", "--preference-epochs", "1", "--people", "40", "--rate", "0.5"]
    preference.main([*asked(walks), *quick, "--json", str(file)])
    said = " ".join(capsys.readouterr().out.split())
    told = json.loads(file.read_text())
    rows = {row["model"]: row["metrics"] for row in told}
    assert set(rows) == {"supervised", "s_dpo", "policy_gradient", "supervised_longer"}
    for row in told:
        assert row["facts"]["history_length"] == "generator 50"
        assert row["facts"]["users"].startswith("all 40 ")
    assert {row["requests"] for row in rows.values()} == {40}
    assert len({row["parameters"] for row in rows.values()}) == 1
    dearer = max(rows[method]["preference_cpu_s"] for method in ("s_dpo", "policy_gradient"))
    assert rows["supervised_longer"]["epochs"] > 2
    assert dearer > 0
    for method in ("s_dpo", "policy_gradient"):
        better = rows[method]["held_out_after"] > rows[method]["held_out_before"] + 1e-6
        assert rows[method]["kept"] == better
        if not better:
            assert rows[method]["ndcg@10"] == rows["supervised"]["ndcg@10"]
            assert f"{method} does not help" in said


def test_slates_are_shaped_from_the_same_pools(walks, tmp_path):
    file = tmp_path / "rows.json"
    quick = ["--epochs", "2", "--shares", "0,1", "--writers", "sequence", "--requests", "3"]
    slates.main([*asked(walks), *quick, "--json", str(file)])
    told = json.loads(file.read_text())
    rows = {row["model"]: row["metrics"] for row in told}
    for row in told:
        assert "test on item[-1]" in row["facts"]["split"]
        assert row["facts"]["history_length"] == "generator 50, sequence 50"
        assert row["facts"]["seen"] == "excluded"
        assert row["metrics"]["requests"] == 60
    assert len({row["parameters"] for row in rows.values()}) == 1
    plain, still = rows["none"], rows["sequence writes, share 0"]
    for name in ("hr@10", "ndcg@10", "coverage@10", "ild_category@10"):
        assert plain[name] == still[name]
    assert rows["mmr, balance 0.5"]["ild_category@10"] >= plain["ild_category@10"]
    assert all(row["p50_ms"] > 0 for row in rows.values())


def test_a_cut_holds_whole_histories_of_the_people_drawn(walks, tmp_path):
    paths = cut(*walks, 10, 0, tmp_path)
    table = pq.read_table(paths["interactions"])
    whole = pq.read_table(walks[0])
    drawn = set(table["user_id"].to_pylist())
    assert len(drawn) == 10
    assert table.num_rows == sum(user in drawn for user in whole["user_id"].to_pylist())
    items = set(pq.read_table(paths["items"])["item_id"].to_pylist())
    assert items == set(table["item_id"].to_pylist())
    assert cut(*walks, 0, 0, tmp_path)["items"] == walks[1]
