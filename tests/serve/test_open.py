"""From two folders: a shop and a trained bundle."""

import json
import runpy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from galen.assembly.bundles.bundle import Bundle, save_bundle
from galen.assembly.recipes.shipped import find_recipe
from galen.assembly.train import train
from galen.cli.main import app
from galen.data.shop import Shop
from galen.knowledge.pack import PackError, read_pack
from galen.serve.answering.once import recommend_once, surface_named
from galen.serve.answering.state import LOG, SNAPSHOT
from galen.serve.durable import tables
from galen.serve.durable.log import EventLog, LogError
from galen.serve.messages import Event, EventBatch, RecommendRequest
from galen.serve.operations import Operations
from galen.serve.service import Service
from galen.serve.settings import Settings, SettingsError, folder_of_log, read_settings

MAKE_SHOP = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["make_shop"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("opened")
    shop = MAKE_SHOP(folder / "shop")
    trained = train(find_recipe("item_graph"), shop, "full", progress=lambda _: None)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    save_bundle(folder / "bundle", trained, shop="test", seed=0, now=now)
    return folder / "shop", folder / "bundle"


def test_a_bundle_is_served_and_the_command_line_sees_what_the_server_logged(
    folders: tuple[Path, Path],
) -> None:
    shop, bundle = folders
    log = folder_of_log(Settings(), shop)
    service = Service.open(Shop.open(shop), Bundle.open(bundle), log, Settings())
    reply = service.recommend(RecommendRequest(user="fresh", n=5))
    assert (len(reply.items), reply.degraded) == (5, ["history"])  # popular items stand in
    assert reply.model_version == Bundle.open(bundle).version
    event = Event(event_id="a", user="fresh", item="i20", kind="click")
    assert service.ingest(EventBatch(events=[event])).result(20).accepted == 1
    with pytest.raises(LogError, match="another server"):
        Service.open(Shop.open(shop), Bundle.open(bundle), log, Settings())
    changed = [item.id for item in service.recommend(RecommendRequest(user="fresh", n=5)).items]
    asked = RecommendRequest(user="fresh", n=5, explain=True)
    told = recommend_once(shop, bundle, asked, Settings())
    service.close()

    assert [item.id for item in told.reply.items] == changed
    assert changed != [item.id for item in reply.items]
    assert told.known
    assert told.table.row_count == 5
    assert "recall" in told.trace


def test_the_command_line_answers_as_the_server_of_these_settings_does(
    folders: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop, bundle = folders
    monkeypatch.setenv("GALEN_SERVE_HOST", "0.0.0.0")  # asking once opens no address
    file = tmp_path / "serve.toml"
    file.write_text(f'folder = "{tmp_path / "elsewhere"}"\npack = "eu"\n')
    settings = read_settings(file, {})
    service = Service.open(
        Shop.open(shop), Bundle.open(bundle), folder_of_log(settings, shop), settings
    )
    event = Event(event_id="a", user="only there", item="i20", kind="click")
    assert service.ingest(EventBatch(events=[event])).result(20).accepted == 1
    asked = RecommendRequest(user="only there", n=5)
    reply = service.recommend(asked)
    assert service.explain_item(asked, reply.items[0].id).shown
    service.close()

    def said(command: str, *more: str) -> dict[str, Any]:
        words = [command, str(shop), str(bundle), "--user", "only there", "-n", "5", *more]
        done = CliRunner().invoke(app, [*words, "--quiet", "--json", str(tmp_path / "told.json")])
        assert done.exit_code == 0, done.output
        told: dict[str, Any] = json.loads((tmp_path / "told.json").read_text())
        return told

    told = said("recommend", "--settings", str(file))
    assert [item["id"] for item in told["items"]] == [item.id for item in reply.items]
    assert told["rules_version"] == reply.rules_version
    why = said("explain-item", "--settings", str(file), "--item", reply.items[0].id)
    assert (why["shown"], why["rules_version"]) == (True, reply.rules_version)
    monkeypatch.setenv("GALEN_SERVE_FOLDER", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GALEN_SERVE_PACK", "eu")
    assert said("recommend")["items"] == told["items"]
    other = said("recommend", "--settings", str(file), "--pack", "us")
    assert other["rules_version"] != reply.rules_version


def test_a_damaged_log_is_told_in_one_line(folders: tuple[Path, Path]) -> None:
    shop, bundle = folders
    path = folder_of_log(Settings(), shop) / LOG
    Service.open(Shop.open(shop), Bundle.open(bundle), path.parent, Settings()).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + bytes(len(whole) - 4096))
    with pytest.raises(LogError, match=r"events\.db cannot be read: [^\n]*put a copy") as told:
        recommend_once(shop, bundle, RecommendRequest(n=3), Settings())
    assert "\n" not in str(told.value)
    with pytest.raises(LogError, match=r"events\.db cannot be"):
        Service.open(Shop.open(shop), Bundle.open(bundle), path.parent, Settings())
    path.write_bytes(whole)


def test_the_command_line_says_what_it_does_not_know(folders: tuple[Path, Path]) -> None:
    shop, bundle = folders
    asked = RecommendRequest(user="nobody", recent=["i3"], n=4, surface="cart")
    told = recommend_once(shop, bundle, asked, Settings())
    assert not told.known
    assert "not known" in told.trace
    with pytest.raises(SettingsError, match="'home'"):
        surface_named("hom")


def test_a_start_completes_an_erasure_that_was_killed_halfway(folders: tuple[Path, Path]) -> None:
    shop, bundle = folders
    log = folder_of_log(Settings(), shop)

    def start() -> Service:
        return Service.open(Shop.open(shop), Bundle.open(bundle), log, Settings())

    service = start()
    event = Event(event_id="z", user="zed", item="i20", kind="click")
    assert service.ingest(EventBatch(events=[event])).result(20).accepted == 1
    service.close()
    events = EventLog(log / LOG)
    events.write(lambda connection: tables.forget_user(connection, "zed")).result(20)
    events.close()

    def users() -> list[int]:
        (snapshot,) = (log / SNAPSHOT).glob("*.parquet")
        return pq.read_table(snapshot).column("user").to_pylist()

    before = users()
    start()._log.close()  # killed: no snapshot is written at the end
    assert users() == before[:-1]


MINE = """base = "general"
name = "mine"
edition = "1"
date = 2026-01-01
[[age]]
id = "old"
concepts = ["ingredient:codeine"]
years = 18
citation = "a law"
date = 2020-01-01
"""
TWICE = '[[offered]]\nid = "more"\nrx_class = "prescription"\nsurfaces = ["home"]\n'
TWICE += 'citation = "a law"\ndate = 2020-01-01\n'


def test_a_start_refuses_a_pack_that_contradicts_itself_in_the_words_of_a_reload(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    shop, bundle = folders
    (tmp_path / "mine.toml").write_text(MINE + TWICE)
    settings = Settings(pack=str(tmp_path / "mine.toml"))
    with pytest.raises(PackError, match="prescription") as at_start:
        Service.open(Shop.open(shop), Bundle.open(bundle), tmp_path / "log", settings)
    running = Service.open(Shop.open(shop), Bundle.open(bundle), tmp_path / "log", Settings())
    today = max(rule.date for rule in read_pack("general").rules)
    operations = Operations(running, settings, lambda: today)
    with pytest.raises(PackError) as at_reload:
        operations.reload_pack(None)
    running.close()
    assert str(at_start.value) == str(at_reload.value)


def test_a_rule_that_has_expired_is_kept_at_a_start_and_refused_by_a_reload(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    shop, bundle = folders
    (tmp_path / "mine.toml").write_text(MINE + "until = 2021-01-01\n")
    settings = Settings(pack=str(tmp_path / "mine.toml"))
    with capture_logs() as said:
        running = Service.open(Shop.open(shop), Bundle.open(bundle), tmp_path / "log", settings)
    assert any("rule old: it expired on 2021-01-01" in str(one) for one in said)
    assert "old" in {rule.id for rule in running.recommender.guard.gate.premises.pack.age}
    with pytest.raises(PackError, match="rule old: it expired on 2021-01-01"):
        Operations(running, settings, lambda: date(2026, 11, 30)).reload_pack(None)
    running.close()
