"""A small shop with rules to break, and recipes to compare on it."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from galen.compare.command import compare
from galen.compare.contestant import run
from galen.compare.cost import HourlyPrices
from galen.compare.keeping import file_of
from galen.compare.running import ComparisonPlan
from galen.compare.task import STEPS
from galen.data.mendable import MendableError
from galen.data.synthetic.shop import SyntheticSettings, synthesize

PLAIN = """
filters = ["stock"]
[recall.popular]
quota = 60
repeat = true
"""
RANKED = """
filters = ["stock"]
[recall.popular]
quota = 40
[recall.item_graph]
quota = 40
[rank]
model = "logistic"
limit = 60
[[rank.features]]
model = "profile_fit"
[[rerank]]
model = "mmr"
balance = 0.8
"""


@pytest.fixture(scope="session")
def compared_shop(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("compare") / "shop"
    settings = SyntheticSettings(users=300, items=120, days=90, seed=1)
    return synthesize(folder, settings, lambda *_: None).folder


@pytest.fixture(scope="session")
def own_recipes(tmp_path_factory) -> dict[str, str]:
    """Paths of a shop's own recipes: one channel, and one with every kind of part."""
    folder = tmp_path_factory.mktemp("recipes")
    for name, text in (("plain", PLAIN), ("ranked", RANKED)):
        (folder / f"{name}.toml").write_text(text)
    return {name: str(folder / f"{name}.toml") for name in ("plain", "ranked")}


@pytest.fixture(scope="session")
def here():
    """Runs a step in the process of the tests."""

    def runner(task, name, say):
        try:
            run(task, datetime(2026, 1, 1, tzinfo=UTC), lambda what: say(f"{name}: {what}"))
        except MendableError as error:
            return str(error)
        return None

    return runner


@pytest.fixture(scope="session")
def planned(compared_shop, own_recipes):
    def plan(folder, recipes=("plain", "ranked"), **settings):
        paths = tuple(own_recipes.get(name, name) for name in recipes)
        usual = {"protocol": "global-time", "rate": 400.0, "requests": 20}
        return ComparisonPlan(compared_shop, paths, folder, **{**usual, **settings})

    return plan


@pytest.fixture(scope="session")
def finished(planned, here, tmp_path_factory):
    """A whole comparison of both recipes: its plan, what was told, and the folder."""
    folder = tmp_path_factory.mktemp("finished")
    plan = planned(folder / "comparing")
    done = compare(
        plan,
        HourlyPrices(cpu_hour=3600.0),
        report=None,
        json_file=folder / "figures.json",
        progress=lambda *_: None,
        runner=here,
    )
    return plan, done, folder / "figures.json"


@pytest.fixture(scope="session")
def once_more(finished):
    """Runs a step by taking what the finished comparison found of the same recipe."""

    def runner(task, name, say):
        shutil.copytree(finished[0].folder / task.place.name, task.place, dirs_exist_ok=True)
        for other in STEPS[STEPS.index(task.step) + 1 :]:
            file_of(msgspec.structs.replace(task, step=other)).unlink(missing_ok=True)

    return runner
