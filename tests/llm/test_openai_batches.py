"""A batch is sent as a file, waited for and read; a line that failed leaves the others alone."""

import json

import pytest
from llm.servers import COMPLETION, serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from galen.llm.budget import TokenPrices
from galen.llm.language_model import Failed, LanguageModelError, Prompt, Reply, Trouble
from galen.llm.openai_batches import OpenAIBatches
from galen.llm.openai_compatible import Server

PROMPTS = [Prompt("Say it.", str(n)) for n in range(5)]


class Batches:
    """Files and batches as OpenAI describes them; done after some looks."""

    def __init__(self, lines=None, looks=2, status="completed"):
        self.lines, self.looks, self.status = lines or {}, looks, status
        self.asked, self.cancelled = [], 0

    async def files(self, request: Request):
        body = await request.body()
        lines = body[body.index(b'{"custom_id"') : body.rindex(b"}") + 1].splitlines()
        self.asked = [json.loads(line) for line in lines]
        return JSONResponse({"id": "in", "object": "file"})

    async def create(self, request: Request):
        assert (await request.json())["input_file_id"] == "in"
        return JSONResponse(self._batch("validating"))

    async def look(self, request: Request):
        self.looks -= 1
        return JSONResponse(self._batch("in_progress" if self.looks > 0 else self.status))

    async def cancel(self, request: Request):
        self.cancelled, self.looks, self.status = self.cancelled + 1, 1, "cancelled"
        return JSONResponse(self._batch("cancelling"))

    async def content(self, request: Request):
        bad = request.path_params["name"] == "bad"
        told = []
        for line in reversed(self.asked):  # in no order
            place = line["custom_id"]
            answer = self.lines.get(place, {"response": {"status_code": 200, "body": COMPLETION}})
            if answer and ("error" in answer) == bad:
                told.append(json.dumps({"custom_id": place, **answer}))
        return PlainTextResponse("\n".join(told))

    def _batch(self, status):
        found = {"id": "b", "object": "batch", "status": status}
        return found | (
            {"output_file_id": "out", "error_file_id": "bad"}
            if status in ("completed", "cancelled")
            else {}
        )

    def app(self):
        return Starlette(
            routes=[
                Route("/v1/files", self.files, methods=["POST"]),
                Route("/v1/batches", self.create, methods=["POST"]),
                Route("/v1/batches/b", self.look),
                Route("/v1/batches/b/cancel", self.cancel, methods=["POST"]),
                Route("/v1/files/{name}/content", self.content),
            ]
        )


def asked(batches, prompts=PROMPTS, **settings):
    waited = []
    with serving(batches.app()) as address:
        server = Server(address, "m", prices=TokenPrices(1e6, 1e6))
        model = OpenAIBatches(server, every=10.0, sleep=waited.append, **settings)
        return model.complete(prompts), waited


def test_each_question_has_its_answer_in_its_place():
    batches = Batches(looks=3)
    answers, waited = asked(batches)
    assert answers == [Reply("fine", 7, 2, cost=9.0)] * 5
    assert waited == [10.0] * 3
    assert [line["body"]["messages"][1]["content"] for line in batches.asked] == list("01234")


def test_a_line_that_failed_leaves_the_others_alone():
    lines = {
        "1": {"response": None, "error": {"message": "expired"}},
        "2": {"response": {"status_code": 400, "body": {"error": "no"}}},
        "3": {},
        "4": {"response": {"status_code": 200, "body": {"choices": []}}},
    }
    answers, _ = asked(Batches(lines))
    assert isinstance(answers[0], Reply)
    assert [one.trouble for one in answers[1:] if isinstance(one, Failed)] == [
        Trouble.SERVER,
        Trouble.REQUEST,
        Trouble.SERVER,
        Trouble.SERVER,
    ]


def test_a_batch_that_is_given_up_is_cancelled_and_gives_what_came_till_then():
    batches = Batches(lines={"3": {}}, looks=99)
    answers, waited = asked(batches, most_seconds=50.0)
    assert waited == [10.0] * 6
    assert batches.cancelled == 1
    assert [isinstance(one, Reply) for one in answers] == [True, True, True, False, True]
    assert answers[3].trouble is Trouble.SERVER


def test_a_batch_whose_asker_is_stopped_is_cancelled():
    def stop(seconds):
        raise KeyboardInterrupt

    batches = Batches(looks=99)
    with serving(batches.app()) as address, pytest.raises(KeyboardInterrupt):
        OpenAIBatches(Server(address, "m"), sleep=stop).complete(PROMPTS)
    assert batches.cancelled == 1


def test_a_server_without_batches_is_told():
    with serving(Starlette()) as address, pytest.raises(LanguageModelError, match="took no batch"):
        OpenAIBatches(Server(address, "m")).complete(PROMPTS)
