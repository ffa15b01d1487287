import numpy as np
from enrich.asked import graph
from enrich.word_shop import word_shop

from galen.enrich.tables.pairs import PairLimits, candidate_pairs, people_of_both, shared_levels
from galen.features.words.item_words import ItemWords, holds_of
from galen.features.words.word_pairs import Window, WordPairs
from galen.knowledge.word_relations import WordRelations

BASKETS = [["razor", "shaving foam"], ["saline nasal spray", "paper tissues"]]


def chosen(data, **limits):
    words = ItemWords.of(data.catalogue, graph())
    pairs = WordPairs.of(data, words.of_item, len(words), Window())
    holds = holds_of(words, data.catalogue, graph())
    relations = WordRelations.of(graph(), words.concept, holds)
    found = candidate_pairs(words, pairs, relations, PairLimits(**limits))
    named = [
        (words.names[one], words.names[other])
        for one, other in zip(found.one, found.other, strict=True)
    ]
    return words, pairs, named


def test_words_that_are_taken_together_are_asked_about_though_nothing_relates_them():
    _, _, named = chosen(word_shop(BASKETS), popular=0, partners=0)
    assert ("razor", "shaving foam") in named
    assert ("paper tissues", "razor") not in named


def test_a_word_that_nobody_takes_is_paired_with_popular_ones_of_its_department():
    _, _, named = chosen(word_shop(BASKETS), popular=0, partners=2)
    assert {("nail file", "razor"), ("nail file", "shaving foam")} <= set(named)


def test_what_knowledge_keeps_apart_is_asked_about_without_any_event():
    data = word_shop(BASKETS)
    nothing = data.take(np.zeros(len(data), bool))
    _, _, named = chosen(nothing)
    assert ("codeine cough drops", "rubbing alcohol") in named


def test_popular_words_are_paired_with_each_other():
    _, _, named = chosen(word_shop(BASKETS), popular=4, partners=0)
    assert ("paper tissues", "razor") in named


def test_each_pair_is_asked_once_and_the_number_is_bounded():
    _, _, named = chosen(word_shop(BASKETS))
    assert len(set(named)) == len(named)
    assert all(one <= other for one, other in named)
    _, _, few = chosen(word_shop(BASKETS), most=3)
    assert few == named[:3]


def test_two_words_share_the_levels_of_their_paths():
    words, pairs, _ = chosen(word_shop(BASKETS))
    place = {name: at for at, name in enumerate(words.names)}
    one, other = place["razor"], place["shaving foam"]
    assert shared_levels(words, one, other) == ("shop", "care", "shaving")
    people = people_of_both(pairs, np.array([one, one]), np.array([other, one]))
    assert people.tolist() == [40, 0]
