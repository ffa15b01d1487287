"""The guide of needs is followed as it stands."""

import re
import shlex
import tomllib
from pathlib import Path

from typer.testing import CliRunner

from galen.assembly.bundles.bundle import Bundle
from galen.assembly.check import check_recipe
from galen.assembly.recipes.recipe import Recipe
from galen.cli.main import app
from galen.features.declared import PROFILED

GUIDE = (Path(__file__).parents[2] / "docs/guides/needs.md").read_text()


def test_the_recipe_of_the_channel_is_whole():
    tree = tomllib.loads(re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)[0])
    check_recipe(Recipe.from_tree({"name": "guide", **tree}, where="the guide"))


def test_profiles_become_features_as_the_guide_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    section = GUIDE.split("## What a cohort likes")[1]
    (recipe,) = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
    Path("profiled.toml").write_text(recipe)
    (commands,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    for line in commands.splitlines():
        done = CliRunner().invoke(app, [*shlex.split(line)[1:], "--quiet"])
        assert done.exit_code == 0, done.output
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [f.name for f in PROFILED]
    parts = Bundle.open(tmp_path / "bundle").parts()
    (profiles,) = parts.features.values()
    assert len(profiles.profiles.keys) > 10
    numbers = {number.name: number for number in parts.ranker.model.schema.numbers}
    assert numbers["profile_weight"].spread != 1.0  # it was known of some rows learned from
