"""What every wrapper adds to a model, with the clock and the sleep of the test."""

import threading
from dataclasses import replace

import pytest
from enrich.asked import Answering
from prometheus_client import CollectorRegistry

from galen.llm.budget import Budgeted, TokenPrices
from galen.llm.language_model import Failed, Prompt, Reply, Trouble
from galen.llm.rate_limit import RateLimited
from galen.llm.retrying import Retrying
from galen.llm.rules import RulesModel
from galen.llm.telemetry import Measured

ASKED = Prompt("Say it.", "word", most_tokens=10)


class Clock:
    def __init__(self):
        self.now, self.slept = 0.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def failing(times, trouble, retry_after=None):
    left = [times]

    def answer(prompt):
        left[0] -= 1
        return Failed(trouble, "no", retry_after) if left[0] >= 0 else "fine"

    return Answering(answer)


def retrying(inner, clock, **settings):
    return Retrying(inner, sleep=clock.sleep, clock=clock, **settings)


@pytest.mark.parametrize("trouble", [Trouble.UNREACHABLE, Trouble.THROTTLED, Trouble.SERVER])
def test_what_passes_is_asked_again_later_and_later(trouble):
    clock, model = Clock(), failing(3, trouble)
    (answer,) = retrying(model, clock).complete([ASKED])
    assert isinstance(answer, Reply)
    assert len(model.asked) == 4
    assert clock.slept == sorted(clock.slept)
    assert all(0.5 * 2**n <= pause <= 2**n for n, pause in enumerate(clock.slept))


@pytest.mark.parametrize("trouble", [Trouble.KEY, Trouble.REQUEST, Trouble.REFUSED])
def test_what_stays_is_not_asked_again(trouble):
    clock, model = Clock(), failing(1, trouble)
    retrying(model, clock).complete([ASKED])
    assert (len(model.asked), clock.slept) == (1, [])


def test_a_server_says_how_long_to_wait():
    clock = Clock()
    retrying(failing(1, Trouble.THROTTLED, 42.0), clock).complete([ASKED])
    assert clock.slept == [42.0]


def test_a_storm_ends_after_some_tries_or_some_time():
    clock, model = Clock(), failing(99, Trouble.THROTTLED)
    (answer,) = retrying(model, clock, tries=4).complete([ASKED])
    assert isinstance(answer, Failed)
    assert len(model.asked) == 4
    clock, model = Clock(), failing(99, Trouble.THROTTLED, 100.0)
    retrying(model, clock, most_seconds=250.0).complete([ASKED])
    assert clock.slept == [100.0, 100.0]


def test_an_answer_costs_what_all_its_tries_did():
    left = [Failed(Trouble.UNREACHABLE, "slow", cost=2.0)] * 2
    model = Answering(lambda p: left.pop() if left else Reply("fine", cost=1.0))
    (answer,) = retrying(model, Clock()).complete([ASKED])
    assert answer == Reply("fine", cost=5.0)


def test_only_the_neighbours_that_failed_are_asked_again():
    clock = Clock()
    model = Answering(lambda p: "fine" if p.user == "good" else Failed(Trouble.SERVER, "no"))
    good = replace(ASKED, user="good")
    answers = retrying(model, clock, tries=3).complete([good, ASKED, good])
    assert [isinstance(one, Reply) for one in answers] == [True, False, True]
    assert len(model.asked) == 5


def test_waits_are_the_same_for_a_seed_and_differ_between_seeds():
    def waits(seed):
        clock = Clock()
        retrying(failing(3, Trouble.SERVER), clock, seed=seed).complete([ASKED])
        return clock.slept

    assert waits(1) == waits(1) != waits(2)


def test_a_budget_is_never_passed_even_where_answers_are_as_long_as_they_may_be():
    prices = TokenPrices(read=1e6, written=1e6)
    model = Answering(lambda p: Reply("x", 11, 10, cost=prices.of(11, 10)))
    limited = Budgeted(model, prices, limit=100.0)
    answers = [limited.complete([ASKED])[0] for _ in range(20)]
    assert limited.spent <= 100.0
    assert [isinstance(one, Reply) for one in answers] == [True] * 4 + [False] * 16
    assert all(one.trouble is Trouble.BUDGET for one in answers[4:])


def test_a_budget_of_nothing_asks_nothing():
    model = Answering(lambda p: "x")
    (answer,) = Budgeted(model, TokenPrices(1, 1), limit=0.0).complete([ASKED])
    assert answer.trouble is Trouble.BUDGET
    assert model.asked == []


def test_threads_share_one_budget():
    prices = TokenPrices(written=1e6)
    gate = threading.Barrier(8)
    model = Answering(lambda p: Reply("x", 0, 10, cost=10.0))
    limited = Budgeted(model, prices, limit=100.0)

    def ask():
        gate.wait()
        for _ in range(10):
            limited.complete([ASKED])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert limited.spent == 100.0
    assert len(model.asked) == 10


def test_what_a_broken_call_may_have_cost_counts_as_spent():
    def broken(prompt):
        raise RuntimeError("cut")

    limited = Budgeted(Answering(broken), TokenPrices(written=1e6), limit=15.0)
    with pytest.raises(RuntimeError):
        limited.complete([ASKED])
    assert limited.complete([ASKED])[0].trouble is Trouble.BUDGET


def test_no_more_questions_a_minute_than_allowed():
    clock, model = Clock(), Answering(lambda p: "x")
    limited = RateLimited(model, questions=10, sleep=clock.sleep, clock=clock)
    limited.complete([ASKED] * 10)
    assert clock.now == 0.0
    limited.complete([ASKED] * 20)
    assert clock.now == pytest.approx(120.0)


def test_less_than_a_question_a_minute_is_a_question_after_minutes():
    clock, model = Clock(), Answering(lambda p: "x")
    limited = RateLimited(model, questions=0.5, sleep=clock.sleep, clock=clock)
    limited.complete([ASKED] * 3)
    assert clock.now == pytest.approx(60.0 + 2 * 120.0)


def test_tokens_of_a_long_answer_are_waited_for():
    clock = Clock()
    model = Answering(lambda p: Reply("x", 100, 500))
    limited = RateLimited(model, tokens=600, sleep=clock.sleep, clock=clock)
    limited.complete([ASKED] * 2)
    assert clock.now == 0.0
    limited.complete([ASKED])
    assert clock.now == pytest.approx(60.0)


def test_questions_tokens_and_troubles_are_counted_by_model():
    registry = CollectorRegistry()
    model = Answering(lambda p: Failed(Trouble.SERVER, "no") if p.user == "bad" else "fine")
    Measured(model, registry).complete([ASKED, replace(ASKED, user="bad")])

    def value(name, **labels):
        return registry.get_sample_value(name, {"model": "function:test"} | labels)

    assert value("galen_llm_questions_total") == 2
    assert value("galen_llm_tokens_total", direction="read") == 100
    assert value("galen_llm_cost_total") == 0.5
    assert value("galen_llm_troubles_total", trouble="server") == 1
    assert value("galen_llm_seconds_count") == 1


def test_rules_say_where_they_do_not_know():
    model = RulesModel("words", 3, lambda p: "spray" if p.user == "word" else None)
    assert model.name == "rules:words@3"
    known, unknown = model.complete([ASKED, replace(ASKED, user="?")])
    assert known == Reply("spray")
    assert unknown.trouble is Trouble.UNKNOWN


@pytest.mark.parametrize(
    "wrap",
    [
        Retrying,
        RateLimited,
        lambda m: Budgeted(m, TokenPrices(), 1.0),
        lambda m: Measured(m, CollectorRegistry()),
    ],
)
def test_a_wrapper_goes_by_the_name_of_what_it_wraps(wrap):
    model = Answering(lambda p: "x", endpoint="there")
    assert (wrap(model).name, wrap(model).endpoint) == ("function:test", "there")
