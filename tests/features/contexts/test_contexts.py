"""Contexts of past visits and of requests are read alike."""

from dataclasses import replace

import numpy as np
import pytest

from galen.assembly.examples.people import PeopleColumns
from galen.data.dataset import Dataset
from galen.data.schema import TAKEN
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.features.contexts.context_words import ContextWords
from galen.features.contexts.contexts import ContextReader
from galen.features.store import FeatureStore
from galen.knowledge.build import built_in

FIELDS = ("region", "age", "life_stage", "season", "landing", "category", "interest")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contexts") / "shop"
    return synthesize(folder, SyntheticSettings(300, 120, 200, 0), lambda *_: None)


@pytest.fixture(scope="module")
def data(shop):
    return Dataset.read(shop)


@pytest.fixture(scope="module")
def reader(data):
    return ContextReader.of(data, built_in(), FIELDS)


def test_a_request_at_the_start_of_a_visit_has_the_context_that_was_learned_from(
    shop, data, reader
):
    taken = data.of(*TAKEN)
    past, people = reader.past(taken), PeopleColumns.read(shop)
    gap = np.diff(taken.at, prepend=0)
    begins = np.flatnonzero((taken.place == 0) | (gap > 86_400_000_000))
    user = taken.user[begins]
    store = FeatureStore.replay(data, history_length=10_000)
    asked = store.requests(
        user,
        taken.at[begins],
        age=people.age[user],
        region=[people.region[u] for u in user],
        life_stage=[people.life_stage[u] for u in user],
    )
    np.testing.assert_array_equal(reader.asked(asked), past[begins])


def test_a_key_in_words_comes_back_as_its_codes(data, reader):
    for codes in reader.past(data.of(*TAKEN))[:50].tolist():
        assert reader.codes(reader.key(codes)) == codes


def test_an_unknown_context_backs_off_to_the_empty_key(data, reader):
    words = ContextWords.count(data, reader)
    row = words.keys.find(np.full((1, len(reader.fields)), -1))[0]
    assert (words.keys.codes[row] == -1).all()
    np.testing.assert_allclose(words.share.sum(axis=1), 1.0)


def test_an_age_that_only_rules_may_read_makes_no_context(data, reader):
    asked = FeatureStore.replay(data).requests([0, 0], int(data.at.max()), age=50.0)
    hidden = replace(asked, impersonal=np.array([False, True]))
    age = reader.asked(hidden)[:, reader.fields.index("age")]
    assert age[0] >= 0
    assert age[1] == -1
