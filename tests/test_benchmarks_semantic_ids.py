"""The benchmark of semantic ids runs end to end, on made-up vectors and on a file of items."""

import json

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import semantic_ids


def test_made_up_vectors_are_measured(tmp_path):
    file = tmp_path / "rows.json"
    small = ["--items", "300", "--dimensions", "16", "--clusters", "4"]
    quick = ["--tokenizers", "residual_kmeans, capacity;product_codes, 3 levels"]
    semantic_ids.main([*small, *quick, "--json", str(file)])
    rows = json.loads(file.read_text())
    assert [row["model"] for row in rows] == [
        "residual_kmeans, capacity",
        "product_codes, 3 levels",
    ]
    for row in rows:
        assert row["metrics"]["unresolved"] == 0
        assert row["metrics"]["used_1"] > 0.9


def test_a_file_of_items_is_measured(tmp_path):
    words = ["nail polish", "beard oil", "shampoo", "soap", "cream"]
    table = pa.table(
        {
            "text": [f"{words[n % 5]} {words[n // 5 % 5]}" for n in range(100)],
            "kinds": [[words[n % 5], f"kind{n % 7}"] for n in range(100)],
        }
    )
    pq.write_table(table, tmp_path / "items.parquet")
    asked = ["--catalogue", str(tmp_path / "items.parquet"), "--columns", "text,kinds"]
    file = tmp_path / "rows.json"
    quick = ["--dimensions", "8", "--tokenizers", "residual_kmeans"]
    semantic_ids.main([*asked, *quick, "--json", str(file)])
    (row,) = json.loads(file.read_text())
    assert row["metrics"]["unresolved"] == 0
    assert row["data"] == tmp_path.name
