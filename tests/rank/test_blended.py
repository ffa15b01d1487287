"""How far members are trusted follows from what they tell of rows that they did not learn from."""

from dataclasses import replace

import numpy as np
import pytest
from rank.networks.schemas import PLAIN, plain_samples
from scipy.special import expit

from galen.assembly.check import check_recipe
from galen.assembly.recipes.recipe import RankPart, RecipeError
from galen.assembly.recipes.shipped import find_recipe
from galen.rank.blended import Blending, blended

GROUPS, EACH = 400, 10


class Says:
    """A model that has learned to say these logits."""

    schema = PLAIN
    objectives = ("click",)

    def __init__(self, logits):
        self.logits = logits

    def score(self, samples):
        return expit(self.logits)[:, None]


@pytest.fixture(scope="module")
def valid():
    """One row of each group is taken."""
    group = np.repeat(np.arange(GROUPS), EACH)
    taken = np.zeros((GROUPS, EACH), np.float32)
    taken[np.arange(GROUPS), np.random.default_rng(0).integers(0, EACH, GROUPS)] = 1
    return replace(
        plain_samples(GROUPS * EACH), labels={"click": taken.ravel()}, group=group.astype(np.int64)
    )


@pytest.fixture(scope="module")
def members(valid):
    """One orders each group well but knows no level, the other has a level and orders ill."""
    random = np.random.default_rng(1)
    taken = valid.labels["click"].astype(float)
    level = np.repeat(random.normal(scale=4, size=GROUPS), EACH)
    return {
        "orders": Says(2 * taken + random.normal(size=len(taken)) + level - 2),
        "level": Says(0.5 * taken + random.normal(size=len(taken)) - 2),
    }


def first_of_groups(model, samples):
    best = model.score(samples).reshape(GROUPS, EACH).argmax(1)
    return samples.labels["click"].reshape(GROUPS, EACH)[np.arange(GROUPS), best].mean()


def test_a_listwise_blend_trusts_the_member_that_orders_each_group(members, valid):
    listwise, binary = (blended(members, valid, Blending(loss)) for loss in ("listwise", "binary"))
    orders, level, _ = listwise.weights["click"]
    assert orders > level
    assert first_of_groups(listwise, valid) > first_of_groups(binary, valid) + 0.05


@pytest.mark.parametrize("loss", ["listwise", "binary"])
def test_a_blend_gives_probabilities(loss, members, valid):
    mean = blended(members, valid, Blending(loss)).score(valid).mean()
    assert mean == pytest.approx(1 / EACH, abs=0.01)


@pytest.mark.parametrize("loss", ["listwise", "binary"])
def test_members_are_trusted_alike_where_nothing_was_taken(loss, members, valid):
    nothing = {"click": np.zeros(len(valid), np.float32)}
    model = blended(members, replace(valid, labels=nothing), Blending(loss))
    assert model.weights["click"] == [0.5, 0.5, 0.0]


def test_a_setting_that_a_blend_does_not_have_is_told():
    recipe = find_recipe("hybrid")
    assert isinstance(recipe.rank, RankPart)
    wrong = replace(recipe.rank, settings={"los": "listwise"})
    with pytest.raises(RecipeError, match="los"):
        check_recipe(replace(recipe, rank=wrong))
