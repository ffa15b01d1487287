"""`galen compare` as a person calls it: each step in its own process, then what was found."""

import json
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def called(compared_shop, own_recipes, tmp_path_factory):
    """Calls the command over a folder of its own: what is said in which stream."""
    folder = tmp_path_factory.mktemp("called")
    words = ["compare", str(compared_shop), "--protocol", "global-time"]
    words += ["--recipe", own_recipes["ranked"]]
    words += [
        "--folder",
        "comparing",
        "--rate",
        "200",
        "--requests",
        "20",
        "--json",
        "figures.json",
    ]
    words += ["--cpu-hour-price", "36", "--gpu-hour-price", "7"]

    def call(*more):
        command = [sys.executable, "-m", "galen", *words, *more]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=True, timeout=300
        )
        return done, json.loads((folder / "figures.json").read_text()), folder

    return call


def test_all_steps_run_apart_and_are_told_at_the_stated_prices(called):
    done, figures, folder = called()
    assert figures["failed"] == {}
    assert figures["not_run"] == figures["taken"] == []
    assert set(figures["recipes"]) == {"ranked"}
    for told in figures["recipes"].values():
        assert 0 < told["latency"]["answered"] <= 20  # of a busy machine not all
        assert told["left_out"]["people"] > 30
        seconds = told["training"]["cpu_seconds"]
        assert told["dollars"] == pytest.approx(seconds / 100, rel=1e-6)
        assert {told["code"], told["latency"]["code"], told["left_out"]["code"]} == {
            figures["code"]
        }
    parts = [one["part"] for one in figures["recipes"]["ranked"]["left_out"]["changes"]]
    assert {"channel item_graph", "ranker logistic", "reranker mmr"} <= set(parts)
    assert "$36 a CPU hour and $7 a GPU hour" in done.stdout
    assert figures["advice"]["all"]["why"] in done.stdout
    assert (folder / "comparing" / "report.html").exists()
    assert "100%" in done.stderr

    again, taken, _ = called("--quiet")
    assert len(taken["taken"]) == 3
    assert taken["recipes"] == figures["recipes"]
    assert again.stderr == ""
    assert figures["advice"]["all"]["why"] in again.stdout
