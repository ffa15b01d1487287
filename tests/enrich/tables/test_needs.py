"""Needs of contexts: what goes over the wire, what is judged, and the table that recall reads."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from galen.assembly.examples.people import PeopleColumns
from galen.data.dataset import Dataset
from galen.data.enriched import OTHER, EnrichedError
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.enrich.running.asking import asked_of
from galen.enrich.running.faults import EnrichError, FaultCode
from galen.enrich.running.journal import Journal
from galen.enrich.running.prompt_file import data as told
from galen.enrich.running.runner import run
from galen.enrich.running.task import Record
from galen.enrich.tables.cohorts import Cohorts
from galen.enrich.tables.need_rules import need_rules
from galen.enrich.tables.needs import ContextAnswer, NeedsTask
from galen.features.store import FeatureStore
from galen.knowledge.build import built_in
from galen.llm.language_model import Prompt
from galen.llm.rules import RulesModel
from galen.recall.needs import Needs as NeedsChannel


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("needs") / "shop"
    return synthesize(folder, SyntheticSettings(600, 150, 360, 0), lambda *_: None)


@pytest.fixture(scope="module")
def data(shop):
    return Dataset.read(shop)


@pytest.fixture(scope="module")
def past(data):
    return data.before(int(np.quantile(data.at, 0.8)))


@pytest.fixture(scope="module")
def task(past):
    return NeedsTask.of(past, built_in(), ("life_stage", "season"))


@pytest.fixture(scope="module")
def written(task, past):
    with Journal(past.enriched) as journal:
        return run(
            task, RulesModel("needs", 1, need_rules(task)), journal, past.enriched, now=lambda: 1
        )


def said(need, word):
    words = [{"product_word": word, "weight": 0.5}]
    needs = [{"need": need, "reason": "such people", "words": words}]
    return ContextAnswer.model_validate_json(json.dumps({"needs": needs}))


def test_nothing_of_a_person_goes_over_the_wire(task, shop, data):
    people = PeopleColumns.read(shop)
    wire = "\n".join(q.prompt.user for q in asked_of(task, RulesModel("needs", 1, None)))
    for words in (people.ids, data.catalogue.ids, shop.read("users")["household_id"].to_pylist()):
        assert not set(words) & set(re.findall(r"[\w-]+", wire))
    assert not re.search(r'"age"|address|"region"|[12]\d\d\d-\d\d', wire)


def test_every_key_stands_for_twenty_people_but_the_empty_one(task):
    words = task.cohorts.words
    coarsest = (words.keys.codes < 0).all(axis=1)
    assert words.people[~coarsest].min() >= 20
    assert coarsest.sum() == 1


def test_cohorts_of_fewer_people_are_refused(past):
    with pytest.raises(EnrichError, match="who is meant"):
        Cohorts.of(past, built_in(), ("season",), least_people=5)


def test_the_rules_answer_every_context_and_pass_the_judge(written):
    assert written.records > 10
    assert written.held == {}


def test_a_word_that_nothing_leads_to_is_refused(task):
    record = Record("{}", {"people": {"season": "winter"}, "take": []})
    assert task.judge(record, said("cough", "cough syrup")) == []
    faults = task.judge(record, said("cough", "nappies"))
    assert [fault.code for fault in faults] == [FaultCode.KNOWLEDGE]


def test_a_word_that_these_people_take_needs_no_way_in_the_graph(task):
    take = [{"word": "nappies", "share": 0.1, "lift": 1.0}]
    record = Record("{}", {"people": {"season": "winter"}, "take": take})
    assert task.judge(record, said("other", "nappies")) == []


def test_what_is_contraindicated_is_refused_though_these_people_take_it(task):
    take = [{"word": "ibuprofen tablets", "share": 0.1, "lift": 1.0}]
    record = Record("{}", {"people": {"life stage": "expecting a baby"}, "take": take})
    faults = task.judge(record, said("headache", "ibuprofen tablets"))
    assert [fault.code for fault in faults] == [FaultCode.KNOWLEDGE]


def test_the_channel_reads_the_table_and_comes_back_from_disk(written, past, tmp_path):
    spec = NeedsChannel(table="needs", fields=("life_stage", "season"))
    index = spec.fit(past)
    assert index.needs
    index.save(tmp_path)
    again = spec.load(tmp_path)
    np.testing.assert_array_equal(again.weight.toarray(), index.weight.toarray())


def test_a_need_without_a_name_is_no_reason(written, past):
    index = NeedsChannel(table="needs", fields=("life_stage", "season")).fit(past)
    store = FeatureStore.replay(past)
    stage = next(name for name in past.life_stage if name)
    request = store.requests([0], int(past.at.max()) + 1, life_stage=[stage])
    items = range(len(past.catalogue))
    named = {index.why(request, 0)(item) for item in items} - {None}
    assert named
    nameless = replace(index, needs=[OTHER] * len(index.needs))
    assert {nameless.why(request, 0)(item) for item in items} == {None}


def test_a_table_that_knows_the_future_is_refused(written, data, past):
    earlier = data.before(int(np.quantile(data.at, 0.5)))
    with pytest.raises(EnrichedError, match="made from"):
        NeedsChannel(table="needs").fit(earlier)


def test_a_missing_table_is_an_error_only_where_it_is_asked_for(past, tmp_path):
    alone = replace(past, enriched=tmp_path)
    assert NeedsChannel().fit(alone).weight.nnz
    with pytest.raises(EnrichedError, match="needs"):
        NeedsChannel(table="needs").fit(alone)


def test_rules_name_no_more_needs_than_an_answer_may_have(task):
    words, needs = (task.asked.vocabulary.words[name] for name in ("product_word", "need"))
    served = {word: frozenset([need]) for word, need in zip(words, needs, strict=False)}
    led = replace(task, goods=replace(task.goods, served=served))
    take = [{"word": word, "share": 0.01, "lift": 1.0} for word in served if word != OTHER]
    answer = need_rules(led)(Prompt("", told({"people": {}, "take": take})))
    assert len(ContextAnswer.model_validate_json(answer).needs) == 30
