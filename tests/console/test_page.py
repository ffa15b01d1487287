import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi.testclient import TestClient

from galen.console.app import create_app
from galen.data.enriched import Origin
from galen.serve.keys import make_key
from galen.serve.messages import Event, EventBatch
from galen.serve.records import ItemRecord
from galen.serve.service import Service
from galen.serve.settings import Settings


class Parsed(HTMLParser):
    """The tags of a page, each with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(create_app(service), base_url="http://127.0.0.1")


def press(client: TestClient, act: str, **fields: Any) -> str:
    """Press a button of the first item; give the page that follows."""
    page = client.post("/", data=fields)
    assert page.status_code == 200
    reply = client.post("/act", data={**button(page.text), "act": act})
    assert reply.status_code == 200
    return reply.text


def button(text: str) -> dict[str, str]:
    """What the buttons of the first item send along."""
    form = text.split('action="/act#slate"')[1].split("</form>", maxsplit=1)[0]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def titles(text: str) -> list[str]:
    return re.findall(r"<h3>(Item \d+)", text)


def test_the_page_says_who_wrote_what_lies_beside_the_shop(service: Service) -> None:
    day = datetime(2026, 11, 2, tzinfo=UTC)
    written = [Origin("needs", 1200, ("rules:rules",), day), Origin("item_words")]
    client = TestClient(create_app(service, written=written), base_url="http://127.0.0.1")
    text = client.get("/").text
    for words in ("needs", "rules:rules", "1,200 rows, 2026-11-02", "item words", "cannot be read"):
        assert words in text
    bare = TestClient(create_app(service), base_url="http://127.0.0.1").get("/").text
    assert "Written offline" not in bare


def test_the_page_shows_shop_slate_and_how_it_is_doing(client: TestClient) -> None:
    text = client.get("/", params={"user": "u1", "n": 6}).text
    assert len(titles(text)) == 6
    for words in ("80 items", "40 users", "prescription only", "Popular in this shop",
                  "How it is doing", "popular", "filter:stock"):  # fmt: skip
        assert words in text
    examples = [int(count) for count in re.findall(r"<span> (\d+) event", text)]
    assert min(examples) == 0
    assert max(examples) > 10


@pytest.mark.parametrize("act", ["buy", "hide"])
def test_a_press_of_a_button_changes_the_slate_of_a_user(client: TestClient, act: str) -> None:
    before = titles(client.get("/", params={"user": "u1"}).text)
    after = press(client, act, user="u1")
    assert before[0] not in titles(after)
    assert f"{before[0]}. " in after
    assert f"Lately: {'bought' if act == 'buy' else 'hid'} {before[0]}," in after
    assert re.search(r"[1-9]\d* of 10 items are new", after)


def test_a_button_that_is_sent_again_counts_once(client: TestClient, service: Service) -> None:
    sent = {**button(client.get("/", params={"user": "u1"}).text), "act": "click"}
    before = len(service.lately("u1", 50))
    for _ in range(2):
        assert "You clicked" in client.post("/act", data=sent).text
    assert len(service.lately("u1", 50)) == before + 1


def test_what_is_declared_is_acted_on_and_stays_out_of_every_address(
    client: TestClient, service: Service
) -> None:
    known = service.item("i0").model_dump(exclude={"item_id"})
    told = {"title": "Pain tablets", "rx_class": "otc", "ingredients": ["ibuprofen"]}
    service.put_item("i0", ItemRecord(**{**known, **told})).result(20)
    asked = {"user": "u38", "n": "70", "recent": "i1"}
    said = {"conditions": "asthma\uff0cpregnancy", "medicines": "warfarin 5 mg", "age": "34"}
    assert "<h3>Pain tablets" in client.post("/", data=asked).text
    page = client.post("/", data={**asked, **said}).text
    assert "<h3>Pain tablets" not in page
    kept = button(page)
    assert said.items() <= kept.items()
    after = client.post("/act", data={**kept, "act": "click"})
    assert "<h3>Pain tablets" not in after.text
    assert button(after.text)["medicines"] == "warfarin 5 mg"
    for text in (page, after.text):
        addresses = [tag["href"] for tag in Parsed(text).all("a")]
        assert not any("warfarin" in (address or "") for address in addresses)
    assert "warfarin" not in str(after.url)


def test_words_of_danger_get_a_line_of_help_and_no_goods(client: TestClient) -> None:
    page = client.post("/", data={"query": "crushing chest pain"}).text
    assert 'class="notice" role="alert">' in page
    assert "Beside these words no goods are shown." in page
    assert "<h3>" not in page
    assert "Dropped by rules" not in page


def test_a_click_of_nobody_becomes_the_history_of_the_session(client: TestClient) -> None:
    first = press(client, "click", n=5)
    field = next(tag for tag in Parsed(first).all("input") if tag.get("id") == "recent")
    assert re.fullmatch(r"i\d+", field["value"] or "")
    assert "For an anonymous session" in first
    assert 'value="hide"' not in first


def test_every_field_has_a_label_and_nothing_comes_from_elsewhere(client: TestClient) -> None:
    reply = client.get("/", params={"user": "u1"})
    page = Parsed(reply.text)
    labelled = {label["for"] for label in page.all("label")}
    fields = page.all("select") + [f for f in page.all("input") if f.get("type") != "hidden"]
    assert {field["id"] for field in fields} == labelled
    assert all("aria-label" in button for button in page.all("button") if "name" in button)
    assert page.all("script") == []
    for _, attributes in page.tags:
        for name in ("href", "src", "action"):
            assert (attributes.get(name) or "/").startswith(("/", "#"))
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert client.get("/page.css").headers["content-type"].startswith("text/css")


def test_what_a_shop_calls_an_item_cannot_act_on_the_page(
    client: TestClient, service: Service
) -> None:
    title = '<script>alert("x")</script>'
    shown = re.findall(r"<code>(i\d+)</code>", client.get("/").text)[0]
    record = service.item(shown).model_dump(exclude={"item_id"})
    service.put_item(shown, ItemRecord(**{**record, "title": title})).result(20)
    text = client.get("/").text
    assert "&lt;script&gt;" in text
    assert "<script>" not in text


def test_what_failed_is_shown(client: TestClient, service: Service) -> None:
    pipeline = replace(service.recommender.pipeline, ranker=object())  # type: ignore[arg-type]
    service.recommender = replace(service.recommender, pipeline=pipeline)
    text = client.get("/").text
    assert "Answered without: rank" in text
    assert "Without rank" in text


@pytest.mark.parametrize(
    "fields",
    [{}, {"act": "sell", "item": "i1", "event": "e"}, {"act": "buy"}, {"act": "buy", "item": "i1"},
     {"act": "buy", "item": "i1", "event": "e", "n": "x"},
     {"act": "buy", "item": "i1", "event": "e", "surface": "moon"}],
)  # fmt: skip
def test_a_form_that_is_not_the_page_s_is_refused(
    client: TestClient, fields: dict[str, str]
) -> None:
    reply = client.post("/act", data=fields)
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"


def test_an_item_that_is_gone_is_said_on_the_page(client: TestClient) -> None:
    reply = client.post("/act", data={"act": "buy", "item": "no such", "user": "u1", "event": "e"})
    assert "Not taken: there is no item" in reply.text


def test_another_site_cannot_press_the_buttons(client: TestClient) -> None:
    fields = {"act": "buy", "item": "i1", "user": "u1"}
    reply = client.post("/act", data=fields, headers={"sec-fetch-site": "cross-site"})
    assert reply.status_code == 403


def test_with_keys_the_page_asks_for_one(service: Service) -> None:
    secret, key = make_key("me", ["operator"])
    app = create_app(service, Settings(keys=(key,)))
    client = TestClient(app, base_url="http://shop.example")
    refused = client.get("/")
    assert refused.status_code == 401
    assert "Basic" in refused.headers["www-authenticate"]
    assert client.get("/", auth=("anyone", secret)).status_code == 200


def test_help_lines_stand_above_the_slate(client: TestClient, service: Service) -> None:
    bleach = ItemRecord(title="Bleach", rx_class="none", stock=5, hidden=False, regions=["*"])
    service.put_item("i0", bleach).result(timeout=20)
    assert "poison" not in client.get("/", params={"user": "u1"}).text
    bought = Event(event_id="a", user="u1", item="i0", kind="purchase")
    service.ingest(EventBatch(events=[bought])).result(timeout=20)
    assert 'role="alert">Bleach must not meet acid' in client.get("/", params={"user": "u1"}).text


@pytest.mark.parametrize("fields", [{"user": "x" * 201}, {"recent": f"i1 {'x' * 201}"}])
def test_a_form_that_asks_for_what_cannot_be_is_told_so(
    client: TestClient, fields: dict[str, str]
) -> None:
    reply = client.get("/", params=fields)
    assert reply.status_code == 422
    assert "at most 200 characters" in reply.json()["detail"]
    assert "\n" not in reply.json()["detail"]
    act = client.post("/act", data={"act": "click", "item": "i1", "event": "e", **fields})
    assert act.status_code == 422


@pytest.mark.parametrize(
    ("fields", "told"),
    [({"age": "old"}, "age: 'old' is not a whole number"), ({"age": "200"}, "age: Input should"),
     ({"n": "\u0663"}, "is not a whole number"), ({"surface": "moon"}, "surface: Input should")],
)  # fmt: skip
def test_a_number_that_is_none_is_told_so(
    client: TestClient, fields: dict[str, str], told: str
) -> None:
    reply = client.post("/", data=fields)
    assert reply.status_code == 422
    assert told in reply.json()["detail"]


def test_a_form_that_is_no_text_is_told_so(client: TestClient) -> None:
    reply = client.post("/", content=b"user=%ff")
    assert reply.status_code == 400
    assert "UTF-8" in reply.json()["detail"]
