"""The knowledge channel: what is asked for in words is found, with the way to it."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import items_table

from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.schema import Kind
from galen.pipeline.candidates import Requests, no_histories
from galen.recall.knowledge import Knowledge, KnowledgeIndex

SHELF = [
    ("Saline nasal spray 20 ml, Acme", []),
    ("Nose drops of Acme", ["xylometazoline 1 mg/ml"]),
    ("Ibuprofen tablets 20", ["ibuprofen 200 mg"]),
    ("Nappies, 30 pieces", []),
    ("生理盐水鼻喷雾 30ml", []),
    ("Garden hose", []),
]


@pytest.fixture(scope="module")
def index() -> KnowledgeIndex:
    records = [
        {"item_id": str(n), "title": title, "ingredients": holds, "rx_class": "otc"}
        for n, (title, holds) in enumerate(SHELF)
    ]
    taken = np.array([0, 4, 4, 4])  # the last one's saline is taken more often
    data = Dataset(
        catalogue=Catalogue(items_table(records)),
        clock="order",
        users=1,
        user=np.zeros(len(taken), np.int32),
        item=taken.astype(np.int32),
        kind=np.full(len(taken), int(Kind.PURCHASE), np.int8),
        at=np.arange(len(taken)),
    )
    return Knowledge().fit(data)


def asked(*queries: str | None, stage: str | None = None) -> Requests:
    rows = len(queries)
    return Requests(
        user=np.full(rows, -1),
        at=np.zeros(rows, np.int64),
        history=no_histories(rows),
        surface=np.zeros(rows, np.int64),
        age=np.full(rows, 40.0),
        region=[None] * rows,
        seed=np.arange(rows),
        life_stage=[stage] * rows,
        query=queries,
    )


@pytest.mark.parametrize("query", ["my nose is blocked, nasal congestion", "鼻塞怎么办"])
def test_a_symptom_leads_to_what_is_for_it(index, query):
    found = index.retrieve(asked(query), 10)
    assert {0, 4} <= set(found.item.tolist())
    assert not {3, 5} & set(found.item.tolist())
    assert "→" in index.why(asked(query), 0)(0)


def test_a_product_is_found_by_its_word_before_what_is_for_the_same(index):
    found = index.retrieve(asked("saline nasal sprays"), 10)
    assert found.item.tolist()[:2] == [4, 0]  # both; the one that is taken more often first
    assert index.why(asked("saline nasal spray"), 0)(0) == "saline nasal spray"


def test_an_ingredient_leads_to_what_holds_it_and_a_class_to_its_members(index):
    assert index.retrieve(asked("ibuprofen"), 1).item.tolist() == [2]
    assert 2 in index.retrieve(asked("an nsaid"), 10).item
    assert "nsaid" in index.why(asked("an nsaid"), 0)(2)


def test_a_life_stage_leads_to_goods_after_those_that_were_asked_for(index):
    found = index.retrieve(asked(None, stage="parents with a baby"), 10)
    assert 3 in found.item
    both = index.retrieve(asked("ibuprofen", stage="parents with a baby"), 10)
    assert both.item.tolist()[0] == 2


def test_words_that_nobody_knows_lead_nowhere(index):
    assert len(index.retrieve(asked("qwxyz", "", None), 10)) == 0
    assert index.why(asked("qwxyz"), 0)(0) is None


def test_a_batch_is_answered_as_its_requests_one_by_one(index):
    queries = ["nasal congestion", None, "ibuprofen"]
    together = index.retrieve(asked(*queries), 3)
    for row, query in enumerate(queries):
        alone = index.retrieve(asked(query), 3)
        assert together.item[together.request == row].tolist() == alone.item.tolist()


def test_what_is_saved_answers_the_same(index, tmp_path):
    index.save(tmp_path)
    again = Knowledge().load(tmp_path)
    request = asked("nasal congestion", "ibuprofen")
    assert again.retrieve(request, 5).item.tolist() == index.retrieve(request, 5).item.tolist()
    assert again.why(request, 0)(0) == index.why(request, 0)(0)


def test_requests_without_any_query_are_answered_with_nothing(index):
    assert len(index.retrieve(replace(asked(None), query=None, life_stage=None), 5)) == 0
