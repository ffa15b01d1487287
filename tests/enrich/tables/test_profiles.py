"""Profiles of cohorts: product words only, grounded, and read by the recall channel."""

import json

import numpy as np
import pytest

from galen.data.dataset import Dataset
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.enrich.running.faults import FaultCode
from galen.enrich.running.journal import Journal
from galen.enrich.running.runner import run
from galen.enrich.running.task import Record
from galen.enrich.tables.profiles import ProfileAnswer, ProfilesTask, profile_rules
from galen.knowledge.build import built_in
from galen.llm.rules import RulesModel
from galen.pipeline.candidates import Candidates, Requests, no_histories
from galen.recall.needs import Needs


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("profiles") / "shop"
    return Dataset.read(synthesize(folder, SyntheticSettings(600, 150, 360, 0), lambda *_: None))


@pytest.fixture(scope="module")
def task(data):
    return ProfilesTask.of(data, built_in(), ("sex", "life_stage"))


def said(word):
    return ProfileAnswer.model_validate_json(
        json.dumps({"words": [{"product_word": word, "weight": 0.5}]})
    )


def test_a_word_stands_in_what_the_cohort_takes_or_is_for_its_stage_of_life(task):
    record = Record("{}", {"people": {"life stage": "parents with a baby"}, "take": []})
    assert task.judge(record, said("nappies")) == []
    assert [f.code for f in task.judge(record, said("foot cream"))] == [FaultCode.KNOWLEDGE]


def test_an_illness_is_no_product_word(task):
    take = [{"word": "hay fever", "share": 0.1, "lift": 1.0}]
    record = Record("{}", {"people": {}, "take": take})
    assert FaultCode.DIAGNOSIS in {f.code for f in task.judge(record, said("hay fever"))}


def test_parents_of_a_baby_are_told_more_of_baby_wipes_than_others(task, data):
    with Journal(data.enriched) as journal:
        rules = RulesModel("profiles", 1, profile_rules(task))
        report = run(task, rules, journal, data.enriched, now=lambda: 1)
    assert report.held == {}
    index = Needs(table="profiles", fields=("life_stage",)).fit(data)
    stages = ["parents with a baby", "young adult"]
    requests = Requests(
        np.full(2, -1),
        np.full(2, int(data.at.max())),
        no_histories(2),
        np.zeros(2, np.int64),
        np.full(2, np.nan),
        [None] * 2,
        np.zeros(2, np.int64),
        life_stage=stages,
    )
    word = index.reader.words["landing"].index("baby wipes")
    items = np.flatnonzero((index.reader.of_item["landing"] == word) & (index.within > 0))
    rows = Candidates(np.repeat([0, 1], len(items)), np.tile(items, 2))
    score = index.answer(requests).scores(rows).reshape(2, -1)
    assert (score[0] > score[1]).all()
