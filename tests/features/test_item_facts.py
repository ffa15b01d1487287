"""What knowledge says of a catalogue's items, and that it follows the catalogue."""

import numpy as np
import pytest
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.features.item_facts import ItemFacts
from galen.knowledge.build import built_in
from galen.knowledge.labels.contents import IngredientReader
from galen.knowledge.labels.likely_contents import LikelyContents
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords

PACK = {"rx_class": "otc", "pack_size": 20.0, "pack_unit": "tablets"}


@pytest.fixture(scope="module")
def known():
    graph = built_in()
    return graph, IngredientReader.of(graph), ConceptWords.of(graph, ConceptKind.PRODUCT_WORD)


def facts_of(known, *records):
    _, reader, namer = known
    catalogue = Catalogue(items_table([{"item_id": str(n)} | r for n, r in enumerate(records)]))
    return catalogue, ItemFacts(catalogue, reader, namer)


def held(known, columns, row):
    graph = known[0]
    told = columns.concept[row]
    return {
        graph.ids[c]: float(a)
        for c, a in zip(told, columns.milligrams[row], strict=True)
        if c >= 0 and graph.ids[c].startswith("ingredient:")
    }


@pytest.mark.parametrize(
    ("ingredients", "pack", "expected"),
    [
        (["paracetamol 500 mg"], {}, {"ingredient:paracetamol": 10_000}),
        (["Acetaminophen 500mg + caffeine (65 mg)"], {},
         {"ingredient:paracetamol": 10_000, "ingredient:caffeine": 1300}),
        (["ibuprofen 100mg/5ml"], {"pack_size": 150.0, "pack_unit": "ml"},
         {"ingredient:ibuprofen": 3000}),
        (["hydrocortisone 1%"], {"pack_size": 15.0, "pack_unit": "g"},
         {"ingredient:hydrocortisone": 150}),
        (["ibuprofen 100mg/5ml"], {"pack_size": 0.5, "pack_unit": "Litres"},
         {"ingredient:ibuprofen": 10_000}),
        (["paracetamol 500 mg"], {"pack_unit": "Tabs."}, {"ingredient:paracetamol": 10_000}),
        (["paracetamol 500 mg"], {"pack_unit": "片"}, {"ingredient:paracetamol": 10_000}),
    ],
)  # fmt: skip
def test_amounts_are_strength_times_units_of_the_pack(known, ingredients, pack, expected):
    _, facts = facts_of(known, PACK | {"ingredients": ingredients} | pack)
    assert held(known, facts.columns, 0) == pytest.approx(expected)
    assert facts.columns.recognised[0]


@pytest.mark.parametrize(
    "record",
    [
        {"ingredients": ["paracetamol"]},
        {"ingredients": ["paracetamol 500 mg"], "pack_size": None},
        {"ingredients": ["paracetamol 500 mg"], "pack_size": 1.0, "pack_unit": "piece"},
        {"ingredients": ["paracetamol 500 mg"], "pack_size": 2.0, "pack_unit": "boxes"},
        {"ingredients": ["paracetamol 500 mg"], "pack_size": 1.0, "pack_unit": "盒"},
        {"ingredients": ["paracetamol 120mg/5ml"], "pack_size": 1.0, "pack_unit": "bottle"},
        {"ingredients": ["paracetamol 120mg/5ml"], "pack_size": 12.0, "pack_unit": "sachets"},
    ],
)
def test_an_amount_that_is_not_said_is_not_known(known, record):
    _, facts = facts_of(known, PACK | record)
    assert np.isnan(held(known, facts.columns, 0)["ingredient:paracetamol"])


def test_a_medicine_is_recognised_only_where_every_ingredient_is(known):
    _, facts = facts_of(
        known,
        PACK | {"ingredients": ["paracetamol 500 mg", "qwxyz 3 mg"]},
        PACK | {"ingredients": []},
        {"title": "Garden hose", "rx_class": "none"},
        {"title": "of unknown class", "rx_class": None},
    )
    assert facts.columns.recognised.tolist() == [False, False, True, False]
    assert facts.columns.medicine.tolist() == [True, True, False, True]


def test_the_product_word_is_the_longest_that_stands_in_the_title(known):
    graph = known[0]
    _, facts = facts_of(known, {"title": "Extra Paracetamol Tablets 20, Acme"}, {"title": "Hose"})
    assert graph.ids[facts.columns.concept[0, 0]] == "product_word:paracetamol tablets"
    assert facts.columns.concept[1, 0] == -1


def test_an_item_that_changed_or_came_is_read_again(known):
    catalogue, facts = facts_of(known, PACK | {"ingredients": ["paracetamol 500 mg"]})
    many = ["ibuprofen 200 mg", "caffeine 65 mg", "menthol 1 mg"]
    catalogue.upsert(catalogue.record(0) | {"ingredients": many})
    catalogue.upsert(catalogue.record(0) | {"item_id": "new", "ingredients": ["codeine 8 mg"]})
    assert set(held(known, facts.columns, 0)) == {
        "ingredient:ibuprofen",
        "ingredient:caffeine",
        "ingredient:menthol",
    }
    assert set(held(known, facts.columns, 1)) == {"ingredient:codeine"}


class Watched(ItemFacts):
    """Tells what a reader finds after each step in which facts are put in place."""

    def __init__(self, *parts):
        self.watch = lambda: None
        super().__init__(*parts)

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if name.startswith("_"):
            self.watch()


class WhileReading:
    """A namer during whose first reading after `then` is set something else happens."""

    def __init__(self, namer):
        self.namer, self.then = namer, None

    def find(self, titles):
        then, self.then = self.then, None
        if then is not None:
            then()
        return self.namer.find(titles)


def test_a_reader_that_is_late_never_puts_older_facts_in_the_place_of_newer_ones(known):
    _, reader, namer = known
    slow = WhileReading(namer)
    catalogue = Catalogue(items_table([{"item_id": "0", **PACK, "ingredients": ["menthol"]}]))
    facts, found = Watched(catalogue, reader, slow), []

    def newer():
        catalogue.upsert({"item_id": "1", **PACK, "ingredients": ["ibuprofen 200 mg"]})
        assert "ingredient:ibuprofen" in held(known, facts.columns, 1)
        facts.watch = lambda: found.append(sorted(held(known, facts_now(facts), 1)))

    def facts_now(facts):
        facts.watch, watch = (lambda: None), facts.watch
        columns = facts.columns
        facts.watch = watch
        return columns

    catalogue.upsert({"item_id": "0", **PACK, "ingredients": ["paracetamol 500 mg"]})
    slow.then = newer
    assert facts.columns
    assert found
    assert all(one == ["ingredient:ibuprofen"] for one in found)


def test_goods_of_which_no_ingredient_is_told_hold_what_they_are_likely_to(known):
    graph, reader, namer = known
    records = [
        {"title": "St John's Wort 300mg", "ingredients": None},
        {"title": "Omega-3 capsules", "ingredients": []},
        {"title": "Ibuprofen 200mg caplets", "ingredients": [" "], "rx_class": "otc"},
        {"title": "Omega-3 capsules", "ingredients": ["menthol"]},
        {"title": "Aspirin-free balm", "ingredients": None},
    ]
    catalogue = Catalogue(items_table([{"item_id": str(n)} | r for n, r in enumerate(records)]))
    facts = ItemFacts(catalogue, reader, namer, LikelyContents.of(graph, reader.told))
    held_by = [set(held(known, facts.columns, row)) for row in range(5)]
    assert held_by == [
        {"ingredient:st john's wort"},
        {"ingredient:fish oil", "ingredient:omega-3 fatty acids"},
        {"ingredient:ibuprofen"},
        {"ingredient:menthol"},
        set(),
    ]
    assert facts.columns.assumed.any(1).tolist() == [True, True, True, False, False]
    assert not facts.columns.recognised[2]  # a guess does not make it known
    catalogue.upsert(catalogue.record(0) | {"ingredients": ["menthol"]})
    assert set(held(known, facts.columns, 0)) == {"ingredient:menthol"}
    assert facts.columns.assumed.any(1).tolist() == [False, True, True, False, False]
    plain = ItemFacts(catalogue, reader, namer).columns
    assert not plain.assumed.any()
    assert not held(known, plain, 1)


def test_a_label_that_does_not_tell_all_does_not_switch_off_the_title(known):
    graph, reader, namer = known
    records = [
        {"title": "St John's Wort 300mg", "ingredients": ["see leaflet"]},
        {"title": "Omega-3 capsules", "ingredients": ["siehe Packungsbeilage"]},
        {"title": "Ginkgo and caffeine", "ingredients": ["caffeine 10 mg", "见说明书"]},
        {"title": "Omega-3 capsules", "ingredients": ["caffeine 10 mg", "see leaflet"]},
        {"title": "Ginkgo", "ingredients": ["caffeine"]},
    ]
    catalogue = Catalogue(
        items_table([{"item_id": str(n), **PACK} | r for n, r in enumerate(records)])
    )
    columns = ItemFacts(catalogue, reader, namer, LikelyContents.of(graph, reader.told)).columns

    def names(row, which):
        rows = columns.concept[row, 1:][which[row, 1:] & (columns.concept[row, 1:] >= 0)]
        return [graph.names[one] for one in rows.tolist()]

    assert [names(row, columns.assumed) for row in range(5)] == [
        ["st john's wort"],
        ["omega-3 fatty acids", "fish oil"],
        ["ginkgo"],
        ["omega-3 fatty acids"],  # by its title; usual contents are for labels that tell nothing
        [],
    ]
    assert [names(row, ~columns.assumed) for row in range(5)] == [
        *([], []),
        *([["caffeine"]] * 3),
    ]
    assert columns.recognised.tolist() == [False, False, False, False, True]
    amount = columns.milligrams[2][columns.concept[2] == graph.row_of["ingredient:caffeine"]]
    assert amount.tolist() == [200]  # and not once more without an amount
