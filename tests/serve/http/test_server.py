"""Where the server listens, as it tells."""

import socket
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from galen.serve.http import server
from galen.serve.settings import Settings


def test_a_free_port_is_told_once_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []

    def runs(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        self.started = True
        assert [taken.getsockname()[1] for taken in sockets] == told

    monkeypatch.setattr(uvicorn.Server, "run", runs)
    server.run(FastAPI(), Settings(port=0), listening=told.append)
    assert told
    assert told[0] > 0


def test_a_port_that_is_taken_is_an_error_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("it must not run")

    monkeypatch.setattr(uvicorn.Server, "run", never)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            server.run(FastAPI(), Settings(port=port), listening=never)
