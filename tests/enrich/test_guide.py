"""The guide of embeddings is followed as it stands."""

import re
import tomllib
from pathlib import Path

import msgspec
from worlds import write_world

from galen.assembly.check import check_recipe
from galen.assembly.recipes.recipe import Recipe
from galen.features.encoding.tables import TableColumns

GUIDE = (Path(__file__).parents[2] / "docs/guides/embeddings.md").read_text()


def test_the_examples_run(world, tmp_path):
    shop = write_world(world, tmp_path / "shop").folder
    code = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL))
    assert "assert " in code  # else nothing is held against what it says
    exec(compile(code, "docs/guides/embeddings.md", "exec"), {"SHOP": shop})


def test_the_recipe_is_whole_and_the_columns_are_known():
    recipe, columns = (tomllib.loads(b) for b in re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL))
    check_recipe(Recipe.from_tree({"name": "guide", **recipe}, where="the guide"))
    assert msgspec.convert(columns, TableColumns).adaptors["text"] == "experts"
