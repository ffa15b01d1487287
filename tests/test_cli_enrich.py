"""`galen enrich` as people run it, on a small synthetic shop."""

import csv
import json
import re
import socket

import numpy as np
import pytest
from typer.testing import CliRunner
from worlds import put_vectors

from galen.assembly.split import split_by
from galen.cli.main import app
from galen.data.catalogue import Catalogue
from galen.data.dataset import Dataset
from galen.data.enriched import EnrichedError, enriched_folder, read_all
from galen.data.synthetic.shop import SyntheticSettings, synthesize
from galen.enrich.co_taken import TABLE
from galen.enrich.running.faults import EnrichError
from galen.enrich.running.journal import Held
from galen.features.item_vectors import read_encoded
from galen.llm.language_model import LanguageModelError

RUN = CliRunner()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("enrich") / "shop"
    synthesize(folder, SyntheticSettings(users=60, items=80, days=30), lambda *_: None)
    return folder


def said(*arguments):
    result = RUN.invoke(app, ["enrich", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def written(shop):
    said("run", "items", shop, "--quiet")
    return shop


def test_a_dry_run_asks_nothing_and_tells_what_it_would(shop, tmp_path):
    told = tmp_path / "plan.json"
    assert "to ask" in said("run", "items", shop, "--dry-run", "--quiet", "--json", told)
    plan = json.loads(told.read_text())
    assert plan["records"] == 80
    assert plan["kept"] == 0


@pytest.mark.parametrize("more", [[], ["--new-vocabulary"]])
def test_a_dry_run_keeps_no_vocabulary(tmp_path, more):
    folder = tmp_path / "shop"
    synthesize(folder, SyntheticSettings(users=20, items=20, days=10), lambda *_: None)
    said("run", "items", folder, "--dry-run", "--quiet", *more)
    assert not list(enriched_folder(folder).glob("vocabulary*"))
    said("run", "items", folder, "--quiet")
    (kept,) = enriched_folder(folder).glob("vocabulary*")
    kept.write_text(kept.read_text() + "\n")
    before = kept.read_bytes()
    said("run", "items", folder, "--dry-run", "--quiet", *more)
    assert kept.read_bytes() == before


def test_rules_write_the_table_and_say_that_they_are_rules(written):
    rows = read_all(enriched_folder(written), "items").to_pylist()
    assert {row["model"] for row in rows} == {"rules:items@1"}
    assert len(rows) >= 70


def test_a_second_run_asks_nothing(written):
    assert " 0 asked" in said("run", "items", written, "--quiet")


def test_measures_are_written_where_prometheus_reads_them(shop, tmp_path):
    file = tmp_path / "enrich.prom"
    said("run", "relations", shop, "--quiet", "--measures", file)
    told = dict(line.rsplit(" ", 1) for line in file.read_text().splitlines() if line[0] != "#")
    (asked,) = (v for name, v in told.items() if name.startswith("galen_llm_questions_total"))
    assert float(asked) > 0


def test_what_is_held_is_listed_with_its_reason(written, tmp_path):
    told = tmp_path / "held.json"
    said("held", "items", written, "--json", told)
    assert all(one["code"] and one["detail"] for one in json.loads(told.read_text()))


def test_words_of_a_shop_among_what_is_held_are_no_markup(shop, monkeypatch):
    held = {"a": Held("a [/] b", "a", "code", "detail [/x]", "", 2, 0.0, 0)}
    monkeypatch.setattr("galen.enrich.running.journal.Journal.held", lambda self, table: held)
    assert "a [/] b" in said("held", "items", shop)


def test_a_review_by_file_gives_a_precision(written, tmp_path):
    queue = tmp_path / "queue.csv"
    told = tmp_path / "told.json"
    said("review", "items", written, "--sample", "10", "--export", queue, "--json", told)
    assert json.loads(told.read_text()) == {"rows": 10, "file": str(queue)}
    with queue.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for place, row in enumerate(rows):
        row["good"] = "no" if place == 0 else "yes"
    with queue.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    output = said("review", "items", written, "--verdicts", queue)
    assert "9 of 10 judged are good: precision 0.900 [0.596, 0.982]" in output


@pytest.mark.parametrize(
    ("line", "message"), [("sku-0000000,{},perhaps,", "line 2"), ("none,{},yes,", "no key 'none'")]
)
def test_a_file_of_verdicts_that_is_wrong_is_told(written, tmp_path, line, message):
    (tmp_path / "v.csv").write_text(f"key,values,good,note\n{line}\n")
    with pytest.raises(EnrichError, match=message):
        said("review", "items", written, "--verdicts", tmp_path / "v.csv")


def test_a_review_one_by_one_ends_when_the_person_does(written):
    result = RUN.invoke(app, ["enrich", "review", "items", str(written)], input="yes\nend\n")
    assert "10 judged" in result.output or "1 of 1" in result.output or "judged" in result.output
    assert result.exit_code == 0


def test_a_table_of_turned_vectors_that_is_missing_is_written_by_the_command_that_is_told(tmp_path):
    shop = synthesize(tmp_path / "shop", SyntheticSettings(60, 80, 200), lambda *_: None)
    ids = Catalogue.read(shop).ids
    put_vectors(enriched_folder(shop.folder), ids, np.random.default_rng(0).normal(size=(80, 12)))
    data = Dataset.read(shop)
    with pytest.raises(EnrichedError) as missing:
        read_encoded(data, TABLE)
    told = re.search(r"galen enrich (.+) SHOP", str(missing.value))[1]
    assert "80 vectors turned" in said(
        *told.split(), shop.folder, "--before-split", "strict", "--quiet"
    )
    assert read_encoded(split_by("strict", data).train[0].fit, TABLE).there.all()


def test_packs_of_one_product_are_proposed(shop):
    assert "groups" in said("groups", shop, "--quiet")


def test_an_endpoint_that_is_down_stops_with_what_to_do(shop, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    provider = tmp_path / "server.toml"
    provider.write_text(
        f'kind = "openai"\naddress = "http://127.0.0.1:{port}/v1"\nmodel = "m"\ntries = 1\n'
    )
    with pytest.raises(EnrichError, match="run the same command again"):
        said("run", "items", shop, "--provider", provider, "--quiet")


def test_a_budget_of_nothing_stops_before_the_first_question(shop, tmp_path):
    provider = tmp_path / "server.toml"
    provider.write_text(
        'kind = "openai"\naddress = "http://127.0.0.1:9/v1"\nmodel = "m"\nprice_written = 1.0\n'
    )
    with pytest.raises(EnrichError, match="could pass the budget"):
        said("run", "items", shop, "--provider", provider, "--budget", "0", "--quiet")


def test_an_unknown_provider_or_table_is_told(shop):
    with pytest.raises(LanguageModelError, match="no provider"):
        said("run", "items", shop, "--provider", "gpt", "--quiet")
    result = RUN.invoke(app, ["enrich", "run", "nosuch", str(shop)])
    assert result.exit_code == 2


def test_before_a_split_only_what_is_learned_from_is_read(shop):
    output = said("run", "items", shop, "--before-split", "global-time", "--quiet")
    assert "80 records" in output
