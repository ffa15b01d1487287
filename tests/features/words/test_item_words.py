import numpy as np
import pyarrow as pa
import pytest
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.data.enriched import PROVENANCE, EnrichedError, Extent, write_enriched
from galen.features.words.item_words import ItemWords, holds_of, spoken
from galen.knowledge.build import built_in
from galen.knowledge.texts.concept_words import folded


@pytest.fixture(scope="module")
def graph():
    return built_in()


def catalogue(*records):
    return Catalogue(items_table([{"item_id": f"i{n}", **r} for n, r in enumerate(records)]))


def named(words):
    return [words.names[place] if place >= 0 else None for place in words.of_item.tolist()]


def write_words(folder, words, model="rules:items"):
    origin = {"model": [model] * len(words), "prompt": ["items@1"] * len(words)}
    origin |= {"knowledge": [""] * len(words), "at": [0] * len(words), "cost": [0.0] * len(words)}
    columns = [pa.array(origin[field.name], field.type) for field in PROVENANCE]
    keys = pa.array([f"i{n}" for n in range(len(words))])
    names = ["key", "product_word", *PROVENANCE.names]
    table = pa.table([keys, pa.array(words, pa.string()), *columns], names=names)
    write_enriched(folder, "items", table, Extent(events=10))


def test_a_title_names_a_word_of_the_graph_and_else_the_category_does(graph):
    shop = catalogue(
        {"title": "Aqua Saline Nasal Spray 30 ml", "category": ["cold", "sprays"]},
        {"title": "Blue thing", "category": ["care", "nail files"]},
        {"title": "Nothing told"},
    )
    words = ItemWords.of(shop, graph)
    assert named(words) == ["saline nasal spray", "nail files", None]
    assert words.path[words.of_item[1]] == ("care", "nail files")
    assert graph.names[words.concept[words.of_item[0]]] == "saline nasal spray"
    assert words.concept[words.of_item[1]] == -1


def test_the_narrowest_level_is_the_rarest_one_where_a_path_is_in_no_order(graph):
    paths = [["beauty", "wigs", "hair"], ["beauty", "hair", "combs"], ["beauty", "combs", "hair"]]
    shop = catalogue(*({"title": "x", "category": path} for path in paths))
    assert named(ItemWords.of(shop, graph)) == ["wigs", "combs", "combs"]


def test_what_a_model_said_of_an_item_goes_before_its_title(graph, tmp_path):
    shop = catalogue({"title": "Nasal spray", "category": ["a"]}, {"title": "y", "category": ["b"]})
    write_words(tmp_path, ["paper tissues", None])
    assert named(ItemWords.of(shop, graph, tmp_path)) == ["paper tissues", "b"]
    with pytest.raises(EnrichedError, match="before the split"):
        ItemWords.of(shop, graph, tmp_path, Extent(events=9))


def test_a_word_holds_what_most_of_its_items_hold(graph):
    inside = [["codeine"], ["codeine"], ["caffeine"]]
    shop = catalogue(*({"title": "x", "category": ["drops"], "ingredients": i} for i in inside))
    words = ItemWords.of(shop, graph)
    holds = holds_of(words, shop, graph)
    assert [graph.names[concept] for concept in holds.indices] == ["codeine"]


def test_a_shop_without_items_has_no_words(graph):
    words = ItemWords.of(catalogue(), graph)
    assert len(words) == 0
    assert words.of_item.tolist() == []
    assert np.diff(words.items.indptr).tolist() == []


def test_a_word_is_asked_for_by_its_synonyms_too(graph):
    words = ItemWords.of(catalogue({"title": "Aqualis saline nasal spray"}), graph)
    names = spoken(words, graph)
    assert names[folded("saline nasal spray")] == 0
    row = graph.row_of["product_word:saline nasal spray"]
    synonyms = graph.concepts["synonyms"][row].as_py()
    assert synonyms
    assert {names[folded(name)] for name in synonyms} == {0}
