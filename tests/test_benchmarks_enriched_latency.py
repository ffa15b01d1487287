"""The benchmark of a request with tables, whole, on a small shop."""

import json

import pytest

from benchmarks.enriched_latency import main


@pytest.mark.slow
def test_the_recipe_is_served_as_it_is_with_channels_that_count_and_with_tables(tmp_path):
    file = tmp_path / "rows.json"
    sizes = ["--users", "120", "--items", "80", "--requests", "20"]
    main([*sizes, "--json", str(file)])
    found = {row["model"]: row["metrics"] for row in json.loads(file.read_text())}
    assert set(found) == {"shop", "counted", "tables"}
    assert all(0 < one["p50_ms"] <= one["p99_ms"] for one in found.values())
    assert found["counted"]["p99_ratio"] == 1.0
