"""Rule packs: read over a base, versioned by content, refused where they contradict themselves."""

from datetime import date

import msgspec
import pytest

from galen.knowledge.build import built_in
from galen.knowledge.graph import Graph
from galen.knowledge.pack import SHIPPED, Pack, PackError, read_pack
from galen.knowledge.pack_check import check_pack

TODAY = date(2026, 12, 1)
OWN = 'base = "general"\nname = "own"\nedition = "1"\ndate = 2026-01-01\n'


@pytest.fixture(scope="module")
def graph() -> Graph:
    return built_in()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_pack_has_no_problem_and_a_reference_for_every_rule(name, graph):
    pack = read_pack(name)
    assert check_pack(pack, graph, TODAY) == []
    assert all(len(rule.citation) > 10 for rule in pack.rules)
    assert "no legal or medical advice" in pack.said


def own(tmp_path, rules: str) -> Pack:
    file = tmp_path / "own.toml"
    file.write_text(OWN + rules, "utf-8")
    return read_pack(str(file))


def test_a_rule_with_an_id_of_the_base_replaces_it_and_others_are_added(tmp_path):
    base = read_pack("general")
    pack = own(
        tmp_path,
        '[[age]]\nid = "age-aspirin"\nconcepts = ["ingredient:aspirin"]\nyears = 18\n'
        'citation = "house rule of ours"\ndate = 2026-01-01\n',
    )
    years = {rule.id: rule.years for rule in pack.age}
    assert years["age-aspirin"] == 18
    assert len(pack.age) == len(base.age)
    assert pack.hazard == base.hazard


def test_two_packs_that_differ_have_two_versions():
    pack = read_pack("general")
    assert pack.version == read_pack("general").version
    assert pack.version != msgspec.structs.replace(pack, duplicates="warn").version
    assert len({read_pack(name).version for name in SHIPPED}) == len(SHIPPED)


RULE = 'citation = "somewhere in the law"\ndate = 2026-01-01\n'


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ('[[age]]\nid = "x"\nconcepts = []\nyears = 18\ndate = 2026-01-01\n', "citation"),
        (f'[[age]]\nid = "x"\nconcepts = []\nyears = -1\n{RULE}', "years"),
        (f'[[quantity]]\nid = "x"\nconcept = "y"\nmilligrams = 0\ndays = 3\n{RULE}', "milligrams"),
        (
            f'[[precaution]]\nid = "x"\nconcepts = []\nstates = []\naction = "maybe"\n{RULE}',
            "maybe",
        ),
        (f'[[hazard]]\nid = "x"\nsets = [["a"]]\n{RULE}', "sets"),
        (f'[[sensitive]]\nid = "x"\nsurfaces = ["attic"]\n{RULE}', "attic"),
        ('[[no_such_rules]]\nid = "x"\n', "no_such_rules"),
        ('[[age]]\nid = "cut short', "cannot be read"),
        ('[age]\nid = "x"\n', r"'age' takes rules; begin each with \[\[age\]\]"),
        ("age = 3\n", r"begin each with \[\[age\]\]"),
        ("age = [3]\n", r"begin each with \[\[age\]\]"),
    ],
)
def test_what_is_no_pack_is_refused_in_words(tmp_path, rules, said):
    with pytest.raises(PackError, match=said) as told:
        own(tmp_path, rules)
    assert "own.toml" in str(told.value)


def test_a_pack_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(PackError, match="general, eu, us, cn"):
        read_pack("no such pack")


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (
            f'[[not_online]]\nid = "a"\nconcepts = ["ingredient:codeine"]\n{RULE}'
            f'[[unlocked]]\nid = "b"\nsurfaces = ["post_prescription"]\n'
            f'concepts = ["ingredient:codeine"]\n{RULE}',
            "b unlocks ingredient:codeine, which rule a",
        ),
        (f'[[not_online]]\nid = "a"\nconcepts = ["ingredient:unobtainium"]\n{RULE}', "unobtainium"),
        (
            f'[[age]]\nid = "a"\nconcepts = ["ingredient:codeine"]\nyears = 9\n{RULE}'
            "until = 2026-06-01\n",
            "expired on 2026-06-01",
        ),
        (
            '[[age]]\nid = "a"\nconcepts = []\nyears = 9\n'
            'citation = "somewhere in the law"\ndate = 2027-01-01\n',
            "yet to come",
        ),
        (
            f'[[quantity]]\nid = "a"\nconcept = "ingredient:paracetamol"\nmilligrams = 5\n'
            f"days = 7\n{RULE}",
            "limit ingredient:paracetamol in the same 7 days",
        ),
        (
            f'[[offered]]\nid = "a"\nrx_class = "otc"\nsurfaces = []\n{RULE}',
            "class otc is offered by 2 rules",
        ),
        (
            f'[[not_online]]\nid = "age-codeine"\nconcepts = ["ingredient:codeine"]\n{RULE}',
            "2 rules have this id",
        ),
    ],
)
def test_a_pack_that_contradicts_itself_is_told_what_to_do(tmp_path, graph, rules, said):
    problems = check_pack(own(tmp_path, rules), graph, TODAY)
    assert any(said in problem for problem in problems), problems


def test_a_pack_may_stand_on_one_that_stands_on_another(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text('base = "eu"\nname = "mine"\nedition = "1"\ndate = 2026-01-01\n')
    assert read_pack(mine).rules == read_pack("eu").rules


def test_a_base_lies_beside_the_pack_that_names_it(tmp_path, monkeypatch):
    (tmp_path / "packs").mkdir()
    house = tmp_path / "packs" / "house.toml"
    house.write_text('base = "eu"\nname = "house"\nedition = "1"\ndate = 2026-01-01\n')
    mine = tmp_path / "packs" / "mine.toml"
    mine.write_text('base = "house.toml"\nname = "mine"\nedition = "1"\ndate = 2026-01-01\n')
    monkeypatch.chdir(tmp_path)
    assert read_pack("packs/mine.toml").rules == read_pack("eu").rules


def test_packs_that_are_each_other_s_base_are_refused(tmp_path):
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text(f'base = "{other}"\n')
    other.write_text(f'base = "{one}"\n')
    with pytest.raises(PackError, match="break the circle"):
        read_pack(one)
