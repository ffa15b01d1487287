from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.enrich.duplicates import propose_groups

BASE = {"brand": "Dolor", "category": ["pain", "tablets"], "form": "tablet"}


def groups(*changes):
    records = [BASE | change | {"item_id": f"sku-{n}"} for n, change in enumerate(changes)]
    table = propose_groups(Catalogue(items_table(records))).to_pylist()
    found = {}
    for row in table:
        found.setdefault(row["group"], []).append(row["key"])
    return sorted(found.values())


def test_packs_of_one_product_are_one_group():
    one = {"title": "Dolor Tablets 500 mg, 20 tablets", "pack_size": 20.0}
    other = {"title": "Dolor tablets 500mg 50 Tablets", "pack_size": 50.0}
    assert groups(one, other) == [["sku-0", "sku-1"]]


def test_strengths_brands_forms_and_ingredients_part_them():
    one = {"title": "Dolor Tablets 500 mg"}
    assert groups(one, {"title": "Dolor Tablets 1000 mg"}) == []
    assert groups(one, one | {"brand": "Other"}) == []
    assert groups(one, one | {"form": "syrup"}) == []
    assert groups(one, one | {"ingredients": ["ibuprofen"]}) == []


def test_other_names_are_other_products():
    assert groups({"title": "Dolor Night Tablets"}, {"title": "Dolor Migraine Tablets"}) == []


def test_an_item_without_a_title_is_left_alone():
    assert groups({"title": None}, {"title": None}) == []


def test_an_amount_that_is_the_pack_is_no_strength():
    one = {"title": "Dolor Powder 250 mg", "pack_size": 250.0}
    other = {"title": "Dolor Powder 500 mg", "pack_size": 500.0}
    assert groups(one, other) == [["sku-0", "sku-1"]]
