"""galen's own form of knowledge: what a TOML file says, and how a wrong one is told."""

import pytest

from galen.knowledge.graph import KnowledgeError
from galen.knowledge.loading.own import load_own

HEAD = '[source]\nname = "mine"\nlicence = "own"\ndate = 2026-01-31\n'
WORDS = '[ingredient]\n"aspirin" = ["ASA"]\n[condition]\n"gout" = []\n[symptom]\n"pain" = []\n'


def written(tmp_path, text):
    file = tmp_path / "mine.toml"
    file.write_text(HEAD + text)
    return file


def test_every_head_goes_with_every_tail(tmp_path):
    text = WORDS + '[[treats_symptom]]\nhead = "aspirin"\ntail = ["pain"]\nconfidence = 0.9\n'
    loaded = load_own(written(tmp_path, text))
    (said,) = loaded.relations.to_pylist()
    names = loaded.concepts["name"].to_pylist()
    assert (names[said["head"]], names[said["tail"]]) == ("aspirin", "pain")
    assert (said["source"], said["licence"], str(said["date"])) == ("mine", "own", "2026-01-31")
    assert not loaded.problems


def test_an_unknown_name_is_told_with_its_key(tmp_path):
    text = WORDS + '[[contraindicated_for]]\nhead = "asprin"\ntail = "gout"\n'
    (problem,) = load_own(written(tmp_path, text)).problems
    assert "mine.toml: contraindicated_for[1].head: 'asprin' is no known concept" in str(problem)


def test_a_name_of_two_concepts_must_say_which(tmp_path):
    text = '[population]\n"pregnancy" = []\n[life_stage]\n"pregnancy" = []\n[ingredient]\nx = []\n'
    text += '[[indicates]]\nhead = "x"\ntail = "pregnancy"\n'
    (problem,) = load_own(written(tmp_path, text)).problems
    assert "population:pregnancy or life_stage:pregnancy" in str(problem)


def test_a_file_cut_short_is_refused(tmp_path):
    file = written(tmp_path, WORDS + '[[contraindicated_for]]\nhead = "asp')
    with pytest.raises(KnowledgeError, match=r"mine\.toml cannot be read: it is cut short"):
        load_own(file)


def test_a_file_that_does_not_say_its_licence_is_refused(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[source]\nname = "mine"\n' + WORDS)
    with pytest.raises(KnowledgeError, match="name, licence and date"):
        load_own(file)


def test_a_misspelt_key_or_kind_is_told(tmp_path):
    text = WORDS + '[ingrediant]\nx = []\n[[is_a]]\nhead = "aspirin"\ntial = "gout"\n'
    problems = [str(problem) for problem in load_own(written(tmp_path, text)).problems]
    assert any("[ingrediant]" in problem for problem in problems)
    assert any("is_a[1]: has tial" in problem for problem in problems)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[contains]\nhead = "aspirin"\ntail = "gout"\n', "contains: must be tables"),
        ('[[drug_class]]\nname = "nsaid"\n', "drug_class: must be a table; write [drug_class]"),
        ('[[is_a]]\nhead = [3]\ntail = "gout"\n', "is_a[1].head: must be a name or a list"),
        ('[drug_class]\nnsaid = "NSAIDs"\n', "drug_class.'nsaid': must be a list of synonyms"),
    ],
)
def test_a_table_of_another_form_is_told_with_the_right_one(tmp_path, text, reason):
    problems = [str(problem) for problem in load_own(written(tmp_path, WORDS + text)).problems]
    assert any(reason in problem for problem in problems), problems
