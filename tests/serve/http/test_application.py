import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from galen.data.schema import ITEMS, USERS
from galen.serve.http.application import create_api
from galen.serve.keys import make_key
from galen.serve.records import Item, User
from galen.serve.service import Service
from galen.serve.settings import Settings

Open = Callable[..., Service]


def client_of(service: Service, **settings: Any) -> TestClient:
    app = create_api(service, Settings(**settings))
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.fixture
def client(service: Service) -> TestClient:
    return client_of(service)


def event(name: str, **more: Any) -> dict[str, Any]:
    return {"event_id": name, "user": "u1", "item": "i5", "kind": "click", **more}


def test_a_recommendation_by_http(client: TestClient) -> None:
    reply = client.post("/v1/recommend", json={"user": "u1", "n": 4, "explain": True})
    assert reply.status_code == 200
    body = reply.json()
    assert body["request_id"] == reply.headers["x-request-id"]
    assert (len(body["items"]), body["degraded"], body["model_version"]) == (4, [], "test")
    assert set(body["items"][0]) == {
        "id", "title", "price", "score", "channels", "reason", "notices",
    }  # fmt: skip


def test_events_are_taken_once_and_change_the_next_request(client: TestClient) -> None:
    ask = {"user": "u1", "n": 5}
    first = client.post("/v1/recommend", json=ask).json()["items"][0]["id"]
    batch = {"events": [event("a", item=first, kind="hide", timestamp="2026-02-01T08:00:00+01:00")]}
    assert client.post("/v1/events", json=batch).json() == {
        "accepted": 1, "duplicates": 0, "errors": [],
    }  # fmt: skip
    assert client.post("/v1/events", json=batch).json()["duplicates"] == 1
    assert first not in [i["id"] for i in client.post("/v1/recommend", json=ask).json()["items"]]


def test_items_and_users_can_be_put_read_and_deleted(client: TestClient) -> None:
    for path, record, key in [
        (
            "/v1/items/new/with slash",
            {"title": "New", "created_at": "2026-01-02T03:04:05Z"},
            "title",
        ),
        ("/v1/users/neu%20%C3%A4", {"age": 40, "created_at": "2026-01-02T03:04:05Z"}, "age"),
    ]:
        put = client.put(path, json=record)
        assert put.status_code == 200
        read = client.get(path)
        assert read.json() == put.json()
        assert read.json()[key] == record[key]
        assert read.json()["created_at"] == "2026-01-02T03:04:05Z"
        assert client.delete(path).status_code == 204
        assert client.delete(path).status_code == 204
        assert client.get(path).status_code == 404
    assert client.put("/v1/items/new/with slash", json={}).status_code == 409


def test_the_messages_have_every_field_of_the_tables() -> None:
    assert list(Item.model_fields) == [*ITEMS.names[1:], "item_id"]
    assert list(User.model_fields) == [*USERS.names[1:], "user_id"]


@pytest.mark.parametrize(
    "method, path, content, status",
    [
        ("POST", "/v1/recommend", b"{not json", 400),
        ("POST", "/v1/recommend", b'{"user": "\xff"}', 400),
        ("POST", "/v1/recommend", b'{"user": 5}', 422),
        ("POST", "/v1/recommend", b'{"n": 0}', 422),
        ("POST", "/v1/recommend", b'{"n": "5"}', 422),
        ("POST", "/v1/recommend", b'{"nn": 5}', 422),
        ("POST", "/v1/recommend", b'{"user": "\\ud800"}', 422),
        ("POST", "/v1/recommend", b'{"filters": {"price_min": NaN}}', 422),
        ("POST", "/v1/recommend", b'{"filters": {"colour": []}}', 422),
        ("POST", "/v1/events", b'{"events": []}', 422),
        ("POST", "/v1/events", b'{"events": [{"event_id": "a"}]}', 422),
        ("PUT", "/v1/items/x", b'{"stock": -1}', 422),
        ("PUT", "/v1/items/x", b'{"created_at": 5}', 422),
        ("PUT", "/v1/items/x", b'{"created_at": "0001-01-01T00:00:00+14:00"}', 422),
        ("PUT", "/v1/items/x", b'{"created_at": "2026-01-01T00:00:00"}', 422),
        ("GET", "/v1/items/unknown", b"", 404),
        ("GET", "/v1/items/unknown/similar", b"", 404),
        ("GET", "/v1/items/i1/similar?n=0", b"", 422),
        ("GET", "/v1/items/" + "x" * 201, b"", 422),
        ("GET", "/v1/users/unknown", b"", 404),
        ("GET", "/nothing/here", b"", 404),
        ("DELETE", "/v1/recommend", b"", 405),
        ("POST", "/v1/events", b" " * 2_000_000, 413),
    ],
)
def test_what_is_wrong_is_said_as_a_problem(
    client: TestClient, method: str, path: str, content: bytes, status: int
) -> None:
    headers = {"content-type": "application/json"}
    reply = client.request(method, path, content=content, headers=headers)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    body = reply.json()
    assert {"type", "title", "detail", "request_id"} <= set(body)
    assert body["request_id"] == reply.headers["x-request-id"]
    assert body["detail"]


def test_a_body_that_does_not_tell_its_length_is_limited_too(client: TestClient) -> None:
    parts = (b" " * 1000 for _ in range(2000))
    reply = client.post("/v1/events", content=parts, headers={"content-type": "application/json"})
    assert reply.status_code == 413


def test_a_write_that_the_log_refuses_is_a_503_with_a_time_to_retry(
    open_service: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = open_service()
    client = client_of(service)
    service._log.close()
    for method, path, body in [
        ("POST", "/v1/events", {"events": [event("a")]}),
        ("PUT", "/v1/items/i1", {}),
        ("DELETE", "/v1/items/i1", None),
        ("PUT", "/v1/users/u1", {}),
        ("DELETE", "/v1/users/u1", None),
    ]:
        reply = client.request(method, path, json=body)
        assert reply.status_code == 503
        assert int(reply.headers["retry-after"]) >= 1
    assert client.get("/v1/items/i1").json()["title"] == "Item 1"  # the refused write did nothing
    assert client.post("/v1/recommend", json={}).status_code == 200


def test_an_unforeseen_error_is_a_500_that_tells_nothing_but_its_id(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "item", lambda _: 1 / 0)
    reply = client.get("/v1/items/i1")
    assert reply.status_code == 500
    assert "division" not in reply.text
    assert reply.json()["request_id"] == reply.headers["x-request-id"]


def test_health_and_readiness(client: TestClient, service: Service) -> None:
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["items"]) == (200, 80)
    service._write_problem = "the disk is full"
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert reply.json()["problems"] == ["the disk is full"]


def test_metrics_hold_the_latency_of_every_status(client: TestClient) -> None:
    client.post("/v1/recommend", json={})
    client.post("/v1/recommend", json={"n": 0})
    client.get("/v1/items/unknown")
    client.get("/nothing/here")
    text = client.get("/metrics").text
    for status in (200, 422, 404):
        assert re.search(rf'galen_request_seconds_count{{.*status="{status}"}} [1-9]', text)
    assert 'route="unmatched"' in text
    assert re.search(r'galen_step_seconds_count{step="recall"} 1', text)


def test_keys_open_what_their_scopes_say(service: Service) -> None:
    reader, reader_key = make_key("reader", ["read"])
    writer, writer_key = make_key("writer", ["write"])
    keys = (reader_key, writer_key)
    assert reader not in str(reader_key)
    client = client_of(service, host="0.0.0.0", keys=keys)

    def status(secret: str | None, method: str, path: str, body: Any = None) -> int:
        headers = {"host": "shop.example"}
        if secret is not None:
            headers["authorization"] = f"Bearer {secret}"
        return client.request(method, path, json=body, headers=headers).status_code

    assert status(None, "POST", "/v1/recommend", {}) == 401
    assert status("wrong", "POST", "/v1/recommend", {}) == 401
    assert status(reader, "POST", "/v1/recommend", {}) == 200
    assert status(writer, "POST", "/v1/recommend", {}) == 403
    assert status(reader, "POST", "/v1/events", {"events": [event("a")]}) == 403
    assert status(writer, "POST", "/v1/events", {"events": [event("a")]}) == 200
    assert status(reader, "GET", "/metrics") == 403
    assert status(None, "GET", "/healthz") == 200


def test_without_keys_only_loopback_names_are_answered(client: TestClient) -> None:
    for host in ("localhost:8000", "127.0.0.1", "[::1]:8000"):
        assert client.get("/v1/items/i1", headers={"host": host}).status_code == 200
    assert client.get("/v1/items/i1", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    "value", ["Basic \xe9", "Basic ", "Basic !!!", "Basic w6k=", "Bearer \xe9", "Bearer ", "x"]
)
def test_a_key_that_cannot_be_read_is_no_key(service: Service, value: str) -> None:
    client = client_of(service, keys=(make_key("reader", ["read"])[1],))
    headers = [(b"authorization", value.encode("latin-1"))]
    reply = client.post("/v1/recommend", json={}, headers=headers)
    assert reply.status_code == 401


def test_methods_that_a_caller_invents_are_counted_as_one(client: TestClient) -> None:
    for number in range(5):
        assert client.request(f"FOO{number}", "/v1/recommend").status_code == 405
    text = client.get("/metrics").text
    assert "FOO" not in text
    assert 'method="other"' in text


def test_an_item_that_could_not_be_read_again_cannot_be_put(client: TestClient) -> None:
    reply = client.put("/v1/items/a/similar", json={"title": "x"})
    assert reply.status_code == 422
    assert "/similar" in reply.json()["detail"]
    assert client.put("/v1/items/a/similar/b", json={"title": "x"}).status_code == 200
    assert client.get("/v1/items/a/similar/b").status_code == 200
