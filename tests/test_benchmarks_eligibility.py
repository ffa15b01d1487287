"""The benchmarks of eligibility run, and see what is forbidden where the gate is off."""

import json

import structlog

from benchmarks import eligibility, eligibility_cost
from galen.data.schema import Surface


def test_nothing_forbidden_is_shown_with_the_gate_and_much_without(tmp_path, monkeypatch):
    monkeypatch.setattr(eligibility, "PEOPLE", 60)
    try:
        eligibility.main(["--requests", "420", "--json", str(tmp_path / "rows.json")])
    finally:
        structlog.reset_defaults()
    on, off = json.loads((tmp_path / "rows.json").read_text())
    assert (on["model"], off["model"]) == ("gate on", "gate off")
    assert on["metrics"]["requests"] == 420
    assert on["metrics"]["shown"] > 1000
    assert on["metrics"]["forbidden_exposures"] == 0
    assert off["metrics"]["forbidden_exposures"] > 100


def test_the_cost_of_the_rules_is_told(tmp_path):
    file = tmp_path / "rows.json"
    few = ["--items", "400", "--candidates", "100", "--calls", "20", "--json", str(file)]
    eligibility_cost.main(few)
    (row,) = json.loads(file.read_text())
    assert 0 < row["metrics"]["cpu_p50_ms"] < row["metrics"]["cpu_p99_ms"]


def test_an_oracle_that_is_asked_about_a_forbidden_slate_says_so():
    graph = eligibility.built_in()
    shelf = [
        eligibility.Goods(("ingredient:warfarin",), (5.0,), "otc", True, (), True, "a"),
        eligibility.Goods(("ingredient:aspirin",), (500.0,), "otc", True, (), True, "b"),
    ]
    oracle = eligibility.Oracle(graph, eligibility_cost.read_pack("general"), shelf)
    person = eligibility.Person(Surface.HOME, 40.0)
    assert ("interaction", 1) in oracle.forbidden(person, [0, 1])
    assert oracle.forbidden(person, [0]) == []
