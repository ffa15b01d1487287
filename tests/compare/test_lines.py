"""Tables of a comparison whose people are made up, so that every figure is known."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from galen.compare.comparison import Comparison, Entry
from galen.compare.cost import Cost, HourlyPrices
from galen.compare.figures import METRICS, NAMES, Learned
from galen.compare.findings import Findings, tree_of
from galen.compare.forbidden import Forbidden
from galen.compare.lines import tables_of
from galen.compare.ranked import RankedByPerson, ranked_table
from galen.compare.running import ComparisonPlan, Ran
from galen.evaluate.impressions import Ranked
from galen.evaluate.slices import Slice

PEOPLE = 60
USERS = np.arange(PEOPLE) + 100
OLD = np.arange(PEOPLE) < 40


def ranked_of(right, weighed=4, users=USERS, objective="click"):
    """What a ranker has of each of these users: a share `right` of `weighed` rows."""
    rows = np.full(len(users), weighed)
    empty = np.empty(0)
    one = Ranked(objective, 0, {}, empty, empty, users, right * rows, rows)
    return RankedByPerson.read(ranked_table([one]))


def entry(name, hits, first, ranked=None):
    """Everybody has `hits` of everything; `first` (2,) are the items that each is shown, of 8."""
    clean = Forbidden(120, 0, 0)
    cost = Cost(1.0, 1.0, 2**20, 0.0)
    of_catalogue = {"coverage@10": len(set(first.ravel().tolist())) / 8, "novelty@10": 3.0}
    means = dict.fromkeys(METRICS, float(hits.mean())) | of_catalogue
    ranking = {"click": {"gauc": 0.75}} if ranked else {}
    learned = Learned(PEOPLE, means, ranking, clean, clean, (), cost, cost, 1, "v", items=8)
    by_person = dict.fromkeys(METRICS, hits) | {"novelty@10": np.full(PEOPLE, 3.0)}
    return Entry(name, learned, by_person, first, ranked)


@pytest.fixture
def found(tmp_path):
    def findings(*entries):
        slices = [Slice("all", np.ones(PEOPLE, bool)), Slice("history > 10", OLD)]
        plan = ComparisonPlan(tmp_path, ("one",), tmp_path, "strict")
        return Findings.of(Comparison(Ran(plan, ()), entries, slices, USERS, HourlyPrices()))

    return findings


def by_title(findings):
    return {
        lines.title: {
            row[0]: dict(zip(lines.headings[1:], row[1:], strict=True)) for row in lines.rows
        }
        for lines in tables_of(findings)
    }


@pytest.fixture
def two():
    """One of two people hits, and everybody where the old do better by the second's ranker."""
    half = (np.arange(PEOPLE) % 2).astype(float)
    same = np.tile([0, 1], (PEOPLE, 1))
    other = np.where(OLD[:, None], same, [2, 3])
    return [
        entry("one", half, same, ranked_of(np.full(PEOPLE, 0.5))),
        entry("two", np.ones(PEOPLE), other, ranked_of(np.where(OLD, 1.0, 0.5))),
    ]


def test_every_metric_has_its_interval_and_its_change_from_the_first(found, two):
    tables = by_title(found(*two))
    quality, beside = tables["Quality"], tables["Ranking, reach and safety"]
    assert set(quality["one"]) == {"NDCG@10", "HR@10", "MRR", "recall@50"}
    for cell in quality["one"].values():
        assert cell.startswith("0.5000 [0.3")
        assert cell.endswith("] ↓")
    assert quality["two"]["HR@10"] == "1.0000 [1.0000, 1.0000]"
    assert beside["one"]["gAUC"] == "0.5000 [0.5000, 0.5000] ↓"
    assert beside["two"]["gAUC"].startswith("0.8333 [0.7")  # 40 of 60 all right, the rest half
    assert beside["two"]["coverage"].startswith("0.500 [")
    assert beside["one"]["novelty"] == beside["two"]["novelty"] == "3.00 [3.00, 3.00]"
    change = tables["Change from one"]
    assert list(change) == list(NAMES.values())
    assert change["HR@10"]["two"].startswith("+0.5000 [+0.3")
    assert change["HR@10"]["two"].endswith("] *")
    assert change["gAUC"]["two"].startswith("+0.3333 [+0.2")
    assert change["novelty"]["two"] == "+0.00 [+0.00, +0.00]"


def test_slices_have_every_metric_of_their_people(found, two):
    tables = by_title(found(*two))
    old = "history > 10"
    assert tables["NDCG@10 / HR@10 by slice"][old] == {
        "people": "40",
        "one": "0.5000 ↓ / 0.5000 ↓",
        "two": "1.0000 / 1.0000",
    }
    reach = tables["coverage / novelty by slice"]
    assert (reach["all"]["two"], reach[old]["two"]) == ("0.500 / 3.00", "0.250 / 3.00")
    assert tables["gAUC by slice"][old] == {"people": "40", "one": "0.5000 ↓", "two": "1.0000"}


def test_the_advice_is_by_the_money_that_the_table_of_costs_tells(found, two):
    one, other = two
    held = replace(one.learned.training, cpu_seconds=0.5, gpu_seconds=1.0)
    on_a_gpu = replace(one, learned=msgspec.structs.replace(one.learned, training=held))
    for entries in ((on_a_gpu, other), (other, on_a_gpu)):
        alike = [replace(entry, by_person=other.by_person) for entry in entries]
        told = found(*alike).advice[0]
        assert told.use == other.name  # half the processor's seconds, fourteen times the money


def test_the_json_tells_what_the_tables_tell(found, two):
    told = tree_of(found(*two))
    (gauc,) = told["slices"]["history > 10"]["metrics"]["gauc"]
    assert gauc["people"] == 40
    assert gauc["intervals"]["two"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    pair = gauc["over_first"]["two"]
    assert (pair["over"], pair["value"], pair["surely"]) == ("one", 0.5, True)
    (novelty,) = told["slices"]["all"]["metrics"]["novelty@10"]
    assert novelty["over_first"]["two"]["p_corrected"] == 1.0
    assert set(told["recipes"]["one"]["intervals"]) == set(NAMES)
    assert set(told["comparisons"]) == set(NAMES)


@pytest.mark.parametrize("differs", [{"weighed": 5}, {"users": USERS + 1}, {"objective": "cart"}])
def test_rankers_of_other_impressions_have_intervals_and_are_not_compared(found, two, differs):
    one, other = two
    other = replace(other, ranked=ranked_of(np.full(PEOPLE, 1.0), **differs))
    findings = found(one, other)
    tables = by_title(findings)
    assert tables["Ranking, reach and safety"]["two"]["gAUC"] == "1.0000 [1.0000, 1.0000]"
    assert "gAUC" not in tables["Change from one"]
    assert [family.compared for family in findings.judged["gauc"]] == [0, 0]


def test_figures_of_before_have_their_values_without_intervals(found, two):
    one, other = two
    before = replace(
        other,
        by_person={metric: other.by_person[metric] for metric in METRICS},
        first=None,
        ranked=None,
    )
    tables = by_title(found(one, before))
    assert tables["Ranking, reach and safety"]["two"] == {
        "gAUC": "0.7500",
        "coverage": "0.500",
        "novelty": "3.00",
        "forbidden": "0 / 0 of 120",
    }
    assert tables["coverage / novelty by slice"]["all"]["two"] == "- / -"
    assert tables["gAUC by slice"]["all"]["two"] == "-"
    assert set(tables["Change from one"]) == {"NDCG@10", "HR@10", "MRR", "recall@50"}


def test_without_impressions_there_is_no_table_of_them(found, two):
    tables = by_title(found(*(replace(one, ranked=None) for one in two)))
    assert "gAUC by slice" not in tables
    assert "gauc" not in tree_of(found(replace(two[0], ranked=None)))["comparisons"]


def test_five_recipes_fit_a_terminal_of_160_columns(found, two):
    from rich.console import Console
    from rich.table import Table

    names = ("classic", "scaled", "enriched", "generative", "hybrid")
    entries = [replace(two[place > 0], name=name) for place, name in enumerate(names)]
    for lines in tables_of(found(*entries)):
        table = Table()
        for heading in lines.headings:
            table.add_column(heading)
        for row in lines.rows:
            table.add_row(*row)
        assert Console(width=400).measure(table).maximum <= 160, lines.title
