"""Names under which medicines are sold: each is of one ingredient, as people tell it."""

import tomllib
from typing import Any

import pyarrow.parquet as pq
import pytest
from eligibility.conftest import Pharmacy
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.eligibility.guard import Guard
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


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Viagra 50 mg tablets", {"medicines": ["ingredient:glyceryl trinitrate"]}),
        ("バイアグラ錠50mg", {"medicines": ["ingredient:glyceryl trinitrate"]}),
        ("ADVIL® liqui-gels", {"medicines": ["ingredient:warfarin"]}),
        ("芬必得缓释胶囊", {"allergies": ["drug_class:nsaid"]}),
        ("Roaccutane 20 mg", {"states": ["population:pregnancy"]}),
    ],
)
def test_goods_told_by_their_brand_alone_are_judged_by_its_ingredient(title, said):
    record: dict[str, Any] = {"item_id": title, "title": title, "rx_class": "none"}
    floss = {"item_id": "floss", "title": "Dental floss", "rx_class": "none"}
    catalogue = Catalogue(items_table([record, floss]))
    pharmacy = Pharmacy(Guard.of(catalogue).gate, catalogue)
    assert pharmacy.shown(pharmacy.asked()) == {title, "floss"}
    assert pharmacy.shown(pharmacy.asked(**said)) == {"floss"}


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
