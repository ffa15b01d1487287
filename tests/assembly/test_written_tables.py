"""What a recipe must read, and was not written, is told before anything is learned."""

from dataclasses import replace

import pytest
from quick_recipes import SMALL

from galen.assembly import catalog
from galen.assembly.parts import retriever_spec
from galen.assembly.recipes.recipe import Recipe
from galen.assembly.recipes.shipped import find_recipe, shipped_recipes
from galen.assembly.train import train
from galen.assembly.written_tables import check_tables, tables_read
from galen.data.dataset import Dataset
from galen.data.enriched import EnrichedError, enriched_folder
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.features.profile_fit import ProfileFit

CODED = {"sources": ["taken", "encoded"]}
READ = [
    ("content", {"encoded": "pca"}, "vectors"),
    ("content", {"encoded": "pca", "encoded_table": "own"}, "own"),
    ("sequence", {"encoded": "whitened"}, "vectors"),
    ("sequence", {"begin_items": "whitened"}, "vectors"),
    ("sequence", {"codes": CODED}, "vectors"),
    ("two_tower", {"codes": CODED}, "vectors"),
    ("generator", CODED, "vectors"),
    ("tiger", CODED, "vectors"),
    ("i2i", {"relations": "table"}, "relations"),
    ("needs", {"table": "needs"}, "needs"),
]
FOUND = [
    ("i2i", {}, {"items", "relations"}),
    ("i2i", {"relations": "rules"}, {"items"}),
    ("needs", {}, {"items"}),
]
WRITTEN = ("items", "needs", "profiles", "relations", "samples", "vectors", "vectors_co_taken")
QUICK = {**SMALL, "tiger": {"width": 8, "layers": 1, "epochs": 1}}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unwritten") / "shop"
    return synthesize(folder, SyntheticSettings(users=60, items=30, days=30), lambda *_: None)


def recipe_of(**parts):
    tree = {"name": "own", "filters": ["stock"], "recall": {"popular": {"quota": 20}}, **parts}
    return Recipe.from_tree(tree, where="a test")


@pytest.mark.parametrize(("model", "settings", "table"), READ)
def test_a_channel_s_table_is_told_before_anything_is_learned(shop, model, settings, table):
    own = {"popular": {"quota": 20}, "own": {"model": model, "quota": 20, **settings}}
    said = []
    with pytest.raises(EnrichedError, match=f"no table '{table}'; write it: galen enrich"):
        train(recipe_of(recall=own), shop, "global-time", progress=said.append)
    assert said == []


@pytest.mark.parametrize(("model", "settings", "table"), READ)
def test_what_is_told_is_what_the_channel_would_miss(shop, model, settings, table):
    recipe = recipe_of(recall={"own": {"model": model, "quota": 20, **settings}})
    with pytest.raises(EnrichedError, match=f"no table '{table}'"):
        retriever_spec(recipe, "own").fit(Dataset.read(shop))


def test_tables_of_rankers_members_samples_and_surfaces_are_told_together(shop):
    fields = [{"model": "vector_fields", "table": "own"}]
    members = [{"model": "logistic"}, {"model": "dcnv2", "extend": fields}]
    home = {
        "name": "home",
        "filters": ["stock"],
        "recall": {"needs": {"quota": 20, "table": "needs"}},
    }
    recipe = recipe_of(
        rank={"model": "blend", "members": members},
        samples={"clicks": 0.5},
        surfaces={"home": home},
    )
    with pytest.raises(EnrichedError) as told:
        check_tables(recipe, shop.folder)
    message = str(told.value)
    assert "'needs' and 'own' and 'samples'" in message
    assert "galen enrich run needs SHOP" in message


def test_of_the_shipped_recipes_three_ask_for_tables(shop):
    asking = {}
    for name in shipped_recipes():
        try:
            check_tables(find_recipe(name), shop.folder)
        except EnrichedError as error:
            asking[name] = str(error).rpartition(": ")[2]
    assert asking == {
        "demo": "galen enrich run needs SHOP.",
        "enriched": "galen enrich vectors SHOP.",
        "hybrid": "galen enrich vectors SHOP.",
    }


def test_a_table_that_was_written_is_not_asked_for(shop):
    folder = enriched_folder(shop.folder)
    folder.mkdir()
    (folder / "vectors.parquet").touch()
    check_tables(find_recipe("enriched"), shop.folder)


def with_nonsense(shop, folder, tables):
    """The shop's events, with files beside it that nobody can read."""
    for name in tables:
        (folder / f"{name}.parquet").write_bytes(b"nonsense")
    return replace(Dataset.read(shop), enriched=folder)


@pytest.mark.parametrize("model", sorted(catalog.RETRIEVERS))
def test_a_channel_reads_no_table_that_it_is_not_said_to_read(shop, model, tmp_path):
    recipe = recipe_of(recall={"own": {"model": model, **QUICK.get(model, {})}})
    others = set(WRITTEN) - tables_read(recipe)
    assert others
    retriever_spec(recipe, "own").fit(with_nonsense(shop, tmp_path, others))


@pytest.mark.parametrize(("model", "settings", "tables"), FOUND)
def test_a_channel_reads_the_tables_found_that_it_is_said_to_read(
    shop, model, settings, tables, tmp_path
):
    recipe = recipe_of(recall={"own": {"model": model, **settings}})
    assert tables_read(recipe) == tables
    for name in tables:
        (tmp_path / name).mkdir()
        with pytest.raises(EnrichedError, match="cannot be read"):
            retriever_spec(recipe, "own").fit(with_nonsense(shop, tmp_path / name, [name]))


def test_profiles_are_read_with_the_words_of_items_and_nothing_else(shop, tmp_path):
    rank = {"model": "logistic", "features": [{"model": "profile_fit", "table": "cohorts"}]}
    read = tables_read(recipe_of(rank=rank))
    assert read == {"cohorts", "items"}
    ProfileFit("cohorts").of(with_nonsense(shop, tmp_path, set(WRITTEN) - read))
    with pytest.raises(EnrichedError, match="cannot be read"):
        ProfileFit("cohorts").of(with_nonsense(shop, tmp_path, ["cohorts"]))


def test_samples_are_read_where_a_recipe_goes_by_them():
    assert tables_read(recipe_of(samples={"clicks": 0.5})) == {"samples", "items"}
    assert tables_read(recipe_of(samples={"clicks": 0.0})) == frozenset()


def test_of_two_ways_one_reads_no_table_and_one_reads_vectors():
    assert tables_read(find_recipe("classic")) == frozenset()
    assert "vectors" in tables_read(find_recipe("hybrid"))
