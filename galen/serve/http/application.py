"""The API: each route reads a message, asks the service and gives its answer, nothing more.

Handlers are `async def` and call the service directly: a recommendation is a few milliseconds
of numpy, less than the way to another thread and back. Writes wait for the log's group commit.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer

from galen.eligibility.rules.withdrawn import What
from galen.knowledge.pack import PackError, SurfaceName
from galen.serve.http.problem import Problem, documented, handle_problems, problem
from galen.serve.http.watch import Watch
from galen.serve.keys import Keyring, Scope
from galen.serve.messages import (
    EventBatch,
    EventsTaken,
    ExplainRequest,
    Health,
    ItemExplained,
    PackInForce,
    Recommendation,
    RecommendRequest,
    Withdrawal,
    Withdrawn,
)
from galen.serve.missing import NotFound
from galen.serve.operations import Operations
from galen.serve.records import Item, ItemRecord, User, UserRecord
from galen.serve.service import Gone, Service
from galen.serve.settings import Settings

API_VERSION: Final = "1"
SIMILAR: Final = "/similar"

Identifier = Annotated[str, Path(min_length=1, max_length=200)]
BatchName = Annotated[str, Query(max_length=200)]


def create_api(service: Service, settings: Settings) -> FastAPI:
    """The API of a service, as an ASGI application that closes the service when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(service.close)

    app = FastAPI(
        title="galen",
        summary="Recommendations for a health shop.",
        version=API_VERSION,
        docs_url=None,  # the bundled pages load their scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        responses=documented(400, 413, 422),
    )
    handle_problems(app)

    @app.exception_handler(NotFound)
    async def not_found(request: Request, error: NotFound) -> JSONResponse:
        return problem(request.scope, 404, str(error))

    @app.exception_handler(PackError)
    async def refused(request: Request, error: PackError) -> JSONResponse:
        return problem(request.scope, 409, str(error))

    @app.exception_handler(Gone)
    async def gone(request: Request, error: Gone) -> JSONResponse:
        return problem(request.scope, 409, str(error))

    operations = Operations(service, settings, lambda: datetime.now(UTC).date())
    operations.note_pack(None)
    keyring = Keyring(settings.keys)
    may = gate(keyring)
    closed = documented(401, 403) if keyring else {}
    app.include_router(_reads(service), dependencies=may("read"), responses=closed)
    app.include_router(_writes(service, operations), dependencies=may("write"), responses=closed)
    app.include_router(_metrics(service), dependencies=may("operator"), responses=closed)
    app.include_router(
        _operations(service, operations), dependencies=may("operator"), responses=closed
    )
    app.include_router(_health(service))
    _describe_problem(app)
    app.add_middleware(
        Watch,
        service=service,
        max_body_bytes=settings.max_body_bytes,
        any_host=bool(keyring),
    )
    return app


def secret_of(request: Request) -> str | None:
    """The key that a caller sent, as a bearer token or as the password of a browser."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:  # no base64, or no UTF-8 in it
            return None
    return None


def key_of(request: Request) -> str | None:
    """The name of the key that a caller was let pass with."""
    name: str | None = getattr(request.state, "key", None)
    return name


def gate(keyring: Keyring) -> Callable[[Scope], list[Any]]:
    """Dependencies that let only keys with a scope pass; none where the server has no keys."""

    def may(scope: Scope) -> list[Any]:
        async def check(request: Request) -> None:
            request.state.key = keyring.check(secret_of(request), scope)

        return [Depends(check), Depends(HTTPBearer(auto_error=False))] if keyring else []

    return may


def _reads(service: Service) -> APIRouter:
    router = APIRouter(prefix="/v1")

    @router.post("/recommend", tags=["recommend"])
    async def recommend(body: RecommendRequest, request: Request) -> Recommendation:
        """A slate for a user, or for an anonymous session with its recent items."""
        return service.recommend(body, request.state.request_id)

    @router.get("/items/{item_id:path}" + SIMILAR, tags=["recommend"], responses=documented(404))
    async def similar(
        item_id: Identifier,
        request: Request,
        n: Annotated[int, Query(ge=1, le=100)] = 20,
        surface: SurfaceName = "detail",
    ) -> Recommendation:
        """Items that go with one item."""
        return service.similar(item_id, n, surface, request.state.request_id)

    @router.get("/items/{item_id:path}", tags=["items"], responses=documented(404))
    async def read_item(item_id: Identifier) -> Item:
        return service.item(item_id)

    @router.get("/users/{user_id:path}", tags=["users"], responses=documented(404))
    async def read_user(user_id: Identifier) -> User:
        return service.user(user_id)

    return router


def _writes(service: Service, operations: Operations) -> APIRouter:
    router = APIRouter(prefix="/v1", responses=documented(503))

    @router.post("/events", tags=["events"])
    async def events(body: EventBatch) -> EventsTaken:
        """Take events; answered when they are on the disk. Sent again, they count once."""
        return await asyncio.wrap_future(service.ingest(body))

    @router.put("/items/{item_id:path}", tags=["items"], responses=documented(404, 409))
    async def put_item(item_id: Identifier, record: ItemRecord) -> Item:
        """Make or replace an item; the next slate knows it."""
        if item_id.endswith(SIMILAR):
            raise HTTPException(
                422, f"an item's id cannot end in {SIMILAR}, which asks for what goes with an item"
            )
        return await asyncio.wrap_future(service.put_item(item_id, record))

    @router.delete(
        "/items/{item_id:path}", status_code=204, tags=["items"], responses=documented(404)
    )
    async def delete_item(item_id: Identifier) -> Response:
        """Hide an item for good."""
        await asyncio.wrap_future(service.delete_item(item_id))
        return Response(status_code=204)

    @router.put("/users/{user_id:path}", tags=["users"], responses=documented(404))
    async def put_user(user_id: Identifier, record: UserRecord, request: Request) -> User:
        """Make or replace a user."""
        return await asyncio.wrap_future(operations.put_user(user_id, record, key_of(request)))

    @router.delete(
        "/users/{user_id:path}", status_code=204, tags=["users"], responses=documented(404)
    )
    async def delete_user(user_id: Identifier, request: Request) -> Response:
        """Forget a user: their record and all their events are erased."""
        await asyncio.wrap_future(operations.forget_user(user_id, key_of(request)))
        return Response(status_code=204)

    return router


def _operations(service: Service, operations: Operations) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["operations"])

    @router.post("/explain", responses=documented(404))
    async def explain(body: ExplainRequest, request: Request) -> ItemExplained:
        """Why an item is in the slate of a request, or is not: stages, rules, citations."""
        return operations.explain(body.asked, body.item, key_of(request))

    @router.get("/withdrawals")
    async def withdrawals() -> Withdrawn:
        """All that is withdrawn now."""
        return service.kill_switch.listed()

    @router.post("/withdrawals", responses=documented(404, 503))
    async def withdraw(body: Withdrawal, request: Request) -> Withdrawn:
        """Withdraw an item, a product, a concept or a batch; then nothing shows it any more."""
        return await asyncio.wrap_future(operations.withdraw(body, key_of(request)))

    @router.delete("/withdrawals/{what}/{name:path}", responses=documented(404, 503))
    async def lift(
        what: What, name: Identifier, request: Request, batch: BatchName = ""
    ) -> Withdrawn:
        """Take a withdrawal back."""
        asked = Withdrawal(what=what, name=name, batch="" if what == "batch" else batch)
        return await asyncio.wrap_future(operations.lift(asked, key_of(request)))

    @router.get("/pack")
    async def pack() -> PackInForce:
        """The rule pack that decides now."""
        return operations.pack()

    @router.post("/pack/reload", responses=documented(409))
    async def reload_pack(request: Request) -> PackInForce:
        """Put the pack of the settings in force as its file is now, or change nothing."""
        return operations.reload_pack(key_of(request))

    return router


def _health(service: Service) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def alive() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @router.get("/readyz", responses={503: {"model": Health}})
    async def ready(response: Response) -> Health:
        """The shop and the model are loaded, and the log can be written."""
        health = service.health()
        response.status_code = 200 if health.ready else 503
        return health

    return router


def _metrics(service: Service) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Counters for Prometheus."""
        service.measures.waiting_writes.set(service.health().waiting_writes)
        return Response(service.measures.exposition(), media_type="text/plain; version=0.0.4")

    return router


def _describe_problem(app: FastAPI) -> None:
    """Put the form of errors into the OpenAPI description, which routes refer to."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        whole = describe()
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        inner = schema.pop("$defs", {})
        whole["components"]["schemas"].update(inner, Problem=schema)
        return whole

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
