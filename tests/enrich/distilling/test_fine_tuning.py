from dataclasses import replace

import pytest
from enrich.asked import by_rules, numbered
from enrich.running.test_runner import run_once
from enrich.tiny_model import make_tiny_model

from galen.enrich.distilling.fine_tuning import FineTuning, PromptLesson, lessons_of, tune
from galen.enrich.running.faults import EnrichError
from galen.enrich.running.journal import Journal
from galen.llm.language_model import LanguageModelError, Prompt

SHORT = FineTuning(epochs=12, rate=1e-2, batch=4)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return make_tiny_model(tmp_path_factory.mktemp("model"))


def lessons(count):
    return [
        PromptLesson(Prompt("Say the word.", f"item {n}"), '{"word": "spray"}')
        for n in range(count)
    ]


def test_lessons_are_the_answers_that_were_judged_good(tmp_path):
    task = numbered(6)
    teacher = by_rules(task)
    run_once(task, teacher, tmp_path)
    with Journal(tmp_path) as journal:
        found = lessons_of(task, teacher, journal)
        other = by_rules(task, name="function:other")
        assert lessons_of(task, other, journal) == []
    assert len(found) == 6
    assert all('"product_word"' in lesson.answer for lesson in found)


def test_what_was_taught_is_learned_and_can_be_read_again(base, tmp_path):
    from transformers import AutoModelForCausalLM

    tuned = tune(base, lessons(40), tmp_path, SHORT)
    assert (tuned.lessons, tuned.held_out, tuned.left_out) == (36, 4, 0)
    assert tuned.loss_after < 0.6 * tuned.loss_before
    assert (tmp_path / "model.safetensors").exists()
    whole = AutoModelForCausalLM.from_pretrained(tmp_path, local_files_only=True)
    assert 0 < tuned.trained < sum(p.numel() for p in whole.parameters())


def test_the_same_seed_teaches_the_same(base, tmp_path):
    few = replace(SHORT, epochs=1)
    losses = [tune(base, lessons(12), tmp_path / str(n), few).loss_after for n in range(2)]
    assert losses[0] == losses[1]


def test_lessons_that_are_too_long_are_left_out_and_told(base, tmp_path):
    with pytest.raises(EnrichError, match="0 lessons of 5 have 10 tokens or fewer"):
        tune(base, lessons(5), tmp_path, replace(SHORT, most_tokens=10))


def test_a_folder_without_a_model_is_told(tmp_path):
    with pytest.raises(LanguageModelError, match="holds no causal model"):
        tune(tmp_path, lessons(5), tmp_path / "to", SHORT)
