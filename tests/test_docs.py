"""The documentation is tested like code."""

import importlib
import inspect
import re
import shlex
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from galen.assembly.bundles.bundle import Bundle
from galen.assembly.recipes.shipped import shipped_recipes
from galen.assembly.split import PROTOCOLS
from galen.cli.compare import compare
from galen.cli.knowledge import knowledge
from galen.cli.rules import rules
from galen.cli.teaching import enrich
from galen.enrich.duplicates import NAME
from galen.enrich.tasks import TASKS
from galen.evaluate.slices import Slice
from galen.features.item_vectors import TABLE
from galen.knowledge.build import built_in
from galen.knowledge.checking_files import check_path
from galen.knowledge.explaining import Explainer
from galen.knowledge.pack import Pack, read_pack
from galen.knowledge.pack_check import check_pack
from galen.knowledge.sources import LABELS, SOURCES

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md"])


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


def headings(page):
    """Anchors as they are made from headings: small letters, hyphens for spaces."""
    found = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_to_headings_lead_to_one(page):
    for link, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text()):
        target = page.parent / link if link else page
        assert anchor in headings(target), f"{page}: {link}#{anchor}"


def test_every_page_can_be_reached_from_the_index():
    reached, waiting = set(), [ROOT / "docs/README.md"]
    while waiting:
        page = waiting.pop()
        if page.suffix == ".md" and page not in reached:
            reached.add(page)
            links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
            waiting += [(page.parent / link).resolve() for link in links]
    pages = {p.resolve() for p in PAGES if "decisions" not in p.parts}
    assert pages - {(ROOT / "README.md").resolve()} <= reached


def test_the_rule_pack_of_the_guide_is_right(tmp_path):
    text = (ROOT / "docs/guides/own-rule-pack.md").read_text()
    (block,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "corner.toml").write_text(block)
    pack = read_pack(tmp_path / "corner.toml")
    assert check_pack(pack, built_in(), date(2026, 12, 1)) == []  # the day of its latest rule
    assert check_pack(pack, built_in(), date(2028, 1, 1)) != []
    ids = {rule.id for rule in pack.rules}
    assert {"age-melatonin", "house-no-codeine", "house-paracetamol", "eu-narcotics"} <= ids
    (others,) = re.findall(r"Other tables: (.*?)\.\n", text, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", others)) <= set(Pack.__struct_fields__)
    told = re.findall(r"^galen rules ([\w-]+)", text, re.MULTILINE)
    assert set(told) <= {c.name for c in rules.registered_commands}


@pytest.mark.slow
def test_a_bundle_can_be_moved_and_rolled_back_as_the_guide_says(tmp_path, monkeypatch):
    text = (ROOT / "docs/guides/move-a-bundle.md").read_text()
    made = "galen synth shop --users 120 --items 60 --days 40 --quiet\n"
    made += "galen train shop bundle --recipe popular --quiet\n"
    made += "galen train shop bundle --recipe item_graph --quiet\n"
    blocks = [made, *re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]
    galen = f'set -e\ngalen() {{ "{sys.executable}" -m galen "$@"; }}\n'
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for block in blocks:
        subprocess.run(["bash", "-c", galen + block], cwd=tmp_path, check=True, timeout=300)
    recipes = {
        place: Bundle.open(tmp_path / place).recipe.name for place in ("bundle", "elsewhere")
    }
    assert recipes == {"bundle": "popular", "elsewhere": "item_graph"}


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
    importlib.import_module("galen.cli.main")  # every module has added its commands
    commands = {c.name or c.callback.__name__ for c in enrich.registered_commands}
    assert set(re.findall(r"galen enrich ([a-z][\w-]+)", text)) == commands
    tables = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert tables == {*TASKS, TABLE, NAME}
    assert set(re.findall(r"galen enrich run (\w+)", text)) <= set(TASKS)


def test_the_guide_of_comparing_names_every_option_and_its_example_advises(capsys):
    text = (ROOT / "docs/guides/comparing.md").read_text()
    options = {f"--{name.replace('_', '-')}" for name in inspect.signature(compare).parameters}
    named = set(re.findall(r"`(--[a-z-]+)`", text))
    assert named - {"--recipe"} == options - {"--shop", "--recipe", "--seed"}
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    random = np.random.default_rng(0)
    classic = random.random(500)
    everybody = [Slice("all", np.ones(500, bool))]
    enriched = classic + random.normal(0.1, 0.01, 500)
    exec(example, {"classic": classic, "enriched": enriched, "slices": everybody})
    assert "For everybody use enriched" in capsys.readouterr().out
