"""Errors as callers see them: one JSON form (RFC 9457) for every status."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import Scope

from galen.serve.durable.log import LogUnavailable
from galen.serve.keys import Refused

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1

TITLES = {
    400: "The request cannot be read",
    401: "A key is needed",
    403: "The key does not allow this",
    404: "There is no such thing",
    405: "This method is not offered here",
    409: "This cannot be done any more",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "The request says something that cannot be",
    500: "Something is wrong here",
    503: "Try again soon",
}


class FieldError(BaseModel):
    """One place of the request that is wrong."""

    where: str
    detail: str


class Problem(BaseModel):
    """What went wrong, and what the caller can do."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldError] = []


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer so."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": TITLES[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def problem(
    scope: Scope, status: int, detail: str, errors: list[FieldError] | None = None
) -> JSONResponse:
    """The response for an error."""
    headers = {}
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="galen", Basic realm="galen"'
    body = Problem(
        type=f"urn:galen:problem:{status}",
        title=TITLES.get(status, "The request was refused"),
        status=status,
        detail=detail,
        request_id=scope.get("state", {}).get("request_id", ""),
        errors=errors or [],
    )
    return JSONResponse(body.model_dump(), status, headers, media_type=MEDIA_TYPE)


def handle_problems(app: FastAPI) -> None:
    """Let every error of an app leave as a problem."""

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            FieldError(where=".".join(str(part) for part in each["loc"]), detail=each["msg"])
            for each in error.errors()
        ]
        unreadable = any(each["type"] == "json_invalid" for each in error.errors())
        detail = f"{errors[0].where}: {errors[0].detail}"
        return problem(request.scope, 400 if unreadable else 422, detail, errors[:20])

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        response = problem(request.scope, error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(LogUnavailable)
    async def unavailable(request: Request, error: LogUnavailable) -> JSONResponse:
        return problem(request.scope, 503, f"{error}; nothing was taken, send it again")

    @app.exception_handler(Refused)
    async def not_allowed(request: Request, error: Refused) -> JSONResponse:
        return problem(request.scope, 403 if error.known else 401, str(error))
