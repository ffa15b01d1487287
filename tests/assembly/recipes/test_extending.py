"""A recipe stands on another in one line, and says what is wrong where it cannot."""

from dataclasses import fields
from itertools import pairwise

import pytest

from galen.assembly.check import check_recipe
from galen.assembly.recipes.extending import OF_STAGE
from galen.assembly.recipes.recipe import RankPart, RecallPart, RecipeError
from galen.assembly.recipes.shipped import find_recipe, read_recipe

CHAIN = ("classic", "scaled", "enriched", "hybrid")


@pytest.fixture
def written(tmp_path):
    """Writes a recipe's file and reads it."""

    def write(text, name="mine"):
        path = tmp_path / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return read_recipe(path)

    return write


def test_each_way_has_what_the_one_below_it_has():
    for below, above in pairwise(CHAIN):
        assert set(find_recipe(below).recall) < set(find_recipe(above).recall)
        assert find_recipe(above).filters == find_recipe(below).filters
        assert find_recipe(above).rerank == find_recipe(below).rerank


def test_one_key_changes_one_setting_and_leaves_the_others(written):
    mine, below = (
        written('extends = "classic"\n[recall.popular]\nquota = 7'),
        find_recipe("classic"),
    )
    assert mine.name == "mine"
    assert mine.recall["popular"].quota == 7
    assert mine.recall["popular"].settings == below.recall["popular"].settings
    assert mine.rank == below.rank


def test_another_model_keeps_what_is_of_the_stage_and_drops_the_old_models_settings(written):
    mine = written('extends = "classic"\nrank = {model = "dcnv2"}')
    check_recipe(mine)
    below = find_recipe("classic").rank
    assert mine.rank.model == "dcnv2"
    assert (mine.rank.limit, mine.rank.moments) == (below.limit, below.moments)
    assert mine.rank.settings == {}
    channel = written('extends = "enriched"\n[recall.content]\nmodel = "popular"')
    assert channel.recall["content"].settings == {}
    assert channel.recall["content"].quota == find_recipe("enriched").recall["content"].quota


def test_what_is_of_a_stage_is_a_key_of_every_part_of_it():
    for stage, kind in (("recall", RecallPart), ("rank", RankPart)):
        assert set(OF_STAGE[stage]) <= {field.name for field in fields(kind)}


def test_a_list_is_replaced(written):
    assert written('extends = "classic"\nrerank = []').rerank == ()


def test_parts_are_left_out_by_their_path(written):
    mine = written('extends = "scaled"\nwithout = ["recall.als", "rank", "rerank.mmr"]')
    below = find_recipe("scaled")
    assert mine.rank is None
    assert set(mine.recall) == set(below.recall) - {"als"}
    assert [part.model for part in mine.rerank] == ["bought_recently", "one_per_product"]


def test_a_path_leads_from_the_files_own_folder(written):
    written('extends = "classic"\nwithout = ["recall.popular"]', "under/below")
    mine = written('extends = "under/below.toml"\n[recall.als]\nfactors = 8', "mine")
    assert "popular" not in mine.recall
    assert mine.recall["als"].settings == {"factors": 8}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('extends = "clasic"', r"mine.toml: extends = 'clasic' is neither .*mean 'classic'"),
        ("extends = 3", "extends = 3 must be the name"),
        ('extends = "mine.toml"', "leads back to where it began: mine.toml → mine.toml"),
        ('extends = "classic"\nwithout = ["recall.als"]', "below has no 'als'"),
        ('extends = "classic"\nwithout = ["recal"]', "below has no 'recal'.*mean 'recall'"),
        ('extends = "classic"\nwithout = ["rerank.mrm"]', "'mrm'.*mean 'mmr'"),
        ('extends = "classic"\nwithout = "rank"', "must be a list of paths"),
        ('without = ["rank"]', "leaves parts out of a recipe that extends names"),
        ('extends = "classic"\n[surfaces]\ncart = "i2j"', r"\[surfaces\] cart = 'i2j'.*'i2i'"),
        ('extends = "classic"\nsurfaces = "i2i"', "takes lines such as"),
        ('extends = "classic"\n[surfaces]\ncart = "mine.toml"', "leads back"),
    ],
)
def test_what_cannot_be_laid_over_is_named_with_file_and_key(written, text, said):
    with pytest.raises(RecipeError, match=said):
        written(text)


def test_two_files_that_extend_each_other_are_refused(written, tmp_path):
    (tmp_path / "other.toml").write_text('extends = "mine.toml"')
    with pytest.raises(RecipeError, match=r"mine\.toml → other\.toml → mine\.toml"):
        written('extends = "other.toml"')


def test_the_surfaces_of_the_recipe_below_are_replaced_one_by_one(written):
    written('extends = "classic"\n[surfaces]\ncart = "i2i"\nsearch = "popular"', "below")
    mine = written('extends = "below.toml"\n[surfaces]\ncart = "als"')
    assert {s: one.name for s, one in mine.surfaces.items()} == {"cart": "als", "search": "popular"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[surfaces]\ncarts = "i2i"', "'carts' is not one of .*mean 'cart'"),
        ('[surfaces]\ncart = "inner.toml"', "'inner' has .surfaces. of its own"),
        ('[surfaces]\ncart = "under/i2i.toml"\nhome = "i2i"', "another recipe is named 'i2i'"),
    ],
)
def test_surfaces_that_cannot_be_are_refused(written, text, said):
    written('extends = "classic"\n[surfaces]\ncart = "i2i"', "inner")
    written('extends = "i2i"\n[recall.popular]', "under/i2i")
    with pytest.raises(RecipeError, match=said):
        check_recipe(written('extends = "classic"\n' + text))
