"""Guesses change what is learned from, and nothing that is chosen on or counted."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from enrich.word_shop import item, word_shop
from worlds import DAY, World, write_world

from galen.assembly.check import check_recipe
from galen.assembly.examples.judged_samples import JudgedSamples
from galen.assembly.examples.people import PeopleColumns
from galen.assembly.examples.preference_pairs import preference_examples
from galen.assembly.recipes.recipe import Recipe, RecipeError, SamplesPart
from galen.assembly.split import known_before, split_by
from galen.assembly.train import train
from galen.data.dataset import Dataset
from galen.data.enriched import PROVENANCE, EnrichedError, Extent, enriched_folder, write_enriched
from galen.data.schema import Kind
from galen.features.store import FeatureStore
from galen.pipeline.candidates import Candidates
from galen.pipeline.stages import Examples

BASKETS = [["razor", "shaving foam"] * 3, ["saline nasal spray", "paper tissues"] * 3]
FOAM = "razor + shaving foam"
FILE = "nail file 2"
RANK = {"model": "gbdt", "loss": "listwise", "weighted": True, "trees": 20, "examples": "replay"}


def silent(what):
    pass


def write_samples(folder, *rows, made_from=None):
    """Rows of (kind, context, item, other, word)."""
    names = ("kind", "context", "item", "other", "word")
    table = {
        name: pa.array([row[place] for row in rows], pa.string())
        for place, name in enumerate(names)
    }
    table |= {"key": pa.array([str(n) for n in range(len(rows))])}
    table |= {"weight": pa.array([1.0] * len(rows))}
    origin = {"model": "recorded:test", "prompt": "samples@1", "knowledge": "", "at": 0}
    for field in PROVENANCE:
        table[field.name] = pa.array([origin.get(field.name, 0.0)] * len(rows), field.type)
    write_enriched(folder, "samples", pa.table(table), made_from or Extent())


@pytest.fixture
def shop(tmp_path):
    none = np.empty(0, np.int64)
    return write_world(World(word_shop(BASKETS), none, none), tmp_path / "shop")


def recipe(samples, **more):
    tree = {"name": "guessed", "filters": [], "recall": {"popular": {"repeat": True}}, **more}
    return Recipe.from_tree(tree | ({"samples": samples} if samples else {}), where="test")


def read(data, folder, **part):
    return JudgedSamples.read(SamplesPart(**part), replace(data, enriched=folder), seed=0)


def test_no_guess_is_read_where_a_recipe_does_not_ask_for_it(shop):
    assert not recipe({}).samples
    assert "samples" not in recipe({}).to_tree()
    train(recipe({}), shop, "strict", progress=silent)
    with pytest.raises(EnrichedError, match="galen enrich run samples"):
        train(recipe({"buyers": 0.5}), shop, "strict", progress=silent)


@pytest.mark.parametrize(
    ("samples", "more", "told"),
    [
        ({"buyers": 1.5}, {}, "between 0 and 1"),
        ({"preferences": 0.5}, {}, "listwise"),
        ({"preferences": 0.5}, {"rank": {**RANK, "weighted": False}}, "weighted = true"),
        ({"preferences": 0.5}, {"rank": {"model": "logistic"}}, "listwise"),
        ({"negatives": 0.5}, {}, r"need a \[rank\]"),
        ({"negatives": 0.5}, {"rank": {**RANK, "weighted": False}}, "weighted = true"),
    ],
)
def test_guesses_that_nothing_would_learn_from_are_refused(samples, more, told):
    with pytest.raises(RecipeError, match=told):
        check_recipe(recipe(samples, **more))


def test_a_misspelt_kind_of_guess_is_told(shop):
    with pytest.raises(RecipeError, match="Did you mean 'buyers'"):
        recipe({"buyer": 0.5})


def test_simulated_buyers_teach_channels_and_stand_nowhere_else(shop):
    write_samples(enriched_folder(shop.folder), ("buyer", FOAM, FILE, None, None))
    plain = train(recipe({}), shop, "strict", progress=silent)
    guessed = train(recipe({"buyers": 1.0}), shop, "strict", progress=silent)
    place = item("nail file", 2)
    assert plain.parts.retrievers["popular"].count[place] == 0
    assert 0 < guessed.parts.retrievers["popular"].count[place] <= 5
    for one, other in zip(_moments(plain), _moments(guessed), strict=True):
        assert one.truth_item.tolist() == other.truth_item.tolist()
        assert one.past.item.tolist() == other.past.item.tolist()
        assert place not in other.past.item
        assert place not in other.truth_item


def test_the_whole_of_a_guess_is_learned_from_and_half_of_it_half_as_much(tmp_path):
    data = word_shop(BASKETS)
    rows = [("buyer", FOAM, f"nail file {n}", None, None) for n in range(3)]
    write_samples(tmp_path, *rows, ("buyer", "nobody", FILE, None, None))
    whole = read(data, tmp_path, buyers=1.0).events(data)
    half = read(data, tmp_path, buyers=0.5).events(data)
    assert len(whole) == len(data) + 15
    assert len(data) < len(half) < len(whole)
    assert whole.extent == data.extent
    assert np.all(np.diff(whole.user) >= 0)
    assert np.all(np.diff(whole.at)[np.diff(whole.user) == 0] >= 0)


def test_a_table_that_saw_what_is_held_out_is_refused(shop):
    folder, data = enriched_folder(shop.folder), Dataset.read(shop)
    row = ("buyer", FOAM, FILE, None, None)
    write_samples(folder, row, made_from=data.extent)
    with pytest.raises(EnrichedError, match="before the split"):
        train(recipe({"buyers": 1.0}), shop, "strict", progress=silent)
    write_samples(folder, row, made_from=split_by("strict", data).valid.fit.extent)
    train(recipe({"buyers": 1.0}), shop, "strict", progress=silent)
    ranked = recipe({"buyers": 1.0}, rank={"model": "logistic"})
    with pytest.raises(EnrichedError, match="before the split"):
        train(ranked, shop, "strict", progress=silent)  # its lesson begins a moment earlier
    write_samples(folder, row, made_from=known_before("strict", data).extent)
    train(ranked, shop, "strict", progress=silent)


def test_clicks_that_fit_nothing_before_are_left_out_of_what_channels_learn(tmp_path):
    data = word_shop(BASKETS)
    clicked = replace(
        data,
        user=np.arange(80, dtype=np.int32),
        item=np.full(80, item("nail file"), np.int32),
        kind=np.full(80, int(Kind.CLICK), np.int8),
        at=data.at[data.offsets[1:] - 1] + DAY // 2,
    )
    names = ("user", "item", "kind", "at")
    columns = {n: np.append(getattr(data, n), getattr(clicked, n)) for n in names}
    order = np.lexsort((columns["at"], columns["user"]))
    whole = replace(data, **{name: column[order] for name, column in columns.items()})
    write_samples(tmp_path, ("click", "shaving foam", None, None, "nail file"))
    kept = read(whole, tmp_path, clicks=1.0).events(whole)
    assert len(whole) - len(kept) == 40  # those after shaving foam, not those after tissues
    assert read(whole, tmp_path, clicks=0.0, buyers=0.1).events(whole).item.tolist() == (
        whole.item.tolist()
    )


def examples(data, rows, clicks):
    """Two requests of the first two people, `rows` each."""
    store = FeatureStore.replay(data)
    users = np.arange(2)
    requests = store.requests(users, data.at.max() + np.ones(2, np.int64), seed=users)
    who = np.repeat(users, len(rows))
    batch = store.assemble(requests, Candidates(who, np.tile(rows, 2)))
    labels = {"click": np.tile(clicks, 2).astype(float), "purchase": np.zeros(2 * len(rows))}
    return Examples(batch, labels, np.ones(2 * len(rows)))


def test_hard_negatives_weigh_more_beside_their_positive_alone(tmp_path):
    data = word_shop(BASKETS)
    write_samples(tmp_path, ("negative", FOAM, "razor 1", "razor 0", None))
    judged = read(data, tmp_path, negatives=0.5)
    rows = [item("razor", 0), item("razor", 1), item("nail file")]
    assert judged.weighed(examples(data, rows, [1, 0, 0])).weight.tolist() == [1, 1.5, 1] * 2
    assert judged.weighed(examples(data, rows, [0, 0, 1])).weight.tolist() == [1, 1, 1] * 2


def test_a_click_that_contradicts_what_came_before_weighs_less(tmp_path):
    data = word_shop(BASKETS)  # person 0 ends with shaving foam, person 1 with paper tissues
    write_samples(tmp_path, ("click", "shaving foam", None, None, "nail file"))
    judged = read(data, tmp_path, clicks=0.75)
    rows = [item("razor"), item("nail file")]
    assert judged.weighed(examples(data, rows, [0, 1])).weight.tolist() == [1, 0.25, 1, 1]
    assert judged.weighed(examples(data, rows, [1, 0])).weight.tolist() == [1, 1, 1, 1]


def test_a_preference_is_a_list_of_two_with_the_columns_of_the_others(tmp_path):
    data = word_shop(BASKETS)
    write_samples(tmp_path, ("preference", FOAM, FILE, "razor 2", None))
    judged = read(data, tmp_path, preferences=0.5)
    like = examples(data, [item("razor")], [1])
    more = {"als_score": np.ones(2, np.float32)}
    like = replace(like, batch=replace(like.batch, per_row={**like.batch.per_row, **more}))
    people = PeopleColumns(
        ["x"] * 80, np.full(80, 40.0), [None] * 80, [None] * 80, np.full(80, np.nan)
    )
    found = preference_examples(judged, data, people, like)
    assert found.labels["click"].tolist() == [1, 0] * 2
    assert np.isnan(found.labels["purchase"]).all()
    assert found.weight.tolist() == [0.5] * 4
    assert found.batch.ids["item"].tolist() == [item("nail file", 2), item("razor", 2)] * 2
    assert set(found.batch.per_row) == set(like.batch.per_row)
    assert np.isnan(found.batch.per_row["als_score"]).all()
    write_samples(tmp_path, ("preference", "nobody", FILE, "razor 2", None))
    assert preference_examples(read(data, tmp_path, preferences=1.0), data, people, like) is None


def test_a_ranker_learns_with_guesses_of_all_kinds(shop):
    rows = [("preference", FOAM, FILE, "razor 2", None), ("buyer", FOAM, FILE, None, None)]
    rows += [("negative", FOAM, "razor 1", "razor 0", None)]
    write_samples(enriched_folder(shop.folder), *rows)
    samples = {"preferences": 1.0, "buyers": 1.0, "negatives": 1.0, "clicks": 1.0}
    told: list[str] = []
    done = train(recipe(samples, rank=RANK), shop, "strict", progress=told.append)
    plain = train(recipe({}, rank=RANK), shop, "strict", progress=silent)
    assert any("guesses" in line for line in told)
    assert done.parts.ranker is not None
    assert plain.parts.ranker is not None
    again = Recipe.from_tree(done.parts.recipe.to_tree(), where="again")
    assert again.samples == done.parts.recipe.samples


def _moments(trained):
    split = trained.split
    return [split.valid, split.test]
