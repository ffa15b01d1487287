"""Real servers of tests: llama.cpp's with a tiny model, and one that misbehaves as it is told."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
import xllamacpp
from llm.tiny_gguf import write_tiny_gguf
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route


def llama_server(folder: Path, *, embedding: bool = False) -> xllamacpp.Server:
    """It ends when nobody holds it any more."""
    settings = xllamacpp.CommonParams()
    settings.model.path = str(write_tiny_gguf(folder / "tiny.gguf"))
    settings.port = 0
    settings.n_ctx, settings.n_parallel = 32768, 2
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 1
    settings.warmup = False
    settings.verbosity = 0
    settings.embedding = embedding
    if embedding:
        settings.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    return xllamacpp.Server(settings)


COMPLETION = {
    "id": "x",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "fine"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
}


class Misbehaving:
    """Answers chats with what stands first in `script`, then with the last of it again and again.

    An entry is (status, headers, body), "slow" for bytes that drip, or "cut" for half an answer.
    """

    def __init__(self) -> None:
        self.script: list[object] = []
        self.bodies: list[dict[str, object]] = []
        self.headers: list[dict[str, str]] = []

    async def chat(self, request: Request) -> Response:
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        told = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if told == "slow":
            return StreamingResponse(self._drip(), media_type="application/json")
        if told == "cut":
            headers = {"content-length": "1000", "content-type": "application/json"}
            return StreamingResponse(self._half(), headers=headers)
        assert isinstance(told, tuple)
        status, headers, body = told
        if isinstance(body, str):
            return Response(body, status, headers)
        return JSONResponse(body, status, headers)

    async def _drip(self) -> object:
        for _ in range(200):
            yield b" "
            await asyncio.sleep(0.05)

    async def _half(self) -> object:
        yield b'{"id": "x", '

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/v1/chat/completions", self.chat, methods=["POST"])])


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """The address of an application that listens on a free port."""
    config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join()
