from dataclasses import replace

import pytest
from enrich.asked import Answering

from galen.llm.language_model import Failed, LanguageModelError, Prompt, Reply, Trouble
from galen.llm.recorded import Recorded, Recording

ASKED = [Prompt("Say it.", f"word {n} 水") for n in range(5)]


@pytest.fixture
def path(tmp_path):
    model = Recording(Answering(lambda p: f"said of {p.user}"), tmp_path / "said.jsonl")
    model.complete(ASKED)
    return tmp_path / "said.jsonl"


def test_what_was_answered_is_answered_again(path):
    model = Recorded(path)
    assert model.name == "recorded:function:test"
    assert len(model) == 5
    answers = model.complete(list(reversed(ASKED)))
    assert answers[0] == Reply("said of word 4 水", 100, 20, cost=0.5)
    assert [a.text for a in answers] == [f"said of {p.user}" for p in reversed(ASKED)]
    model.close()


def test_what_is_not_recorded_is_not_made_up(path):
    model = Recorded(path)
    (answer,) = model.complete([replace(ASKED[0], seed=1)])
    assert isinstance(answer, Failed)
    assert answer.trouble is Trouble.UNKNOWN
    model.close()


def test_a_recording_goes_on_and_asks_for_the_same_model(path):
    more = Recording(Answering(lambda p: "more"), path)
    more.complete([ASKED[0], Prompt("Say it.", "new")])
    model = Recorded(path)
    assert len(model) == 6
    assert model.complete(ASKED[:1])[0].text == "said of word 0 水"
    model.close()
    with pytest.raises(LanguageModelError, match="take another file"):
        Recording(Answering(lambda p: "x", name="function:other"), path)


def test_a_failure_is_not_recorded(tmp_path):
    path = tmp_path / "said.jsonl"
    model = Recording(Answering(lambda p: Failed(Trouble.SERVER, "no")), path)
    model.complete(ASKED)
    read = Recorded(path)
    assert len(read) == 0
    read.close()


def test_a_last_line_that_a_kill_has_cut_is_left_out(path):
    path.write_bytes(path.read_bytes()[:-10])
    model = Recorded(path)
    assert len(model) == 4
    model.close()


@pytest.mark.parametrize("text", ["", "nonsense\n", '{"key": "x"}\n', '{"model": 1}\n'])
def test_a_file_that_does_not_name_its_model_is_refused(tmp_path, text):
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(LanguageModelError, match="line 1"):
        Recorded(tmp_path / "x.jsonl")


@pytest.mark.parametrize("cut", [10, 1])  # in the last answer, or before the end of its line
def test_a_recording_that_a_kill_has_cut_goes_on_and_is_read_again(path, cut):
    path.write_bytes(path.read_bytes()[:-cut])
    model = Recording(Answering(lambda p: "more"), path)
    model.complete([ASKED[4], Prompt("Say it.", "new")])
    read = Recorded(path)
    assert len(read) == 6
    assert read.complete(ASKED[4:])[0].text == ("more" if cut == 10 else "said of word 4 水")
    read.close()


def test_a_broken_line_is_told_with_its_number(path):
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:2], "broken\n", *lines[2:]]))
    with pytest.raises(LanguageModelError, match="line 3"):
        Recorded(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(LanguageModelError, match="cannot be read"):
        Recorded(tmp_path / "none.jsonl")
