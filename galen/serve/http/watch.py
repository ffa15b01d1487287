"""Around every request: an id, a clock, a limit, and one form for what nobody foresaw."""

import time
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from galen.serve.http.problem import problem
from galen.serve.service import Service
from galen.serve.settings import is_loopback

UNMATCHED: Final = "unmatched"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Those that are counted by name; whoever sends may invent others."""


class Watch:
    """ASGI middleware; the latency of every status is measured, those of errors too."""

    def __init__(self, app: ASGIApp, service: Service, max_body_bytes: int, any_host: bool) -> None:
        """With `any_host` false only loopback names are answered: a page elsewhere that renames
        itself to this machine (DNS rebinding) must not read a shop that has no keys."""
        self._app = app
        self._service = service
        self._max_body_bytes = max_body_bytes
        self._too_large = f"at most {max_body_bytes} bytes are taken"
        self._any_host = any_host
        self._log = structlog.get_logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        request_id = self._service.new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        status, received = 0, 0

        async def receiving() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_body_bytes:
                raise HTTPException(413, self._too_large)
            return message

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            app = self._refusal(scope) or self._app
            await app(scope, receiving, sending)
        except Exception:
            self._log.exception("request_failed", request_id=request_id)
            if status:
                raise
            await problem(scope, 500, "the error was logged with this request_id")(
                scope, receive, sending
            )
        finally:
            route = getattr(scope.get("route"), "path", UNMATCHED)
            method = scope["method"] if scope["method"] in METHODS else "other"
            if route == UNMATCHED:
                method = "any"
            self._service.measures.request(method, route, status, time.perf_counter() - start)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._max_body_bytes:
            return problem(scope, 413, self._too_large)
        host = headers.get("host", "localhost")
        name = host.rpartition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
        if not self._any_host and not is_loopback(name):
            return problem(scope, 400, f"this server is not known as {name!r}; ask 127.0.0.1")
        return None
