"""The API with the operator's page on `/`."""

from collections.abc import Sequence

from fastapi import FastAPI

from galen.console.page import page_routes
from galen.data.enriched import Origin
from galen.serve.http.application import create_api
from galen.serve.service import Service
from galen.serve.settings import Settings


def create_app(
    service: Service, settings: Settings | None = None, written: Sequence[Origin] = ()
) -> FastAPI:
    """Everything a server shows: the API under `/v1`, the page on `/`.

    `written` are the tables beside the shop, of which the page says who wrote them.
    """
    settings = settings or Settings()
    app = create_api(service, settings)
    app.include_router(page_routes(service, settings, written))
    return app
