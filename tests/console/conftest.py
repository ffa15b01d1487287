"""The page is tested over the same small shop as the service."""

import runpy
from pathlib import Path

_WORLD = runpy.run_path(str(Path(__file__).parents[1] / "serve" / "conftest.py"))

server_s_log_lines = _WORLD["server_s_log_lines"]
open_service = _WORLD["open_service"]
service = _WORLD["service"]
