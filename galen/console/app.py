"""The API with the operator's page on `/`."""

from fastapi import FastAPI

from galen.console.page import page_routes
from galen.serve.http.application import create_api
from galen.serve.service import Service
from galen.serve.settings import Settings


def create_app(service: Service, settings: Settings | None = None) -> FastAPI:
    """Everything a server shows: the API under `/v1`, the page on `/`."""
    settings = settings or Settings()
    app = create_api(service, settings)
    app.include_router(page_routes(service, settings))
    return app
