"""What must hold of any shelf, person and pack: to declare more never opens, nor does more law."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from structlog.testing import capture_logs

from benchmarks.health_world import (
    Words,
    catalogue_of,
    draw_pack,
    draw_people,
    draw_shelf,
    requests_of,
)
from galen.eligibility.gate import Gate
from galen.features.item_facts import ItemFacts
from galen.knowledge.schema import ConceptKind
from galen.knowledge.texts.concept_words import ConceptWords
from galen.pipeline.allowed import AllowedItems

WORLDS, PEOPLE, ITEMS = 4, 500, 60


@pytest.fixture(scope="module")
def words(knowledge, reader):
    return Words.of(knowledge, reader)


@pytest.fixture(scope="module", params=range(WORLDS))
def drawn(request, words):
    random = np.random.default_rng(request.param)
    catalogue = catalogue_of(draw_shelf(words, ITEMS, random), words)
    namer = ConceptWords.of(words.graph, ConceptKind.PRODUCT_WORD)
    facts = ItemFacts(catalogue, words.reader, namer)
    people = draw_people(words, ITEMS, PEOPLE, random)
    return catalogue, facts, people, draw_pack(random), random


def allowed(words, drawn, people, pack):
    """(people, items): what may be shown to each."""
    catalogue, facts, *_ = drawn
    gate = Gate.of(catalogue, facts, words.graph, pack)
    found = AllowedItems(requests_of(people, words.graph), gate.filters)
    with capture_logs() as told:  # a rule that fails allows nothing, and says so there alone
        kept = found.among(np.arange(len(people)), ITEMS)
    assert told == []
    return kept


@pytest.mark.parametrize("more", ["states", "medicines", "allergies", "cart", "bought"])
def test_to_declare_more_never_opens_an_item(words, drawn, more):
    *_, people, pack, random = drawn
    among = {
        "states": words.states,
        "medicines": [*words.drugs, *words.classes],
        "allergies": words.classes,
    }
    further = {
        "cart": lambda: int(random.integers(ITEMS)),
        "bought": lambda: (int(random.integers(ITEMS)), 1, 2.0),
    }
    add = further.get(more, lambda: str(random.choice(among.get(more, [""]))))
    richer = [replace(p, **{more: (*getattr(p, more), add())}) for p in people]
    before, after = (allowed(words, drawn, who, pack) for who in (people, richer))
    assert not (after & ~before).any()
    assert (before & ~after).any()


@pytest.mark.parametrize("change", [{"unrecognised": True}, {"shared": True}, {"age": None}])
def test_what_is_not_known_of_a_person_never_opens_an_item(words, drawn, change):
    *_, people, pack, _ = drawn
    grown = [p for p in people if p.age is not None and 18 <= p.age < 65]  # of no age group
    before = allowed(words, drawn, grown, pack)
    after = allowed(words, drawn, [replace(p, **change) for p in grown], pack)
    assert not (after & ~before).any()


def test_a_stricter_pack_shows_a_part_of_what_a_laxer_one_does(words, drawn):
    *_, people, pack, _ = drawn
    stricter = msgspec.structs.replace(
        pack,
        interactions=msgspec.structs.replace(pack.interactions, drop=1, warn=1, ungraded="drop"),
        contraindications=msgspec.structs.replace(
            pack.contraindications, drop=1, warn=1, ungraded="drop"
        ),
        duplicates="drop",
        unknown=msgspec.structs.replace(pack.unknown, ingredients="drop", medicines="drop"),
        unlocked=(),
    )
    before, after = (allowed(words, drawn, people, p) for p in (pack, stricter))
    assert not (after & ~before).any()
    assert (before & ~after).any()
