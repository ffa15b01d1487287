"""What operators do through the API: packs signed or refused, and a line of the trail for each."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from galen.knowledge.pack import PackError, read_pack
from galen.knowledge.pack_signature import sign, signature_file, write_signature
from galen.serve.durable.audit import AuditLog, read_audit
from galen.serve.http.application import create_api
from galen.serve.keys import make_key
from galen.serve.service import Service
from galen.serve.settings import Settings, SettingsError
from galen.serve.trusted_pack import trusted_pack

KEY = bytes(range(32))
MINE = 'base = "general"\nname = "mine"\nedition = "{}"\ndate = 2026-01-01\n'


@pytest.fixture
def signed(tmp_path: Path) -> Settings:
    """Settings of a server whose own pack is signed."""
    pack, key = tmp_path / "mine.toml", tmp_path / "key"
    pack.write_text(MINE.format(1))
    key.write_bytes(KEY)
    write_signature(sign(read_pack(pack), KEY), signature_file(pack))
    return Settings(pack=str(pack), pack_key=str(key), require_signed_pack=True)


@pytest.fixture
def audited(open_service: Callable[..., Service], tmp_path: Path) -> Service:
    audit = AuditLog(tmp_path / "audit.jsonl", now=lambda: 0, salt="salt")
    return open_service(audit=audit)


def lines(tmp_path: Path) -> list[tuple[str, str | None, dict[str, Any]]]:
    told = read_audit(tmp_path / "audit.jsonl")
    assert told.broken is None
    return [(entry.event, entry.by, entry.told) for entry in told.entries]


def test_a_signed_pack_is_read(signed: Settings) -> None:
    assert trusted_pack(signed).name == "mine"


def test_an_unsigned_pack_is_refused_only_where_it_must_be_signed(signed: Settings) -> None:
    signature_file(signed.pack).unlink()
    with pytest.raises(PackError, match="there is no signature"):
        trusted_pack(signed)
    may_be = Settings(pack=signed.pack, pack_key=signed.pack_key)
    assert trusted_pack(may_be).name == "mine"


def test_an_altered_pack_is_refused_though_none_need_be_signed(signed: Settings) -> None:
    Path(signed.pack).write_text(MINE.format(2))
    with pytest.raises(PackError, match="was altered"):
        trusted_pack(Settings(pack=signed.pack, pack_key=signed.pack_key))


def test_a_signature_cannot_be_asked_for_without_a_key() -> None:
    with pytest.raises(SettingsError, match="pack_key"):
        trusted_pack(Settings(require_signed_pack=True))


def test_a_pack_is_reloaded_where_it_is_signed_and_the_running_one_stays_where_not(
    audited: Service, signed: Settings, tmp_path: Path
) -> None:
    client = TestClient(create_api(audited, signed), base_url="http://localhost")
    first = client.post("/v1/pack/reload").json()
    assert first["name"] == "mine"
    Path(signed.pack).write_text(MINE.format(2))
    refused = client.post("/v1/pack/reload")
    assert refused.status_code == 409
    assert "was altered" in refused.json()["detail"]
    assert client.get("/v1/pack").json() == first
    slate = client.post("/v1/recommend", json={"n": 3}).json()
    assert slate["rules_version"] == f"{first['version']}+{first['knowledge_version']}"
    write_signature(sign(read_pack(signed.pack), KEY), signature_file(signed.pack))
    assert client.post("/v1/pack/reload").json()["edition"] == "2"
    assert [told["edition"] for what, _, told in lines(tmp_path) if what == "pack"][1:] == [
        "1",
        "2",
    ]


def test_what_is_withdrawn_stays_so_under_another_pack(audited: Service, signed: Settings) -> None:
    client = TestClient(create_api(audited, signed), base_url="http://localhost")
    client.post("/v1/withdrawals", json={"what": "item", "name": "i0"})
    client.post("/v1/pack/reload")
    shown = client.post("/v1/recommend", json={"n": 70}).json()["items"]
    assert len(shown) > 50
    assert "i0" not in {item["id"] for item in shown}


def test_each_act_of_an_operator_has_its_line_and_no_content(
    audited: Service, tmp_path: Path
) -> None:
    secret, key = make_key("pharmacist", ["read", "write", "operator"])
    settings = Settings(keys=(key,))
    headers = {"authorization": f"Bearer {secret}"}
    client = TestClient(create_api(audited, settings), headers=headers)
    withdrawal = {"what": "item", "name": "i0"}
    assert client.post("/v1/withdrawals", json=withdrawal).status_code == 200
    assert client.delete("/v1/withdrawals/item/i0").status_code == 200
    asked = {"item": "i1", "asked": {"user": "u1", "conditions": ["asthma"]}}
    assert client.post("/v1/explain", json=asked).status_code == 200
    record = {"conditions": ["asthma"], "consents": ["refill"]}
    assert client.put("/v1/users/u1", json=record).status_code == 200
    assert client.put("/v1/users/u1", json=record).status_code == 200  # nothing changed
    assert client.delete("/v1/users/u1").status_code == 204
    told = lines(tmp_path)
    assert [(what, by) for what, by, _ in told] == [
        ("pack", None),
        ("withdrawn", "pharmacist"),
        ("lifted", "pharmacist"),
        ("explained", "pharmacist"),
        ("consent", "pharmacist"),
        ("deleted", "pharmacist"),
    ]
    people = {told["person"] for _, _, told in told if "person" in told}
    assert len(people) == 1
    content = (tmp_path / "audit.jsonl").read_text()
    assert "asthma" not in content
    assert "refill" not in content


def test_a_full_disk_does_not_keep_a_withdrawal_from_taking_effect(
    audited: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(create_api(audited, Settings()), base_url="http://localhost")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("galen.serve.durable.tables.withdraw", full)
    monkeypatch.setattr("galen.serve.durable.audit.AuditLog._append", full)
    answer = client.post("/v1/withdrawals", json={"what": "item", "name": "i0"})
    assert answer.status_code == 503
    shown = client.post("/v1/recommend", json={"n": 70}).json()["items"]
    assert shown
    assert "i0" not in {item["id"] for item in shown}
    monkeypatch.undo()
    monkeypatch.setattr("galen.serve.durable.audit.AuditLog._append", full)
    answer = client.post("/v1/withdrawals", json={"what": "item", "name": "i1"})
    assert answer.status_code == 200
    assert "galen_audit_not_written_total 2.0" in audited.measures.exposition().decode()


def test_a_withdrawal_that_the_log_refused_has_its_line_as_one_until_a_restart(
    audited: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = TestClient(create_api(audited, Settings()), base_url="http://localhost")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("galen.serve.durable.tables.withdraw", full)
    assert client.post("/v1/withdrawals", json={"what": "item", "name": "i0"}).status_code == 503
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    told = [line["told"] for line in lines if line["event"] == "withdrawn"]
    assert [(one["name"], one["until"]) for one in told] == [("i0", "restart")]
