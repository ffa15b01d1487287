from dataclasses import replace

import numpy as np
import pyarrow as pa
from worlds import NOW

from galen.data.catalogue import Catalogue
from galen.data.schema import ITEMS, Kind
from galen.enrich.tables.sample_pairs import SampleLimits, SamplePairs
from galen.features.clicks import odd_clicks
from galen.features.words.item_words import ItemWords
from galen.features.words.word_contexts import WordContexts
from galen.features.words.word_pairs import Window, WordPairs
from galen.knowledge.build import built_in


def dataset(world, *rows):
    """Rows of (user, item, kind, moment), by user and moment."""
    user, item, kind, at = (np.array(column) for column in zip(*rows, strict=True))
    none = world.data.take(np.zeros(len(world.data), bool))
    return type(none)(
        **{
            **{name: getattr(none, name) for name in ("catalogue", "clock", "users")},
            "user": user.astype(np.int32),
            "item": item.astype(np.int32),
            "kind": kind.astype(np.int8),
            "at": (NOW + at).astype(np.int64),
        }
    )


def contexts_of(world, data, least):
    words = ItemWords.of(world.data.catalogue, built_in())
    return WordContexts.of(data, words, least)


def test_a_context_that_too_few_share_gives_way_to_a_wider_one(world):
    """Two people took group 0 then 1, one took 2 then 1, one took 3."""
    buy = int(Kind.PURCHASE)
    rows = [(user, item, buy, place) for user in (0, 1) for place, item in enumerate((0, 6))]
    rows += [(2, 12, buy, 0), (2, 6, buy, 1), (3, 18, buy, 0)]
    data = dataset(world, *rows)
    found = contexts_of(world, data, 2)
    told = [found.names[place] if place >= 0 else None for place in found.of_user[:4]]
    assert told == ["group-0 + group-1", "group-0 + group-1", "group-1", None]
    words = ItemWords.of(world.data.catalogue, built_in()).names
    named = [" + ".join(words[place] for place in context) for context in found.words]
    assert named == list(found.names)
    assert found.users_of("group-1").tolist() == [2]
    assert found.users_of("nothing").tolist() == []


def test_a_context_names_no_group_below_the_least(world):
    found = contexts_of(world, world.data, 20)
    _, count = np.unique(found.of_user[found.of_user >= 0], return_counts=True)
    wide = [len(words) for words in found.words]
    assert found.names == ("group-0",)
    assert count.tolist() == [50]
    assert wide == [1]


def test_a_click_of_which_nothing_came_is_told_with_what_was_taken_before(world):
    click, buy = int(Kind.CLICK), int(Kind.PURCHASE)
    data = dataset(
        world,
        (0, 0, buy, 0),
        (0, 6, click, 1),  # nothing comes of it
        (0, 12, click, 2),  # bought next
        (0, 12, buy, 3),
        (1, 6, click, 0),  # nothing before
        (1, 7, click, 10 * 86_400_000_000),  # another session
    )
    odd = odd_clicks(data, world.group_of_item)
    assert (odd.row.tolist(), odd.before.tolist(), odd.word.tolist()) == ([1], [0], [1])


def test_a_word_that_looks_like_two_stays_one(world):
    """Persons 0 and 1 took it and a tea, as a joined name would be read as three words."""
    records = world.data.catalogue.table.slice(0, 2).to_pylist()
    named = zip(records, (["vitamins + minerals"], ["tea"]), strict=True)
    table = pa.Table.from_pylist([record | {"category": path} for record, path in named], ITEMS)
    buy = int(Kind.PURCHASE)
    both = [(user, item, buy, item) for user in (0, 1) for item in (0, 1)]
    data = replace(dataset(world, *both), catalogue=Catalogue(table))
    words = ItemWords.of(data.catalogue, built_in())
    found = WordContexts.of(data, words, 2)
    assert found.names == ("tea + vitamins + minerals",)
    assert [[words.names[place] for place in context] for context in found.words] == [
        ["tea", "vitamins + minerals"]
    ]
    pairs = WordPairs.of(data, words.of_item, len(words), Window())
    cold = SampleLimits(cold=100, people=2)
    guesses = SamplePairs(data, words, pairs, found, cold, seed=0).guesses()
    assert {guess.words for guess in guesses} == {tuple(found.words[0])}
