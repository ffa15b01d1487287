"""Runs an application on an address until it is told to stop."""

import sys

import structlog
import uvicorn
from fastapi import FastAPI

from galen.serve.settings import Settings, check_reach

KEEP_ALIVE_SECONDS = 75  # longer than the pools of most callers, so that they close first
DRAIN_SECONDS = 10  # for requests that are under way when the server is told to stop


def run(app: FastAPI, settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        SettingsError: the address is public and there are no keys.
    """
    check_reach(settings)
    log_lines()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,  # paths hold user ids
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


def log_lines() -> None:
    """One JSON line an entry. Tracebacks go without their variables, which hold people's data."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
