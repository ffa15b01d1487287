"""Names under which medicines are sold: each is of one ingredient, as people tell it."""

import tomllib

import pyarrow.parquet as pq
import pytest

from galen.knowledge.build import graph_of
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.labels.told_names import ToldNames
from galen.knowledge.schema import Relation
from galen.knowledge.sources import BRANDS

NAMES: dict[str, list[str]] = tomllib.loads(BRANDS.read_text("utf-8"))["ingredient"]


@pytest.fixture(scope="module")
def reader() -> IngredientReader:
    return IngredientReader.of(graph_of(""))


def test_a_brand_names_its_ingredient_and_nothing_else(reader):
    for ingredient, brands in NAMES.items():
        own = set(reader.told.whole(ingredient))
        for brand in brands:
            found = reader.told.whole(brand)
            assert len(found) == 1, brand
            assert set(found) <= own, brand
            assert reader.names.find([brand]).concept.tolist() == list(found), brand


def test_a_brand_is_listed_once():
    listed = [brand.casefold() for brands in NAMES.values() for brand in brands]
    assert len(listed) == len(set(listed))


def test_packs_of_a_real_catalogue_hold_what_their_brand_says(reader, real_data):
    """A pack counts if its composition is of the ingredient, or of a salt of it."""
    table = pq.read_table(real_data / "catalogues" / "medicines_india_1mg.parquet")
    ingredients = list(NAMES)
    told = ToldNames.named((name, row) for row, of in enumerate(NAMES.values()) for name in of)
    alike = graph_of("").edges(Relation.SAME_INGREDIENT)
    pairs = {*zip(alike.head.tolist(), alike.tail.tolist(), strict=True)}
    right, wrong = 0, []
    names, texts = table["Medicine Name"].to_pylist(), table["Composition"].to_pylist()
    for name, text in zip(names, texts, strict=True):
        for row in told.within(name):
            holds = {*reader.read([text]).concept.tolist(), *reader.told.within(text)}
            own = set(reader.told.whole(ingredients[row]))
            own |= {b for a, b in pairs if a in own} | {a for a, b in pairs if b in own}
            if holds & own:
                right += 1
            else:
                wrong.append(name)
    assert right > 80
    assert not wrong
