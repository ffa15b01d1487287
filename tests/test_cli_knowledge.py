"""The commands of health knowledge, as a user types them."""

import json

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from galen.cli.main import COMMANDS
from galen.cli.terminal import app
from galen.data.schema import ITEMS, USERS
from galen.data.shop import new_shop
from galen.knowledge.graph import KnowledgeError

MINE = """
[source]
name = "mine"
licence = "own"
date = 2026-01-31
[ingredient]
myrrh = []
[[interacts_with]]
head = "myrrh"
tail = "ingredient:warfarin"
severity = 2
"""


def run(*words):
    assert COMMANDS
    result = CliRunner().invoke(app, ["knowledge", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_pharmacy_builds_compares_and_explains_its_knowledge(tmp_path):
    mine, old, new = tmp_path / "mine.toml", tmp_path / "old", tmp_path / "new"
    mine.write_text(MINE)
    figures = tmp_path / "figures.json"
    run("build", old, "--source", f"own={mine}", "--quiet", "--json", figures)
    assert json.loads(figures.read_text())["sources"][-1]["relations"] == 1
    mine.write_text(MINE.replace("severity = 2", "severity = 3"))
    run("build", new, "--source", f"own={mine}", "--quiet")
    assert "severities that rose: 1" in run("diff", old, new, "--json", figures)
    (shift,) = json.loads(figures.read_text())["rose"]
    assert (shift["before"], shift["after"]) == (2, 3)
    said = run("explain", "myrrh", "warfarin", "--knowledge", new)
    assert "- warfarin interacts with myrrh, major (mine)" in said


def test_a_file_that_contradicts_itself_is_refused(tmp_path):
    mine, found = tmp_path / "mine.toml", tmp_path / "found.json"
    mine.write_text(MINE.replace("severity = 2", "severity = 7"))
    with pytest.raises(KnowledgeError, match=r"interacts_with\[1\]: its severity is none"):
        run("check", mine, "--quiet", "--json", found)
    (problem,) = json.loads(found.read_text())
    assert problem["at"] == "mine.toml: interacts_with[1]"


def test_two_that_nothing_ties_are_not_called_safe():
    assert "no proof that they are safe" in run("explain", "season:winter", "ingredient:riociguat")


def test_what_a_shop_claims_is_listed_with_its_place_and_fails_the_command(tmp_path):
    shop, found = tmp_path / "shop", tmp_path / "found.json"
    write_shop(shop, "Miracle drops", "Cures the flu. No side effects!")
    runner = CliRunner()
    words = ["knowledge", "claims", str(shop), "--json", str(found), "--quiet"]
    result = runner.invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 1
    assert "in 1 of 2 items" in result.output
    told = json.loads(found.read_text())
    assert {breach["rule"] for breach in told["breaches"]} >= {"cure", "no_side_effects"}
    for breach in told["breaches"]:
        text = {"title": "Miracle drops", "description": "Cures the flu. No side effects!"}
        assert text[breach["field"]][breach["start"] : breach["end"]] == breach["text"]
    described = runner.invoke(app, ["describe", str(shop), "--claims"], catch_exceptions=False)
    assert described.exit_code == 0
    assert "no_side_effects" in described.output


def test_a_shop_that_claims_nothing_passes(tmp_path):
    write_shop(tmp_path / "shop", "Plasters 20 pieces", None)
    assert "0 breaches in 0 of 2 items" in run("claims", tmp_path / "shop", "--quiet")


def write_shop(folder, title, description):
    items = [
        {"item_id": "plain", "title": "Plain tea", "rx_class": "none"},
        {"item_id": "loud", "title": title, "description": description, "rx_class": "none"},
    ]
    with new_shop(folder, name="test", source="test", clock="time") as writer:
        writer.write("items", pa.Table.from_pylist(items, schema=ITEMS))
        writer.write("users", pa.Table.from_pylist([{"user_id": "u"}], schema=USERS))
