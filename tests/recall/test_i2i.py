from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from enrich.word_shop import EACH, WORDS, item, word_shop
from worlds import DAY, NOW

from galen.data.enriched import PROVENANCE, EnrichedError, Extent, write_enriched
from galen.data.schema import Kind
from galen.pipeline.candidates import Histories, Requests
from galen.pipeline.circumstances import Packed, nothing_declared
from galen.recall.i2i import I2i
from galen.recall.item_pairs.weights import FEATURES

BASKETS = [["razor", "shaving foam"], ["saline nasal spray", "paper tissues"]]


def asked(*had, cart=(), kind=Kind.PURCHASE):
    declared = replace(nothing_declared(1), cart=Packed.of([list(cart)]))
    return Requests(
        user=np.array([-1]),
        at=np.array([NOW]),
        history=Histories(
            np.array([0, len(had)]),
            np.array(had, np.int64),
            np.full(len(had), int(kind)),
            NOW - len(had) + np.arange(len(had)),
        ),
        surface=np.zeros(1, np.int64),
        age=np.array([40.0]),
        region=["east"],
        seed=np.zeros(1, np.int64),
        circumstances=declared,
    )


def words_of(found):
    return {list(WORDS)[place // EACH] for place in found.item.tolist()}


def write_relations(folder, *rows, made_from=None):
    """Rows of (first, second, relation, direction)."""
    columns = {
        "key": [f"{first} | {second}" for first, second, *_ in rows],
        "first": [row[0] for row in rows],
        "second": [row[1] for row in rows],
        "relation": [row[2] for row in rows],
        "direction": [row[3] for row in rows],
        "confidence": [0.9] * len(rows),
        "reason": [f"{row[1]} follows {row[0]}" for row in rows],
    }
    origin = {"model": "recorded:test", "prompt": "relations@1", "knowledge": "", "at": 0}
    table = {name: pa.array(values) for name, values in columns.items()}
    for field in PROVENANCE:
        table[field.name] = pa.array([origin.get(field.name, 0.0)] * len(rows), field.type)
    write_enriched(folder, "relations", pa.table(table), made_from or Extent())


def test_what_is_taken_together_is_proposed_beside_what_a_person_has():
    index = I2i().fit(word_shop(BASKETS))
    assert words_of(index.retrieve(asked(item("razor")), 10)) == {"shaving foam"}
    assert words_of(index.retrieve(asked(item("saline nasal spray")), 2)) == {"paper tissues"}


def test_what_nobody_took_is_reached_by_its_word_after_what_people_take():
    found = I2i().fit(word_shop(BASKETS)).retrieve(asked(item("razor")), 10)
    cold = item("shaving foam", EACH - 1)
    assert found.item.tolist()[-1] == cold
    assert len(found) == EACH


def test_what_lies_in_the_cart_counts_as_had():
    index = I2i().fit(word_shop(BASKETS))
    assert words_of(index.retrieve(asked(cart=[item("razor")]), 10)) == {"shaving foam"}
    assert item("razor") not in index.retrieve(asked(cart=[item("razor")]), 10).item


def test_the_graph_relates_words_that_nobody_took():
    data = word_shop(BASKETS)
    index = I2i().fit(data.take(np.zeros(len(data), bool)))
    assert words_of(index.retrieve(asked(item("paper tissues")), 10)) == {"saline nasal spray"}
    assert len(index.retrieve(asked(item("razor")), 10)) == 0


def test_what_must_not_meet_is_never_proposed_though_people_take_it_together():
    data = word_shop([["codeine cough drops", "rubbing alcohol"], *BASKETS])
    index = I2i(substitutes=True).fit(data)
    assert len(index.retrieve(asked(item("codeine cough drops")), 10)) == 0


def test_what_clashes_with_one_thing_had_is_not_proposed_for_another():
    baskets = [["razor", "rubbing alcohol"], ["saline nasal spray", "paper tissues"]]
    index = I2i().fit(word_shop(baskets))
    assert "rubbing alcohol" in words_of(index.retrieve(asked(item("razor")), 10))
    both = asked(item("codeine cough drops"), item("razor"))
    assert "rubbing alcohol" not in words_of(index.retrieve(both, 10))
    in_cart = asked(item("razor"), cart=[item("codeine cough drops")])
    assert "rubbing alcohol" not in words_of(index.retrieve(in_cart, 10))


def test_a_table_decides_where_the_shop_has_one(tmp_path):
    write_relations(
        tmp_path,
        ("nail file", "razor", "complement", "second_then_first"),
        ("razor", "shaving foam", "unsafe_together", "either"),
        ("a word of before", "razor", "complement", "either"),
    )
    index = I2i().fit(word_shop(BASKETS, enriched=tmp_path))
    assert words_of(index.retrieve(asked(item("razor")), 10)) == {"nail file"}
    assert len(index.retrieve(asked(item("nail file")), 10)) == 0
    by_rule = I2i(relations="rules").fit(word_shop(BASKETS, enriched=tmp_path))
    assert words_of(by_rule.retrieve(asked(item("razor")), 10)) == {"shaving foam"}


def test_the_reason_is_the_one_that_was_judged_or_else_the_way(tmp_path):
    data = word_shop(BASKETS, enriched=tmp_path)
    by_rule, foam = I2i().fit(data), item("shaving foam")
    assert by_rule.why(asked(item("razor")), 0)(foam) == "razor → shaving foam"
    write_relations(tmp_path, ("razor", "shaving foam", "complement", "first_then_second"))
    I2i().fit(data).save(tmp_path)
    index = I2i().load(tmp_path)
    assert index.why(asked(item("razor")), 0)(foam) == "shaving foam follows razor"
    assert index.why(asked(item("nail file")), 0)(foam) is None


def test_substitutes_are_proposed_only_where_they_are_wanted(tmp_path):
    write_relations(tmp_path, ("nail file", "razor", "substitute", "either"))
    data = word_shop(BASKETS, enriched=tmp_path)
    assert len(I2i().fit(data).retrieve(asked(item("razor")), 10)) == 0
    found = I2i(substitutes=True).fit(data).retrieve(asked(item("razor")), 10)
    assert words_of(found) == {"nail file"}


def test_a_table_that_a_recipe_wants_has_to_be_there(tmp_path):
    with pytest.raises(EnrichedError, match="galen enrich run relations"):
        I2i(relations="table").fit(word_shop(BASKETS, enriched=tmp_path))


def test_a_table_of_later_events_than_are_known_is_refused(tmp_path):
    data = word_shop(BASKETS, enriched=tmp_path)
    row = ("razor", "shaving foam", "complement", "either")
    write_relations(tmp_path, row, made_from=data.extent)
    I2i().fit(data)
    with pytest.raises(EnrichedError, match="before the split"):
        I2i().fit(data.before(int(data.at.max())))


def test_an_item_of_the_future_is_no_better_than_one_that_nobody_takes():
    """All people take one item after the cut; before it the channel must not know."""
    data = word_shop(BASKETS)
    cut = int(data.at.max()) + 1
    planted = item("shaving foam", EACH - 1)
    late = replace(
        data,
        user=np.repeat(np.arange(80, dtype=np.int32), 3),
        item=np.tile(np.array([item("razor"), planted, planted], np.int32), 80),
        kind=np.full(240, int(Kind.PURCHASE), np.int8),
        at=cut + DAY * np.tile(np.arange(3), 80),
    )
    both = _joined(data, late)
    before = I2i().fit(both.before(cut)).retrieve(asked(item("razor")), 10)
    assert before.item.tolist() == I2i().fit(data).retrieve(asked(item("razor")), 10).item.tolist()
    after = I2i().fit(both).retrieve(asked(item("razor")), 10)
    assert before.item[0] != planted == after.item[0]


def test_weights_are_learned_from_what_was_shown_and_clicked():
    """Of what is shown beside a razor, only goods of its brand are clicked."""
    data = word_shop(BASKETS, people=200)
    rows = []
    for user in range(0, 400, 2):
        bought = int(data.item[data.offsets[user]])
        for number in range(EACH):
            shown = item("shaving foam", number)
            at = int(data.at.max()) + DAY + number
            rows.append((user, shown, int(Kind.IMPRESSION), at))
            if number == bought % EACH:
                rows.append((user, shown, int(Kind.CLICK), at + EACH))
    user, shown, kind, at = np.array(rows).T
    late = replace(
        data,
        user=user.astype(np.int32),
        item=shown.astype(np.int32),
        kind=kind.astype(np.int8),
        at=at,
    )
    brand = FEATURES.index("brand")
    by_clicks, by_purchases = I2i().fit(_joined(data, late)), I2i().fit(data)
    assert by_clicks.learned[brand] > by_purchases.learned[brand] + 0.5
    found = by_clicks.retrieve(asked(item("razor", 1)), 3)
    assert found.item.tolist()[0] == item("shaving foam", 1)


def test_says_by_which_words_an_item_was_found():
    index = I2i().fit(word_shop(BASKETS))
    request = asked(item("razor"))
    assert index.why(request, 0)(item("shaving foam")) == "razor → shaving foam"
    assert index.why(request, 0)(item("nail file")) is None
    assert index.why(asked(), 0)(item("nail file")) is None


def _joined(one, other):
    columns = {
        name: np.concatenate([getattr(one, name), getattr(other, name)])
        for name in ("user", "item", "kind", "at")
    }
    order = np.lexsort((columns["at"], columns["user"]))
    return replace(one, **{name: values[order] for name, values in columns.items()})
