"""What contradicts itself is refused, each problem with its file, its row and a reason."""

from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest

from galen.knowledge.check import check_folder, check_source, check_sources, refuse
from galen.knowledge.checking_files import check_path
from galen.knowledge.graph import Graph, KnowledgeError
from galen.knowledge.loading.loaded import SourceDraft
from galen.knowledge.loading.own import load_own
from galen.knowledge.schema import CONCEPTS, RELATIONS, ConceptKind, Relation
from galen.knowledge.sources import shipped_sources

TODAY = date(2026, 6, 1)
HEAD = '[source]\nname = "mine"\nlicence = "own"\ndate = 2026-01-31\n[ingredient]\naspirin = []\n'


def draft():
    return SourceDraft("mine", "mine.parquet", "own")


def told(problems):
    return [str(problem) for problem in problems]


def of_two(relation=Relation.INTERACTS_WITH, tail=ConceptKind.INGREDIENT, **said):
    """A source with one relation, in row 7 of its file."""
    one = draft()
    ends = one.concept(ConceptKind.INGREDIENT, "aspirin", 1), one.concept(tail, "other", 2)
    one.relate(ends[0], relation, ends[1], 7, **said)
    return one.done(1)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (of_two(severity=5), "mine.parquet, row 7: its severity is none of 1, 2, 3, 4 but 5"),
        (of_two(severity=0), "its severity is none of 1, 2, 3, 4 but 0"),
        (of_two(confidence=1.5), "row 7: its confidence lies outside 0 … 1 but 1.5"),
        (of_two(confidence=float("nan")), "its confidence lies outside 0 … 1 but nan"),
        (of_two(on=date(2026, 6, 2)), "row 7: its date lies after today, 2026-06-01"),
        (of_two(source=" "), "row 7: names no source"),
        (of_two(licence=" "), "row 7: names no licence"),
        (
            of_two(Relation.CONTAINS),
            "row 7: the head of contains is ingredient:aspirin; it must be of product_word",
        ),
        (
            of_two(Relation.INTERACTS_WITH, ConceptKind.SEASON),
            "the tail of interacts_with is season:other",
        ),
    ],
)
def test_a_wrong_row_is_told_with_file_row_and_reason(source, reason):
    (problem,) = told(check_source(source, TODAY))
    assert reason in problem


def test_a_right_source_has_no_problem():
    source = of_two(severity=4, confidence=1.0, on=TODAY)
    assert check_sources([source], TODAY)[1] == []


def test_a_circle_of_is_a_is_found_also_across_sources():
    sources = []
    for name, (one, other) in {"a": ("x", "y"), "b": ("y", "z"), "c": ("z", "x")}.items():
        source = SourceDraft(name, f"{name}.toml", "own")
        rows = [source.concept(ConceptKind.DRUG_CLASS, word, 1) for word in (one, other)]
        source.relate(rows[0], Relation.IS_A, rows[1], 3)
        sources.append(source.done(1))
    assert check_sources(sources[:2], TODAY)[1] == []
    problems = told(check_sources(sources, TODAY)[1])
    assert len(problems) == 3
    assert problems[0].startswith("a.toml, row 3: drug_class:x is_a drug_class:y closes a circle")


def test_a_relation_that_names_an_unknown_concept_is_told_with_its_key(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(HEAD + '[[is_a]]\nhead = "aspirin"\ntail = "drug_class:nsaids"\n')
    (problem,) = told(check_sources([load_own(file)], TODAY)[1])
    assert "is_a[1].tail: 'drug_class:nsaids' is no known concept" in problem


def test_a_users_file_may_name_what_galen_ships(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(HEAD + '[[is_a]]\nhead = "aspirin"\ntail = "drug_class:nsaid"\n')
    assert check_path(file, TODAY.replace(year=2027)) == []
    assert len(check_path(file, TODAY.replace(year=2027), shipped=False)) == 1


def test_a_disguised_name_is_refused_with_its_key(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(HEAD + '"p\u0430racetamol" = []\nwarfarin = ["war\u200bf"]\n', "utf-8")
    problems = told(check_sources([load_own(file)], TODAY)[1])
    assert len(problems) == 2
    assert "mine.toml: ingredient.'p\u0430racetamol': the name" in problems[0]


def test_a_value_of_the_wrong_form_is_told(tmp_path):
    file = tmp_path / "mine.toml"
    text = '[[interacts_with]]\nhead = "aspirin"\ntail = "ingredient:warfarin"\nseverity = "high"\n'
    file.write_text(HEAD + text)
    problems = told(load_own(file).problems)
    assert "interacts_with[1]: is not of the right form" in problems[0]


def test_all_problems_are_told_at_once_up_to_fifty():
    source = draft()
    rows = [source.concept(ConceptKind.INGREDIENT, str(number), 1) for number in range(70)]
    for at, row in enumerate(rows[1:], 1):
        source.relate(rows[0], Relation.INTERACTS_WITH, row, at, severity=9)
    with pytest.raises(KnowledgeError) as error:
        refuse(check_source(source.done(70), TODAY))
    assert "69 problems" in str(error.value)
    assert "row 50" in str(error.value)
    assert "row 51" not in str(error.value)
    assert "and 19 more" in str(error.value)


def folder_of(tmp_path, ids, head, tail):
    concepts = {
        "concept_id": ids,
        "kind": ["drug_class"] * len(ids),
        "name": ids,
        "synonyms": [[]] * len(ids),
        "codes": [[]] * len(ids),
        "source": ["mine"] * len(ids),
        "licence": ["own"] * len(ids),
    }
    relation = {name: [None] for name in RELATIONS.names}
    relation |= {"head": [head], "tail": [tail], "relation": ["is_a"]}
    relation |= {"source": ["mine"], "licence": ["own"]}
    tables = pa.table(concepts, CONCEPTS), pa.table(relation, RELATIONS)
    Graph(*tables).save(tmp_path / "known", "2026-06-01T00:00:00+00:00")
    return tmp_path / "known"


@pytest.mark.parametrize(
    ("ids", "tail", "reason"),
    [
        (["a", "a"], 1, "concepts.parquet, row 2: the id 'a' is that of a row before it"),
        (["a", "b"], 9, "relations.parquet, row 1: an end of it is no row of the concepts"),
        (["a", "b"], 0, "relations.parquet, row 1: its head is its tail"),
    ],
)
def test_a_folder_that_another_made_is_checked_too(tmp_path, ids, tail, reason):
    problems = told(check_folder(folder_of(tmp_path, ids, 0, tail), TODAY))
    assert any(reason in problem for problem in problems)


def test_a_table_cut_short_is_refused(tmp_path):
    folder = folder_of(tmp_path, ["a", "b"], 0, 1)
    assert check_path(folder, TODAY) == []
    file = folder / "relations.parquet"
    file.write_bytes(file.read_bytes()[:-9])
    (problem,) = told(check_path(folder, TODAY))
    assert "relations.parquet is missing or not the file written" in problem


def test_what_galen_ships_passes_its_own_check():
    joined, problems = check_sources(shipped_sources(), datetime(2026, 12, 1).date())
    assert told(problems) == []
    assert np.asarray(joined.relations["head"]).max() < len(joined.concepts)
