"""A profile says the same of a row at a request and in training, and nothing where it is not."""

from dataclasses import replace

import numpy as np
import pytest
from enrich.word_shop import item, word_shop
from features.profile_table import write_profiles
from worlds import DAY, START

from galen.assembly.examples.impressions import impression_examples
from galen.assembly.examples.people import PeopleColumns
from galen.assembly.split import split_by
from galen.data.dataset import Dataset
from galen.data.enriched import EnrichedError, Extent
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.enrich.running.journal import Journal
from galen.enrich.running.runner import run
from galen.enrich.tables.profiles import ProfilesTask, profile_rules
from galen.features.declared import PROFILED
from galen.features.from_tables import with_tables
from galen.features.profile_fit import ProfileFit
from galen.features.store import FeatureStore
from galen.knowledge.build import built_in
from galen.llm.rules import RulesModel
from galen.pipeline.candidates import Candidates

BASKETS = [["razor", "shaving foam"] * 3, ["saline nasal spray", "paper tissues"] * 3]
EVERYONE = {"razor": 0.2, "paper tissues": 0.1}
NORTH = {"razor": 0.4, "nail file": 0.3}
NOW = START + 60 * DAY
ROWS = Candidates(
    np.repeat([0, 1], 4), np.tile([item("razor"), item("nail file"), item("shaving foam"), -1], 2)
)


@pytest.fixture
def data(tmp_path):
    shop = word_shop(BASKETS, enriched=tmp_path)
    return replace(shop, region=[["north", "south"][user % 2] for user in range(shop.users)])


def asked(data, tables, at=NOW):
    """What a ranker sees of two people, of the north and of no known region."""
    store = FeatureStore.replay(data)
    requests = store.requests([0, 1], at, region=["north", None])
    known = ROWS.take(ROWS.item >= 0)
    batch = with_tables(store, tables).assemble(requests, known)
    return {f.name: batch.matrix([f.name])[:, 0].reshape(2, -1) for f in PROFILED}


def test_weight_and_lift_are_those_of_the_finest_profile_that_is_known(data, tmp_path):
    write_profiles(tmp_path, {(): EVERYONE, (("region", "north"),): NORTH})
    found = asked(data, [ProfileFit().of(data)])
    np.testing.assert_allclose(found["profile_weight"], [[0.4, 0.3, 0], [0.2, 0, 0]])
    np.testing.assert_allclose(found["profile_lift"], [[2, np.nan, np.nan], [1, np.nan, np.nan]])
    assert found["profile_known"].tolist() == [[1, 1, 1], [1, 1, 1]]


def test_a_person_without_a_cohort_has_the_features_missing_and_an_indicator(data, tmp_path):
    write_profiles(tmp_path, {(("region", "north"),): NORTH})
    found = asked(data, [ProfileFit().of(data)])
    assert found["profile_known"].tolist() == [[1, 1, 1], [0, 0, 0]]
    assert np.isnan(found["profile_weight"][1]).all()
    assert np.isnan(found["profile_lift"]).all()  # nothing is known of the whole shop


def test_a_shop_without_the_table_has_the_features_missing_everywhere(data):
    found = asked(data, [ProfileFit().of(data)])
    assert (found["profile_known"] == 0).all()
    assert np.isnan(found["profile_weight"]).all()


def test_a_table_from_later_events_is_refused(data, tmp_path):
    later = replace(data.extent, events=len(data) + 1)
    write_profiles(tmp_path, {(): EVERYONE}, later)
    with pytest.raises(EnrichedError, match="before the split"):
        ProfileFit().of(data)


def test_an_item_that_came_later_is_not_known(data, tmp_path):
    write_profiles(tmp_path, {(): EVERYONE})
    requests = FeatureStore.replay(data).requests([0], NOW)
    new = Candidates(np.zeros(1, np.int64), np.array([len(data.catalogue) + 3]))
    assert ProfileFit().of(data).columns(requests, new)["profile_known"].tolist() == [0]


def test_a_row_to_learn_from_is_not_told_by_a_profile_that_saw_what_came_of_it(data, tmp_path):
    write_profiles(tmp_path, {(): EVERYONE}, Extent(1, START + DAY))
    table = ProfileFit().of(data)
    requests = FeatureStore.replay(data).requests([0, 1], [START + DAY, START + DAY + 1])
    known = ROWS.take(ROWS.item >= 0)
    past = table.past_columns(requests, known)["profile_known"].reshape(2, -1)
    assert past.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert table.columns(requests, known)["profile_known"].all()


def test_what_was_saved_says_the_same(data, tmp_path):
    write_profiles(tmp_path, {(): EVERYONE, (("region", "north"),): NORTH}, Extent(1, START))
    table = ProfileFit().of(data)
    (tmp_path / "saved").mkdir()
    table.save(tmp_path / "saved")
    again = ProfileFit().load(tmp_path / "saved")
    assert again.until == table.until == START
    for name, values in asked(data, [table]).items():
        np.testing.assert_array_equal(asked(data, [again])[name], values)


class Watching:
    """Features of tables that keep what they were asked."""

    def __init__(self, inner) -> None:
        self.inner, self.seen = inner, []

    def past_columns(self, requests, candidates):
        told = self.inner.past_columns(requests, candidates)
        self.seen.append((requests, candidates, told))
        return told


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A shop that logs what it shows, with profiles of what was before the split."""
    folder = tmp_path_factory.mktemp("profiled") / "shop"
    shop = synthesize(folder, SyntheticSettings(300, 120, 120, 1), lambda *_: None)
    split = split_by("global-time", Dataset.read(shop))
    oldest = split.train[-1].fit
    task = ProfilesTask.of(oldest, built_in(), ("life_stage", "season", "interest"))
    with Journal(oldest.enriched) as journal:
        rules = RulesModel("profiles", 1, profile_rules(task))
        run(task, rules, journal, oldest.enriched, now=lambda: 1)
    return shop, split, oldest


def test_requests_and_impressions_are_told_the_same(written):
    """Online the store replays what was before; offline the rows come out of the logs."""
    shop, split, oldest = written
    watching = Watching(ProfileFit().of(oldest))
    tables = (watching,)
    test = impression_examples(shop, split, seed=0, tables=tables)[2]
    requests, candidates, told = watching.seen[-1]
    data, people = Dataset.read(shop), PeopleColumns.read(shop)
    checked = 0
    for place in np.random.default_rng(0).permutation(len(requests))[:40].tolist():
        rows = candidates.request == place
        user, at = int(requests.user[place]), int(requests.at[place])
        store = FeatureStore.replay(data.before(at))
        asking = store.requests(
            [user],
            at,
            surface=int(requests.surface[place]),
            age=people.age[user],
            region=people.region[user],
            life_stage=[people.life_stage[user]],
        )
        own = Candidates(np.zeros(rows.sum(), np.int64), candidates.item[rows])
        batch = with_tables(store, [watching.inner]).assemble(asking, own)
        for feature in PROFILED:
            online = batch.matrix([feature.name])[:, 0]
            np.testing.assert_array_equal(online, test.batch.per_row[feature.name][rows])
        checked += int(told["profile_known"][rows].sum())
    assert checked > 100  # else nothing was compared but what is not known
