"""The first page: ask for a slate as a user, click, buy or hide, and see what that changes.

Everything is made on the server, so the page works without scripts and fetches nothing from
elsewhere. What is declared of somebody's health is posted and kept in the page, never in its
address, which browsers and proxies remember.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, get_args
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from galen.console.form import FilledForm
from galen.console.view import (
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
DECLARED: Final = {
    "conditions": ("Conditions", "pregnancy, asthma"),
    "medicines": ("Medicines taken now", "warfarin 5 mg"),
    "allergies": ("Allergies", "peanut"),
    "prescriptions": ("Prescriptions that were checked", "amoxicillin"),
}
"""Fields of words, each with its label and an example."""
POLICY: Final = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'"

Text = Annotated[str, Query(max_length=25_000)]


def page_routes(service: Service, settings: Settings, written: Sequence[Origin]) -> APIRouter:
    """`/`, what its form and buttons post to, and its style sheet."""
    template = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined
    ).get_template("page.html")
    router = APIRouter(
        include_in_schema=False, dependencies=gate(Keyring(settings.keys))("operator")
    )

    def shown(asked: FilledForm, said: str = "") -> HTMLResponse:
        values = _shown(service, asked)
        return HTMLResponse(
            template.render(**values, said=said, written=written_lines(written)),
            headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"},
        )

    @router.get("/")
    async def page(
        *, user: Text = "", recent: Text = "", surface: Text = "home", n: Text = "10"
    ) -> HTMLResponse:
        return shown(FilledForm(user.strip(), recent, surface, n))

    @router.post("/")
    async def ask(request: Request) -> HTMLResponse:
        return shown(FilledForm.of(await _fields(request)))

    @router.post("/act")
    async def act(request: Request) -> HTMLResponse:
        fields = await _fields(request)
        asked, event = _read_act(fields)
        try:
            taken = await asyncio.wrap_future(service.ingest(EventBatch(events=[event])))
            wrong = taken.errors[0].detail if taken.errors else ""
        except LogUnavailable as error:
            wrong = str(error)
        if wrong:
            return shown(asked, f"Not taken: {wrong}")
        return shown(asked, SAID[fields["act"]].format(fields.get("title", event.item)))

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
        "declared": DECLARED,
        "examples": examples(service),
        "shop": shop_view(service),
        "reply": reply,
        "new_id": service.new_id,
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
    except ValueError as error:
        raise HTTPException(422, str(error)) from error


def _read_act(fields: dict[str, str]) -> tuple[FilledForm, Event]:
    """What a button posted: the form as it is to be shown next, and the event.

    The event has the id that the button was shown with, so a page loaded again counts it once.
    """
    asked = FilledForm.of(fields)
    try:
        act, item = fields["act"], fields["item"]
        event = Event(
            event_id=fields["event"],
            user=asked.user or None,
            session="page",
            item=item,
            kind=ACTS[act],
            surface=_request(asked).surface,
            request=fields.get("request"),
            position=int(fields.get("position", "0")),
        )
    except (KeyError, ValueError) as error:
        raise HTTPException(422, f"this is not what the page's buttons send: {error}") from error
    if not asked.user and act != "hide":
        asked = replace(asked, recent=" ".join([*asked.recent_ids, item]))
    return asked, event


async def _fields(request: Request) -> dict[str, str]:
    """What a form of this page posted; only this page may press its own buttons."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "this form was sent from another site")
    try:
        text = (await request.body()).decode()
        sent = parse_qs(text, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise HTTPException(400, f"this is no form in UTF-8: {error}") from error
    return {name: values[-1] for name, values in sent.items()}
