"""Examples from what was shown: each in one window, whole requests together."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from galen.assembly.examples.impressions import has_impressions, impression_examples
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.split import SplitError, split_by
from galen.assembly.train import train
from galen.data.dataset import Dataset
from galen.data.schema import Kind
from galen.data.shop import Shop, new_shop
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.features.declared import DECLARED
from galen.nn.learning.training import TrainingError


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    settings = SyntheticSettings(users=300, items=120, days=60, seed=1)
    folder = tmp_path_factory.mktemp("shop") / "synthetic"
    return synthesize(folder, settings, lambda what, done, total: None)


@pytest.fixture(scope="module")
def split(shop):
    return split_by("global-time", Dataset.read(shop))


def test_every_impression_is_in_one_window_with_every_feature(shop, split):
    parts = impression_examples(shop, split, seed=0)
    data = Dataset.read(shop, [Kind.IMPRESSION])
    assert has_impressions(shop)
    cuts = (split.valid.after, split.test.after)
    expected = np.bincount(np.searchsorted(cuts, data.at, side="right"), minlength=3)
    assert [len(p) for p in parts] == expected.tolist()
    for part in parts:
        assert set(part.batch.per_row) == {f.name for f in DECLARED}
        assert np.all(np.diff(part.batch.request) >= 0)
        for label in part.labels.values():
            assert set(np.unique(label)) <= {0.0, 1.0}
        assert part.labels["click"].sum() >= part.labels["purchase"].sum()


def test_thinning_takes_whole_requests_by_seed(shop, split):
    whole = impression_examples(shop, split, seed=0)[0]
    few = impression_examples(shop, split, seed=0, most=len(whole) // 2)[0]
    other = impression_examples(shop, split, seed=1, most=len(whole) // 2)[0]
    sizes = np.unique(np.unique(whole.batch.request, return_counts=True)[1])
    assert 0.3 < len(few) / len(whole) < 0.7
    assert set(np.unique(few.batch.request, return_counts=True)[1]) <= set(sizes.tolist())
    assert few.batch.ids["user"].tolist() != other.batch.ids["user"].tolist()


@pytest.fixture(scope="module")
def scrolled(shop, tmp_path_factory):
    """The same shop, where each place of a slate is seen a minute after the one before."""
    folder = tmp_path_factory.mktemp("shop") / "scrolled"
    with new_shop(folder, name="scrolled", source="test", clock=shop.clock) as writer:
        for table in ("items", "users"):
            writer.write(table, shop.read(table))
        events = shop.read("events")
        minutes = pc.fill_null(events["position"], 0)
        later = pc.multiply(pc.cast(minutes, pa.int64()), 60_000_000)
        at = pc.add(events["timestamp"], later.cast(pa.duration("us")))
        place = events.column_names.index("timestamp")
        writer.write("events", events.set_column(place, "timestamp", at))
    return Shop.open(folder)


def test_rows_of_a_request_are_in_order_of_time_and_thinned_together(scrolled):
    split = split_by("global-time", Dataset.read(scrolled))
    whole = impression_examples(scrolled, split, seed=0)[0]
    few = impression_examples(scrolled, split, seed=0, most=len(whole) // 2)[0]
    assert 0.3 < len(few) / len(whole) < 0.7
    for part in (whole, few):
        group, position = part.batch.request, part.batch.ids["position"]
        assert np.all(np.diff(position)[np.diff(group) == 0] > 0)
    slates = [
        {tuple(rows) for rows in np.split(part.batch.ids["item"], _starts(part.batch.request))}
        for part in (whole, few)
    ]
    assert slates[1] <= slates[0]


def _starts(group):
    return np.flatnonzero(np.diff(group)) + 1


def test_a_split_by_place_has_no_windows(shop):
    with pytest.raises(SplitError, match="global-time"):
        impression_examples(shop, split_by("strict", Dataset.read(shop)), seed=0)


def test_a_ranker_of_impressions_is_weighed_beside_recall_by_what_people_took(shop):
    given = {"recall": 1.0, "click": 1.0}
    tree = {
        "name": "weighed",
        "filters": ["stock"],
        "recall": {"popular": {"repeat": True}, "repurchase": {}},
        "rank": {"model": "logistic", "examples": "impressions", "fit_blend": "next"},
        "blend": given,
    }
    recipe = Recipe.from_tree(tree, where="a test")
    trained = train(recipe, shop, "global-time", seed=0, progress=lambda what: None)
    powers = trained.parts.recipe.blend
    assert powers.keys() >= {"recall", "click", "price"}
    assert powers["recall"] > 0
    assert powers["recall"] != given["recall"]


def without(shop, folder, *kinds):
    """The same shop, in which nobody did such a thing."""
    with new_shop(folder, name="fewer", source="test", clock=shop.clock) as writer:
        for table in ("items", "users"):
            writer.write(table, shop.read(table))
        events = shop.read("events")
        gone = pc.is_in(events["kind"], value_set=pa.array(map(int, kinds), events["kind"].type))
        writer.write("events", events.filter(pc.invert(gone)))
    return Shop.open(folder)


@pytest.mark.parametrize("loss", ["binary", "listwise"])
def test_what_nobody_did_is_no_objective(shop, tmp_path, loss):
    tree = {
        "name": "clicks",
        "filters": ["stock"],
        "recall": {"popular": {"repeat": True}, "item_graph": {}},
        "rank": {"model": "gbdt", "examples": "impressions", "loss": loss, "trees": 5},
        "blend": {"click": 1.0, "cart": 0.5, "purchase": 2.0},
    }
    fewer = without(shop, tmp_path / "shop", Kind.CART, Kind.PURCHASE, Kind.RETURN)
    recipe = Recipe.from_tree(tree, where="a test")
    trained = train(recipe, fewer, "global-time", seed=0, progress=lambda what: None)
    assert trained.parts.ranker.objectives == ("click",)


def test_where_nothing_shown_was_taken_there_is_nothing_to_learn_and_it_is_said(shop, tmp_path):
    tree = {
        "name": "nothing",
        "filters": ["stock"],
        "recall": {"popular": {"repeat": True}, "item_graph": {}},
        "rank": {"model": "gbdt", "examples": "impressions"},
    }
    clicks = without(shop, tmp_path / "shop", Kind.CLICK, Kind.CART, Kind.PURCHASE)
    rated = Recipe.from_tree(tree, where="a test")
    with pytest.raises(TrainingError, match="gbdt has nothing to learn from: of the people asked"):
        train(rated, clicks, "global-time", seed=0, progress=lambda what: None)
