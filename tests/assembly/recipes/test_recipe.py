"""A recipe says what it is made of, and a misspelt word in it is an error that helps."""

import tomllib
from pathlib import Path

import pytest

from galen.assembly.check import check_recipe
from galen.assembly.recipes.recipe import Recipe, RecipeError, settings_of
from galen.assembly.recipes.recipe_text import toml_of
from galen.assembly.recipes.shipped import find_recipe, shipped_recipes
from galen.features.tokenizing.coding import Coding
from galen.recall.sequence import SequenceModel
from galen.recall.two_tower import TwoTower

MEASURED = Path(__file__).parents[3] / "benchmarks" / "recipes"
GOOD = {
    "name": "mine",
    "filters": ["stock"],
    "recall": {"item_graph": {"quota": 10, "window": 2}},
    "rank": {"model": "gbdt", "leaves": 7},
    "rerank": [{"model": "mmr", "balance": 0.5}],
}


def checked(**changes):
    recipe = Recipe.from_tree(GOOD | changes, where="mine.toml")
    check_recipe(recipe)
    return recipe


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_is_whole(name):
    check_recipe(find_recipe(name))


@pytest.mark.parametrize("file", sorted(MEASURED.glob("*.toml")), ids=lambda file: file.stem)
def test_every_recipe_that_is_measured_is_whole(file):
    check_recipe(find_recipe(str(file)))


def test_settings_of_a_part_are_told_from_those_of_its_stage():
    recipe = checked()
    assert recipe.recall["item_graph"].quota == 10
    assert recipe.recall["item_graph"].settings == {"window": 2}


def test_a_recipe_comes_back_from_its_tree():
    recipe = checked()
    assert Recipe.from_tree(recipe.to_tree(), where="again") == recipe


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_comes_back_from_its_tree(name):
    recipe = find_recipe(name)
    assert Recipe.from_tree(recipe.to_tree(), where="again") == recipe


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"filter": ["stock"]}, "unknown key 'filter'. Did you mean 'filters'?"),
        ({"recall": {"item_graph": {"quotas": 3}}}, "'quotas'. Did you mean 'repeat'|'quotas'"),
        ({"recall": {"item_grap": {}}}, "'item_grap' is not one of .* Did you mean 'item_graph'"),
        ({"recall": {"item_graph": {"windo": 3}}}, "'windo'. Did you mean 'window'"),
        ({"recall": {"item_graph": {"window": "3"}}}, "window = '3': Expected `int`"),
        ({"recall": {"item_graph": {"quota": 0}}}, "above 0"),
        ({"recall": {}}, "at least one"),
        ({"recall": {"item_graph": {"quota": -1}}}, "quota = -1: it must be 0 or more"),
        ({"recall": {"item_graph": {"deadline": 0.0}}}, "deadline = 0.0: it must be above 0"),
        ({"recall": {"sequence": {"heads": 3}}}, "width = 64 cannot be shared by 3 heads"),
        ({"recall": {"sequence": {"patience": 0}}}, "patience = 0: it must be 1 or more"),
        ({"rank": {"model": "xgboost", "patience": 0}}, "patience = 0: it must be 1 or more"),
        ({"recall": {"sequence": {"negatives": 0}}}, "negatives = 0 leaves nothing to tell"),
        (
            {"recall": {"two_tower": {"identity": False, "attributes": []}}},
            r"\[recall.two_tower\]: identity = false leaves nothing that tells items apart",
        ),
        (
            {"recall": {"generator": {"negatives": 0, "dense": True}}},
            "negatives = 0 leaves nothing to tell",
        ),
        (
            {"recall": {"tiger": {"tokenizer_settings": {"iterations": 0}}}},
            r"\[recall.tiger\]: .*iterations = 0: it must be 1 or more",
        ),
        ({"rank": {"model": "channel", "channel": "item_grap"}}, "Did you mean 'item_graph'"),
        (
            {"recall": {"tiger": {"tokenizer_settings": {"iteration": 9}}}},
            r"\[recall.tiger\]: tokenizer 'residual_kmeans' .* Did you mean 'iterations'",
        ),
        (
            {"recall": {"tiger": {"tokenizer": "rq_vae", "tokenizer_settings": {"steps": "9"}}}},
            r"tokenizer 'rq_vae' cannot be set so: Expected `int`",
        ),
        (
            {"recall": {"sequence": {"codes": {"tokenizer_settings": {"iteration": 9}}}}},
            r"\[recall.sequence\]: tokenizer 'residual_kmeans' .* Did you mean 'iterations'",
        ),
        ({"recall": {"two_tower": {"codes": {"size": [4]}}}}, "'size'. Did you mean 'sizes'"),
        ({"filters": ["stok"]}, "'stok' is not one of .* Did you mean 'stock'"),
        ({"rank": {"model": "gdbt"}}, "Did you mean 'gbdt'"),
        ({"rank": {"model": "dcnv2", "training": {"monitor": "ndcg"}}}, "not one of auc, loss"),
        ({"rank": {"leaves": 3}}, "model is missing"),
        ({"rank": {"model": "gbdt", "examples": "replays"}}, "Did you mean 'replay'"),
        ({"rerank": [{"model": "mmr", "balanc": 1.0}]}, "number 1.*Did you mean 'balance'"),
        ({"rerank": [{"model": "mmr", "balance": "x"}]}, "balance = 'x'"),
        ({"recall": 3}, r"recall = 3: it is a table, \[recall\]"),
        ({"recall": {"popular": 5}}, r"recall.popular = 5: it is a table, \[recall.popular\]"),
        ({"rank": "gbdt"}, r"rank = 'gbdt': it is a table, \[rank\]"),
        ({"rank": {"model": "blend", "members": ["x"]}}, r"members = \['x'\]: .*\[\[…\]\]"),
        ({"rank": {"model": "gbdt", "extend": 3}}, "extend = 3: each one is a table"),
        ({"rerank": {"model": "mmr"}}, "rerank = .*each one is a table in double brackets"),
        ({"filters": 3}, "filters = 3: it is a list of names"),
        ({"filters": "stock"}, "filters = 'stock': it is a list of names"),
        ({"fusion": 3}, "fusion = 3: it is a table"),
        ({"samples": 3}, "samples = 3: it is a table"),
        ({"blend": 3}, "blend = 3: it is a table"),
        ({"blend": {"purchse": 2.0}}, r"\[blend\]: 'purchse' is not .* Did you mean 'purchase'"),
        ({"blend": {"click": "x"}}, "click = 'x': it must be a finite number"),
        ({"blend": {"recall": float("nan")}}, "recall = nan: it must be a finite number"),
    ],
)
def test_what_is_wrong_is_named_with_the_nearest_right_word(changes, said):
    with pytest.raises(RecipeError, match=said):
        checked(**changes)


@pytest.mark.parametrize("kind", [SequenceModel, TwoTower])
def test_a_table_of_codes_is_how_they_are_made_and_an_empty_one_as_they_come(kind):
    told = tomllib.loads('codes = {sizes = [4, 4], sources = ["text"]}')
    spec = kind(**settings_of(kind, told, "here"))
    assert spec.codes == Coding(sizes=(4, 4), sources=("text",))
    assert kind(**settings_of(kind, {"codes": {}}, "here")).codes == Coding()
    assert kind().codes is None


def test_a_file_that_is_not_toml_is_named(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("filters = [")
    with pytest.raises(RecipeError, match=r"broken\.toml"):
        find_recipe(str(path))


def test_a_name_that_is_nothing_lists_what_there_is():
    with pytest.raises(RecipeError, match=r"neither a file nor a shipped recipe .*popular"):
        find_recipe("populr")


def test_guesses_to_learn_from_are_written_too(tmp_path):
    rank = {"model": "gbdt", "loss": "listwise", "weighted": True}
    recipe = checked(rank=rank, samples={"preferences": 0.5})
    path = tmp_path / "mine.toml"
    path.write_text(toml_of(recipe))
    assert find_recipe(str(path)) == recipe
