import json
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from enrich.asked import items_of
from enrich.running.test_runner import run_once
from llm.servers import COMPLETION, Misbehaving, llama_server, serving
from pydantic import Field
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from galen.enrich.running.faults import EnrichError, Fault, FaultCode
from galen.enrich.running.parsing import Said, chosen_from
from galen.enrich.running.prompt_file import PromptFile
from galen.enrich.running.task import AskedTask, Record
from galen.enrich.running.vocabulary import Vocabulary
from galen.llm.budget import TokenPrices
from galen.llm.language_model import Failed, LanguageModelError, Prompt, Reply, Trouble
from galen.llm.openai_compatible import (
    OpenAICompatible,
    OpenAIEmbedder,
    Server,
    retry_after,
)

SCHEMA = {
    "type": "object",
    "properties": {
        "word": {"type": "string", "enum": ["spray", "tablets"]},
        "sure": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["word", "sure"],
    "additionalProperties": False,
}
ASKED = Prompt("Say the word.", "spray", most_tokens=20)


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    server = llama_server(tmp_path_factory.mktemp("llama"))
    yield Server(server.listening_address + "/v1", "tiny", seconds=60)
    del server


@pytest.fixture
def bad():
    script = Misbehaving()
    with serving(script.app()) as address:
        yield (
            script,
            OpenAICompatible(Server(address, "m", seconds=1.0, prices=TokenPrices(1e6, 2e6))),
        )


def answered(bad, *script, prompt=ASKED):
    bad[0].script = list(script)
    return bad[1].complete([prompt])[0]


def test_a_real_server_answers_as_the_schema_says_and_as_nobody_meant(llama):
    prompt = Prompt("Say the word.", "spray", json.dumps(SCHEMA), 400, temperature=1.0)
    answers = OpenAICompatible(llama).complete([replace(prompt, seed=n) for n in range(4)])
    said = [json.loads(a.text) for a in answers if isinstance(a, Reply) and a.whole]
    assert said
    assert all(one["word"] in ("spray", "tablets") for one in said)
    assert any(not 0 <= one["sure"] <= 1 for one in said)  # a range the server does not hold


def test_a_real_server_cuts_at_the_most_tokens_and_says_so(llama):
    (answer,) = OpenAICompatible(llama).complete([ASKED])
    assert isinstance(answer, Reply)
    assert not answer.whole
    assert answer.tokens_written == 20


class Guess(Said):
    word: str = Field(json_schema_extra=chosen_from("word"))
    sure: float = Field(ge=0, le=1)


class Guessing:
    """Which of two words stands in a text, and how sure one is."""

    asked = AskedTask(
        "guesses",
        PromptFile("guesses", 1, 300, (), "Which word is it?"),
        Guess,
        Vocabulary({"word": ("spray", "tablets")}),
        pa.schema([pa.field("word", pa.string()), pa.field("sure", pa.float64())]),
        "",
        "1",
    )

    def records(self):
        words = ["spray", "tablets"] * 6
        yield from (Record(f"r{n}", {"text": f"{word} {n}"}) for n, word in enumerate(words))

    def judge(self, record, answer):
        wrong = answer.word not in record.content["text"]
        return [Fault(FaultCode.UNGROUNDED, answer.word)] if wrong else []

    def rows(self, record, answer):
        return [answer.model_dump()]


def test_well_formed_nonsense_of_a_real_server_gets_through_no_judge(llama, tmp_path):
    task = Guessing()
    report = run_once(task, OpenAICompatible(llama), tmp_path)
    kept = pq.read_table(tmp_path / "guesses.parquet").to_pylist()
    texts = {record.key: record.content["text"] for record in task.records()}
    assert all(row["word"] in texts[row["key"]] and 0 <= row["sure"] <= 1 for row in kept)
    assert report.held.keys() & {"range", "ungrounded"}
    assert len(kept) + sum(report.held.values()) == 12


def test_a_real_server_gives_vectors(tmp_path):
    server = llama_server(tmp_path, embedding=True)
    embedder = OpenAIEmbedder(Server(server.listening_address + "/v1", "tiny"), batch=2)
    vectors = embedder.embed(["one", "two", "one"])
    assert vectors.shape[0] == 3
    assert np.allclose(vectors[0], vectors[2], atol=1e-4)
    assert not np.allclose(vectors[0], vectors[1], atol=1e-4)
    del server


def test_vectors_are_asked_for_again_where_a_server_is_busy():
    busy = [2]

    async def embeddings(request):
        busy[0] -= 1
        if busy[0] >= 0:
            return JSONResponse({"error": {"message": "busy"}}, 429, {"retry-after": "0"})
        vectors = [{"object": "embedding", "index": 0, "embedding": [1.0, 2.0]}]
        return JSONResponse({"object": "list", "model": "m", "data": vectors})

    route = Route("/v1/embeddings", embeddings, methods=["POST"])
    with serving(Starlette(routes=[route])) as address:
        assert OpenAIEmbedder(Server(address, "m"), tries=3).embed(["x"]).tolist() == [[1.0, 2.0]]
        busy[0] = 2
        with pytest.raises(LanguageModelError, match="gave no vectors for texts 0 to 0"):
            OpenAIEmbedder(Server(address, "m"), tries=2).embed(["x"])


def test_a_reply_has_its_tokens_and_its_cost(bad):
    answer = answered(bad, (200, {}, COMPLETION))
    assert answer == Reply("fine", 7, 2, cost=7 * 1.0 + 2 * 2.0)


def test_a_reply_that_does_not_say_what_it_cost_counts_as_the_most_it_can(bad):
    silent = {name: value for name, value in COMPLETION.items() if name != "usage"}
    most = bad[1].server.prices.most(ASKED)
    assert answered(bad, (200, {}, silent)).cost == most > 40.0
    assert answered(bad, (200, {}, "<html>busy</html>")).cost == most


@pytest.mark.parametrize("script", ["slow", "cut"])
def test_an_answer_that_does_not_come_may_be_paid_for(bad, script):
    assert answered(bad, script).cost == bad[1].server.prices.most(ASKED)


def test_what_is_sent_is_the_prompt_and_no_more(bad):
    answered(bad, (200, {}, COMPLETION), prompt=replace(ASKED, schema=json.dumps(SCHEMA), seed=4))
    (body,) = bad[0].bodies
    assert body["messages"] == [
        {"role": "system", "content": "Say the word."},
        {"role": "user", "content": "spray"},
    ]
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert (body["seed"], body["max_tokens"], body["temperature"]) == (4, 20, 0.0)
    assert set(body) <= {
        "model",
        "messages",
        "max_tokens",
        "temperature",
        "seed",
        "response_format",
    }


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (400, Trouble.REQUEST),
        (401, Trouble.KEY),
        (403, Trouble.KEY),
        (429, Trouble.THROTTLED),
        (500, Trouble.SERVER),
        (503, Trouble.SERVER),
    ],
)
def test_each_status_has_its_trouble(bad, status, trouble):
    answer = answered(bad, (status, {"retry-after": "7"}, {"error": {"message": "no"}}))
    assert isinstance(answer, Failed)
    assert (answer.trouble, answer.retry_after) == (trouble, 7.0)
    assert len(bad[0].bodies) == 1  # nothing is tried twice here


@pytest.mark.parametrize("body", ["", "<html>busy</html>", "{", "[]", '{"choices": []}', "null"])
def test_what_is_no_reply_of_the_protocol_is_a_trouble_of_the_server(bad, body):
    answer = answered(bad, (200, {"content-type": "application/json"}, body))
    assert isinstance(answer, Failed)
    assert answer.trouble is Trouble.SERVER


def test_a_content_filter_is_a_refusal(bad):
    choice = COMPLETION["choices"][0] | {"finish_reason": "content_filter"}
    answer = answered(bad, (200, {}, COMPLETION | {"choices": [choice]}))
    assert isinstance(answer, Failed)
    assert (answer.trouble, answer.cost) == (Trouble.REFUSED, 11.0)


def test_a_question_does_not_follow_a_redirect_to_another_place(bad):
    there = {"location": bad[1].endpoint.replace("/v1", "/elsewhere")}
    answer = answered(bad, (307, there, ""))
    assert isinstance(answer, Failed)
    assert len(bad[0].bodies) == 1


def test_bytes_that_drip_have_an_end(bad):
    started = time.monotonic()
    answer = answered(bad, "slow")
    assert isinstance(answer, Failed)
    assert answer.trouble is Trouble.UNREACHABLE
    assert time.monotonic() - started < 4


def test_an_answer_cut_on_the_way_is_no_answer(bad):
    answer = answered(bad, "cut")
    assert isinstance(answer, Failed)
    assert answer.trouble in (Trouble.UNREACHABLE, Trouble.SERVER)


def test_a_server_that_is_not_there_is_unreachable():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    there = Server(f"http://127.0.0.1:{port}/v1", "m", seconds=2, prices=TokenPrices(1e6, 2e6))
    (answer,) = OpenAICompatible(there).complete([ASKED])
    assert isinstance(answer, Failed)
    assert (answer.trouble, answer.cost) == (Trouble.UNREACHABLE, 0.0)


def test_a_run_against_a_server_without_the_right_key_stops_with_what_to_do(bad, tmp_path):
    bad[0].script = [(401, {}, {"error": {"message": "bad key"}})]
    with pytest.raises(EnrichError, match=r"does not accept the key.*run the same command again"):
        run_once(items_of(), bad[1], tmp_path)


def test_a_key_stands_in_the_environment_and_nowhere_else(monkeypatch, bad):
    monkeypatch.setenv("GALEN_TEST_KEY", "sk-secret")
    server = replace(bad[1].server, key_variable="GALEN_TEST_KEY")
    model = OpenAICompatible(server)
    bad[0].script = [(401, {}, {"error": {"message": "no"}})]
    (answer,) = model.complete([ASKED])
    assert bad[0].headers[-1]["authorization"] == "Bearer sk-secret"
    assert "sk-secret" not in repr((model.server, model.name, model.endpoint, answer))


def test_a_missing_key_is_told_by_the_name_of_its_variable(monkeypatch):
    monkeypatch.delenv("GALEN_TEST_KEY", raising=False)
    with pytest.raises(LanguageModelError, match="GALEN_TEST_KEY is empty"):
        OpenAICompatible(Server("http://127.0.0.1/v1", "m", "GALEN_TEST_KEY"))


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (None, None),
        ("", None),
        ("12", 12.0),
        ("-3", 0.0),
        ("soon", None),
        ("Sat, 28 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(told, seconds):
    assert retry_after(told, datetime(2026, 11, 28, 12, tzinfo=UTC)) == seconds
