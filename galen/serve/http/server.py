"""Runs an application on an address until it is told to stop."""

import socket
import sys
from collections.abc import Callable
from contextlib import suppress

import structlog
import uvicorn
from fastapi import FastAPI

from galen.serve.settings import Settings, check_reach

KEEP_ALIVE_SECONDS = 75  # longer than the pools of most callers, so that they close first
DRAIN_SECONDS = 10  # for requests that are under way when the server is told to stop


def run(
    app: FastAPI, settings: Settings, *, listening: Callable[[int], None] = lambda port: None
) -> None:
    """Serve until SIGINT or SIGTERM; `listening` is told the port once it is taken.

    Raises:
        SettingsError: the address is public and there are no keys.
        OSError: the address cannot be listened at.
    """
    check_reach(settings)
    log_lines()
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # paths hold user ids
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, settings.port), family=family) as taken:
        listening(taken.getsockname()[1])
        running = uvicorn.Server(config)
        with suppress(KeyboardInterrupt):  # it has stopped as it should by then
            running.run(sockets=[taken])
    if not running.started:
        sys.exit(1)


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
