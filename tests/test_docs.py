"""The documentation is tested like code."""

import re
import shlex
import tomllib
from datetime import date
from pathlib import Path

import pytest

from galen.assembly.check import check_recipe
from galen.assembly.recipe import Recipe
from galen.assembly.shipped import read_recipe, shipped_recipes
from galen.assembly.split import PROTOCOLS
from galen.cli.enrich import enrich
from galen.cli.knowledge import knowledge
from galen.enrich.duplicates import NAME
from galen.enrich.tasks import TASKS
from galen.features.item_vectors import TABLE
from galen.knowledge.build import built_in
from galen.knowledge.checking_files import check_path
from galen.knowledge.explaining import Explainer
from galen.knowledge.sources import LABELS, SOURCES

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md"])


def test_the_recipes_of_the_guide_are_whole_and_its_parts_fit_in_one(tmp_path):
    text = (ROOT / "docs/guides/recipes.md").read_text()
    whole, *parts = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    check_recipe(Recipe.from_tree({"name": "guide", **tomllib.loads(whole)}, where="the guide"))
    for part in parts:
        file = tmp_path / "mine.toml"
        file.write_text(part if "extends = " in part else f"filters = []\n{part}")
        check_recipe(read_recipe(file))


def test_the_guide_names_the_five_ways():
    text = (ROOT / "docs/guides/recipes.md").read_text()
    ways = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert len(ways) == 5
    assert set(ways) <= set(shipped_recipes())


def test_the_guide_names_every_protocol():
    text = (ROOT / "docs/guides/evaluation.md").read_text()
    assert set(re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE)) == set(PROTOCOLS)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / link).exists(), f"{page}: {link}"


def test_decisions_are_numbered_without_a_gap():
    numbers = [int(p.name[:3]) for p in sorted((ROOT / "docs/decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_guide_of_knowledge_can_be_followed(tmp_path):
    text = (ROOT / "docs/guides/knowledge.md").read_text()
    own, sources = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    pharmacy = tmp_path / "pharmacy.toml"
    pharmacy.write_text(own)
    assert check_path(pharmacy, date(2026, 12, 1)) == []
    assert set(tomllib.loads(sources)["sources"]) <= {*SOURCES, LABELS}
    rows = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert rows == [*SOURCES, LABELS]
    commands = re.findall(r"^galen knowledge (\w+)", text, re.MULTILINE)
    assert set(commands) == {
        command.name or command.callback.__name__ for command in knowledge.registered_commands
    }
    for asked in re.findall(r"^galen knowledge explain (.*)$", text, re.MULTILINE):
        told = Explainer(built_in()).two(*shlex.split(asked))
        assert told.statements or told.paths


def test_the_guide_of_enrichment_names_commands_and_tables_that_there_are():
    text = (ROOT / "docs/guides/enrichment.md").read_text()
    commands = {c.name or c.callback.__name__ for c in enrich.registered_commands}
    assert set(re.findall(r"galen enrich ([a-z]\w+)", text)) == commands
    tables = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert tables == {*TASKS, TABLE, NAME}
    assert set(re.findall(r"galen enrich run (\w+)", text)) <= set(TASKS)
