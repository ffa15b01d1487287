"""The first page: ask for a slate as a user, click, buy or hide, and see what that changes.

Everything is made on the server, so the page works without scripts and fetches nothing from
elsewhere.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, get_args
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from galen.console.view import (
    FilledForm,
    doing_lines,
    examples,
    lately,
    places,
    shop_view,
    written_lines,
)
from galen.data.enriched import Origin
from galen.knowledge.pack import SurfaceName
from galen.serve.durable.log import LogUnavailable
from galen.serve.fields import KindName
from galen.serve.http.application import gate
from galen.serve.keys import Keyring
from galen.serve.messages import Event, EventBatch, RecommendRequest
from galen.serve.service import Service
from galen.serve.settings import Settings

FOLDER: Final = Path(__file__).parent
SURFACES: Final = get_args(SurfaceName)
ACTS: Final[dict[str, KindName]] = {"click": "click", "buy": "purchase", "hide": "hide"}
SAID: Final = {"click": "You clicked {}", "buy": "You bought {}", "hide": "You hid {}"}
POLICY: Final = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'"

Text = Annotated[str, Query(max_length=25_000)]


def page_routes(service: Service, settings: Settings, written: Sequence[Origin]) -> APIRouter:
    """`/`, what its buttons post to, and its style sheet."""
    template = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined
    ).get_template("page.html")
    router = APIRouter(
        include_in_schema=False, dependencies=gate(Keyring(settings.keys))("operator")
    )

    @router.get("/")
    async def page(
        *,
        user: Text = "",
        recent: Text = "",
        surface: SurfaceName = "home",
        n: Annotated[int, Query(ge=1, le=100)] = 10,
        before: Text = "",
        said: Text = "",
    ) -> HTMLResponse:
        asked = FilledForm(user.strip(), recent, surface, n, before, said)
        return HTMLResponse(
            template.render(**_shown(service, asked), written=written_lines(written)),
            headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"},
        )

    @router.post("/act")
    async def act(request: Request) -> Response:
        _refuse_other_sites(request)
        fields = {name: values[-1] for name, values in parse_qs(await _text(request)).items()}
        asked, event = _read_act(service, fields)
        try:
            taken = await asyncio.wrap_future(service.ingest(EventBatch(events=[event])))
            wrong = taken.errors[0].detail if taken.errors else ""
        except LogUnavailable as error:
            wrong = str(error)
        if wrong:
            asked = replace(asked, said=f"Not taken: {wrong}")
        return RedirectResponse(f"/?{asked.query()}", status_code=303)

    @router.get("/page.css")
    async def style() -> FileResponse:
        return FileResponse(FOLDER / "page.css", media_type="text/css")

    return router


def _shown(service: Service, asked: FilledForm) -> dict[str, object]:
    """The values that the template lays out."""
    reply = service.recommend(_request(asked))
    explanation = reply.explanation
    return {
        "asked": asked,
        "surfaces": SURFACES,
        "examples": examples(service),
        "shop": shop_view(service),
        "reply": reply,
        "lately": lately(service, asked.user),
        "places": places(reply, asked.before_ids),
        "steps": [] if explanation is None else explanation.steps,
        "dropped": {} if explanation is None else explanation.dropped,
        "doing": doing_lines(service.measures.doing()),
    }


def _request(asked: FilledForm) -> RecommendRequest:
    """What a form asks for; one that asks for what cannot be is told so."""
    try:
        return asked.request()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise HTTPException(422, f"{where}: {first['msg']}") from error


def _read_act(service: Service, fields: dict[str, str]) -> tuple[FilledForm, Event]:
    """What a button posted: the form as it is to be shown next, and the event."""
    try:
        act, item = fields["act"], fields["item"]
        asked = FilledForm(
            user=fields.get("user", ""),
            recent=fields.get("recent", ""),
            surface=fields.get("surface", "home"),  # type: ignore[arg-type]  # checked by request()
            n=int(fields.get("n", "10")),
            before=fields.get("before", ""),
            said=SAID[act].format(fields.get("title", item)),
        )
        if not asked.user and act != "hide":
            asked = replace(asked, recent=" ".join([*asked.recent_ids, item]))
        _request(asked)
        event = Event(
            event_id=service.new_id(),
            user=asked.user or None,
            session="page",
            item=item,
            kind=ACTS[act],
            surface=asked.surface,
            request=fields.get("request"),
            position=int(fields.get("position", "0")),
        )
    except (KeyError, ValueError) as error:
        raise HTTPException(422, f"this is not what the page's buttons send: {error}") from error
    return asked, event


def _refuse_other_sites(request: Request) -> None:
    """Only this page may press its own buttons."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "this form was sent from another site")


async def _text(request: Request) -> str:
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise HTTPException(400, "the form is not UTF-8") from error
