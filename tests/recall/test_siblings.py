from dataclasses import replace

import numpy as np
import pytest
from worlds import NOW, items_table

from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.schema import Kind
from galen.eligibility.rules.hidden import NotHidden
from galen.eligibility.rules.region import SoldInRegion
from galen.eligibility.rules.stock import InStock
from galen.pipeline.allowed import AllowedItems
from galen.pipeline.candidates import Histories, Requests
from galen.recall.siblings import Siblings, same_medicine, strengths

OTC = {"form": "tablet", "rx_class": "otc", "pack_unit": "tablets"}
PAIN = {"ingredients": ["Paracetamol"], **OTC}


def items(**changes) -> list[dict]:
    """A product in three packs, a like one of another brand, and others that only look like it."""
    shelf = [
        {"item_id": "own-10", "spu_id": "own", "pack_size": 10.0, "price": 3.0, **PAIN},
        {"item_id": "own-20", "spu_id": "own", "pack_size": 20.0, "price": 5.0, **PAIN},
        {"item_id": "own-50", "spu_id": "own", "pack_size": 50.0, "price": 10.0, **PAIN},
        {"item_id": "like", "spu_id": "like", "pack_size": 20.0, **PAIN},
        {"item_id": "strong", "spu_id": "strong", "title": "strong 1 g", **PAIN},
        {"item_id": "syrup", "spu_id": "syrup", **PAIN, "form": "syrup"},
        {"item_id": "duo", **PAIN, "ingredients": ["paracetamol", "caffeine"]},
    ]
    for row in shelf:
        row.setdefault("title", f"{row['item_id']} 500 mg")
        row.update(changes.get(row["spu_id"] if "spu_id" in row else row["item_id"], {}))
    return shelf


def shop(records: list[dict]) -> Dataset:
    nothing = np.empty(0, np.int32)
    return Dataset(
        catalogue=Catalogue(items_table(records)),
        clock="time",
        users=1,
        user=nothing,
        item=nothing,
        kind=nothing.astype(np.int8),
        at=nothing.astype(np.int64),
    )


def asked(*item: int, region: str = "east") -> Requests:
    """A person who bought these items, the last one last."""
    return Requests(
        user=np.array([-1]),
        at=np.array([NOW]),
        history=Histories(
            np.array([0, len(item)]),
            np.array(item, np.int64),
            np.full(len(item), int(Kind.PURCHASE)),
            NOW - 10 + np.arange(len(item)),
        ),
        surface=np.zeros(1, np.int64),
        age=np.array([40.0]),
        region=[region],
        seed=np.zeros(1, np.int64),
    )


def offered(settings: Siblings, records: list[dict], *bought: int) -> list[str]:
    """Ids that the channel proposes under the rules of stock, visibility and region."""
    data, requests = shop(records), asked(*bought)
    rules = [rule(data.catalogue) for rule in (InStock, NotHidden, SoldInRegion)]
    may = AllowedItems(requests, rules).rows
    found = settings.fit(data).choose(requests, 10, may)
    return [data.catalogue.ids[item] for item in found.item]


OUT = ({"stock": 0}, {"stock": None}, {"hidden": True}, {"regions": ["west"]})


def test_the_pack_bought_before_comes_first_and_then_the_nearest_one():
    assert offered(Siblings(each=3), items(), 1) == ["own-20", "own-10", "own-50"]


def test_the_cheapest_by_unit_comes_first_where_the_recipe_prefers_price():
    assert offered(Siblings(prefer="price"), items(), 0) == ["own-50", "own-20"]


def test_a_pack_that_may_not_be_shown_gives_its_place_to_another():
    shelf = items()
    shelf[1]["stock"] = 0
    assert offered(Siblings(each=1), shelf, 1) == ["own-10"]


def test_the_product_taken_last_comes_first():
    assert offered(Siblings(each=1), items(), 3, 1) == ["own-20", "like"]
    assert offered(Siblings(each=1), items(), 1, 3) == ["like", "own-20"]


@pytest.mark.parametrize("why", OUT)
def test_a_product_that_cannot_be_bought_has_a_substitute_with_all_the_same(why):
    assert offered(Siblings(of="substitutes"), items(own=why), 1) == ["like"]


def test_there_is_no_substitute_while_another_pack_can_be_bought():
    shelf = items()
    shelf[1]["stock"] = 0
    assert offered(Siblings(of="substitutes"), shelf, 1) == []


def test_a_substitute_must_be_there_itself():
    gone = {"stock": 0}
    assert offered(Siblings(of="substitutes"), items(own=gone, like=gone), 1) == []


@pytest.mark.parametrize("rx_class", ["prescription", "pharmacist", None, "another"])
def test_what_a_pharmacist_must_hand_over_is_never_switched(rx_class):
    gone = {"stock": 0, "rx_class": rx_class}
    assert offered(Siblings(of="substitutes"), items(own=gone), 1) == []
    shelf = items(own=gone, like={"rx_class": rx_class})
    assert offered(Siblings(of="substitutes"), shelf, 1) == []


def test_an_over_the_counter_medicine_without_a_strength_has_no_substitute():
    gone = items(own={"stock": 0, "title": "own"}, like={"title": "like"})
    assert offered(Siblings(of="substitutes"), gone, 1) == []
    free = [row | {"rx_class": "none"} for row in gone]
    assert offered(Siblings(of="substitutes"), free, 1) == ["like"]


def test_a_pack_size_is_no_strength():
    powders = [
        {"item_id": "a", "title": "fibre 150 g", "pack_size": 150.0},
        {"item_id": "b", "title": "fibre 300 g", "pack_size": 300.0},
    ]
    records = [
        row | {"ingredients": ["fibre"], "form": "powder", "pack_unit": "g"} for row in powders
    ]
    assert len(set(same_medicine(Catalogue(items_table(records))).tolist())) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("500 mg", "500MG", True),
        ("0,5 mg", "0.5 mg", True),
        ("25 mcg", "25 µg", True),
        ("5 mg/ml", "5 mg / ml", True),
        ("5 mg/ml", "5 mg/5 ml", False),
        ("500 mg", "1 g", False),
        ("1,000 mg", "1000 mg", True),
        ("1,000 mg", "1 mg", False),
        ("2,500 mg", "2,5 mg", False),
        ("1,000,000 IU", "1000000 IU", True),
        ("1'000 mg", "1000 mg", True),
        ("0,125 mg", "0.125 mg", True),
        ("0,125 mg", "125 mg", False),
        ("1,125 mg", "1125 mg", False),  # which of the two it is, nobody can tell
        ("1,125 mg", "1.125 mg", False),
        ("1.000 mg", "1 mg", False),
        ("1.000 mg", "1000 mg", False),
        ("1 000 mg", "2 000 mg", False),
        ("Omega-3 500 mg", "500 mg", True),
        ("B12 500 µg", "500 µg", True),
        ("500/65 mg", "250/65 mg", False),
        ("500/65 mg", "500 + 65 mg", False),
        ("500/65 mg", "500 / 65 mg", True),
        ("5 mg/2,5 ml", "5 mg/2.5 ml", True),
        ("5 mg/2,5 ml", "5 mg/7,5 ml", False),
        ("1000 I.E.", "1000 IU", True),
        ("1000 I. E.", "1.000 i.u.", False),  # one or a thousand, nobody can tell
        ("1000 IE", "1000 UI", True),
        ("1000 U.I.", "5000 U.I.", False),
        ("1000 I.E.", "5000 I.E.", False),
        ("25 ug", "25 mcg", True),
        ("25 \u03bcg", "25 \u00b5g", True),
        ("20 tablets", "", True),
        ("5 grams", "", True),
    ],
)
def test_strengths_are_read_in_one_spelling(one, other, same):
    assert (strengths(one) == strengths(other)) == same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("D3 1000 I.E.", "D3 5000 I.E.", False),
        ("D3 1000 IE 60 Kapseln", "D3 1000 UI 60 caps", True),
        ("Flora 10 Mrd. KBE", "Flora 20 Mrd. KBE", False),
        ("Flora 10 KBE", "Flora 10 Mrd", False),
        ("D3 1000 \u041c\u0415, 100 \u043c\u0433", "D3 1000 \u041c\u0415, 50 \u043c\u0433", False),
        ("Sun SPF 50", "Sun SPF 30", False),
        ("B12 60 Kapseln", "B12, Box zu 60", True),
        ("Zinc 60 XE 60 tablets", "Zinc 30 XE 60 tablets", False),
    ],
)
@pytest.mark.parametrize("rx_class", ["none", "otc"])
def test_numbers_of_no_known_unit_must_be_alike_too_but_for_the_size_of_the_pack(
    one, other, same, rx_class
):
    like = {"ingredients": ["it 1 mg"], "form": "x", "rx_class": rx_class, "pack_size": 60.0}
    records = [{"item_id": title, "title": title, **like} for title in (one, other)]
    codes = same_medicine(Catalogue(items_table(records)))
    assert (codes >= 0).all()
    assert (codes[0] == codes[1]) == same


def test_without_the_rules_of_a_pipeline_nothing_is_known_to_be_sold_out():
    index = Siblings(of="substitutes").fit(shop(items(own={"stock": 0})))
    assert len(index.retrieve(asked(1), 10)) == 0


def test_many_people_are_answered_as_each_of_them_alone():
    data = shop(items())
    index = Siblings().fit(data)
    two = replace(
        asked(1, 3),
        user=np.array([-1, -1]),
        at=np.array([NOW, NOW]),
        history=Histories(
            np.array([0, 1, 2]),
            np.array([1, 3]),
            np.full(2, int(Kind.PURCHASE)),
            np.array([NOW - 2, NOW - 1]),
        ),
        region=["east", "east"],
    )
    rules = [InStock(data.catalogue)]
    found = index.choose(two, 5, AllowedItems(two, rules).rows)
    assert found.item[found.request == 0].tolist() == [1, 0]
    assert found.item[found.request == 1].tolist() == [3]
