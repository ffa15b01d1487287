"""The paths that README and the serving guide name are ones that the server has."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from galen.console.app import create_app
from galen.serve.service import Service

ROOT = Path(__file__).parents[2]
PARTS = {"/v1", "/similar"}  # of paths that stand beside them in the same sentence


@pytest.mark.parametrize("page", ["README.md", "docs/guides/serving.md"])
def test_every_path_that_is_named_is_served(service: Service, page: str) -> None:
    named = set(re.findall(r"`(/[a-z][^` ]*)`", (ROOT / page).read_text())) - PARTS
    client = TestClient(create_app(service), base_url="http://127.0.0.1")
    described = set(client.get("/openapi.json").json()["paths"])
    shapes = {re.sub(r"\{\w+\}", "{}", path) for path in described}
    others = {path for path in named if re.sub(r"\{\w+\}", "{}", path) not in shapes}
    assert named
    assert [path for path in others if client.get(path).status_code == 404] == []
