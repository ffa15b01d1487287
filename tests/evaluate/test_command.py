"""`galen evaluate` from two folders to a table, a report and figures."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console
from worlds import write_world

from galen.assembly.bundles.bundle import save_bundle
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.split import SplitError
from galen.assembly.train import train
from galen.evaluate.command import evaluate_bundle

RECIPE = Recipe.from_tree(
    {
        "name": "small",
        "filters": ["stock"],
        "recall": {"item_graph": {"quota": 10, "repeat": True}, "popular": {"quota": 10}},
        "rank": {"model": "logistic", "limit": 15},
    },
    where="test",
)


def silent(what: str) -> None:
    pass


def bundle_of(shop, protocol, root):
    trained = train(RECIPE, shop, protocol, progress=silent)
    return save_bundle(
        root,
        trained,
        shop="world",
        seed=0,
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.fixture(scope="module")
def shop(world, tmp_path_factory):
    first = replace(world, data=world.data.take(world.data.place < 5))
    return write_world(first, tmp_path_factory.mktemp("shop") / "world")


@pytest.mark.parametrize("protocol", ["strict", "refit", "global-time"])
def test_tells_every_stage_beside_the_baselines(shop, tmp_path, protocol):
    bundle_of(shop, protocol, tmp_path / "bundle")
    done = evaluate_bundle(
        shop.folder,
        tmp_path / "bundle",
        report=None,
        json_file=tmp_path / "figures.json",
        progress=silent,
    )
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["protocol"] == protocol
    assert set(figures["models"]) == {
        "small",
        "small recall only",
        "channel item_graph",
        "channel popular",
        "popular",
        "item_graph",
        *({"repurchase"}),
    }
    console = Console(record=True, width=160)
    console.print(done.table)
    assert protocol in console.export_text()
    page = done.report.read_text()
    assert "<svg" in page
    assert not re.search(r'(src|href)="(https?:)?//', page), "the report must need no network"


def test_a_bundle_that_has_seen_everything_cannot_be_evaluated(shop, tmp_path):
    bundle_of(shop, "full", tmp_path / "bundle")
    with pytest.raises(SplitError, match="holds nothing out"):
        evaluate_bundle(
            shop.folder, tmp_path / "bundle", report=None, json_file=None, progress=silent
        )


def test_a_bundle_of_another_shop_is_refused(shop, world, tmp_path):
    bundle_of(shop, "strict", tmp_path / "bundle")
    other = replace(world, data=replace(world.data, catalogue=world.data.catalogue))
    folder = tmp_path / "other"
    write_world(other, folder)
    manifest = (folder / "manifest.json").read_text().replace('"world"', '"elsewhere"')
    (folder / "manifest.json").write_text(manifest)
    with pytest.raises(SplitError, match="Train again on this shop"):
        evaluate_bundle(folder, tmp_path / "bundle", report=None, json_file=None, progress=silent)


@pytest.mark.parametrize("protocol", ["strict", "refit", "global-time"])
def test_a_bundle_of_another_state_of_the_shop_is_refused(shop, world, tmp_path, protocol):
    bundle_of(shop, protocol, tmp_path / "bundle")
    earlier = replace(world, data=world.data.take(world.data.place < 4))
    folder = write_world(earlier, tmp_path / "world").folder
    with pytest.raises(SplitError, match=r"learned from .* events .* Train again on the shop as"):
        evaluate_bundle(folder, tmp_path / "bundle", report=None, json_file=None, progress=silent)


def test_a_bundle_that_does_not_say_what_it_learned_from_is_evaluated(shop, tmp_path):
    path = bundle_of(shop, "strict", tmp_path / "bundle").folder / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["learned"]
    path.write_text(json.dumps(manifest | {"format": 3}))
    done = evaluate_bundle(
        shop.folder, tmp_path / "bundle", report=None, json_file=None, progress=silent
    )
    assert done.report.exists()
