"""The guide to item-to-item relations and samples says what is."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from enrich.word_shop import word_shop
from worlds import World, write_world

from galen.assembly.check import check_recipe
from galen.assembly.recipes.recipe import Recipe, SamplesPart
from galen.assembly.recipes.shipped import read_recipe
from galen.enrich.tasks import TASKS

GUIDE = (Path(__file__).parents[2] / "docs/guides/item-to-item.md").read_text()


def test_its_code_runs(tmp_path):
    baskets = [["razor", "shaving foam"] * 3, ["saline nasal spray", "paper tissues"] * 3]
    none = np.empty(0, np.int64)
    shop = write_world(World(word_shop(baskets), none, none), tmp_path / "shop").folder
    code = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL))
    assert "assert " in code  # else nothing is held against what it says
    exec(compile(code, "docs/guides/item-to-item.md", "exec"), {"SHOP": shop})


def test_its_recipes_are_ones_that_galen_takes():
    parts = [tomllib.loads(part) for part in re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)]
    assert len(parts) == 2
    whole = {"name": "guide", "filters": [], **parts[0], **parts[1]}
    check_recipe(Recipe.from_tree(whole, where="the guide"))


def test_its_commands_write_tables_that_there_are():
    tables = re.findall(r"galen enrich (?:run|held) (\w+)", GUIDE)
    assert set(tables) == {"relations", "samples"} <= set(TASKS)


def test_it_names_every_kind_of_guess():
    kinds = re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)
    assert set(kinds) == {field.name for field in fields(SamplesPart)} - {"folder"}


@pytest.mark.parametrize("name", ["i2i"])
def test_the_recipe_that_it_names_is_shipped(name):
    path = Path(__file__).parents[2] / f"galen/recipes/{name}.toml"
    check_recipe(read_recipe(path))
