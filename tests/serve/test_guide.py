"""The guide to serving says what is so."""

import re
from pathlib import Path

import msgspec
import pytest

from galen.serve.http.application import create_api
from galen.serve.measures import Measures
from galen.serve.messages import RecommendRequest, SlateFilter
from galen.serve.service import Service
from galen.serve.settings import Settings

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "serving.md").read_text()


def test_every_setting_is_in_the_guide_with_its_default() -> None:
    for field in msgspec.structs.fields(Settings):
        assert f"`{field.name}`" in GUIDE or field.name == "keys"
    table = GUIDE.split("## Settings")[1].split("Keys are kept")[0]
    for name in ("max_body_bytes", "log_capacity", "lock_wait_seconds", "snapshot_every"):
        assert re.search(rf"`{name}` \| {getattr(Settings(), name)} ", table)


@pytest.mark.parametrize("model", [RecommendRequest, SlateFilter])
def test_every_field_of_a_request_is_in_the_guide(model: type[RecommendRequest]) -> None:
    names = set(model.model_fields) - {"session"}
    assert [name for name in sorted(names) if f"`{name}`" not in GUIDE] == []


def test_every_route_is_in_the_guide(service: Service) -> None:
    routes = create_api(service, Settings()).openapi()["paths"]
    words = GUIDE.replace("/v1/items/{id}", "/v1/items/{item_id}").replace(
        "/v1/users/{id}", "/v1/users/{user_id}"
    )
    assert [route for route in routes if route not in words] == []


def test_every_metric_is_in_the_guide() -> None:
    exposed = {family.name for family in Measures().registry.collect()}
    assert [name for name in sorted(exposed) if f"`{name}" not in GUIDE] == []
