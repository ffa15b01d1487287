"""The recording that galen ships answers what is asked of the demo's shop and says what it is."""

import gzip
import json
import socket

import pytest
from typer.testing import CliRunner

from galen.cli.main import app
from galen.data.enriched import read_all
from galen.enrich.running.asking import asked_of
from galen.enrich.running.journal import Journal
from galen.enrich.tables.needs import NeedsTask
from galen.knowledge.build import built_in
from galen.llm.language_model import Reply
from galen.llm.recorded import SHIPPED, Recorded
from recordings.goods import Goods
from recordings.shipped import before_splits, demo_questions, demo_shop, write_recording

NAME = "recorded:language-model:written-table@1"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return demo_shop(tmp_path_factory.mktemp("recorded") / "shop")


@pytest.fixture(scope="module")
def folder(data):
    return data.enriched.with_name(data.enriched.name.removesuffix(".enriched"))


def test_the_first_line_says_how_the_answers_were_made_and_that_nobody_reviewed_them():
    told = json.loads(gzip.decompress(SHIPPED.read_bytes()).splitlines()[0])
    assert told["model"] == NAME.removeprefix("recorded:")
    assert "language model" in told["made"]
    assert "nobody has reviewed" in told["made"]
    assert SHIPPED.stat().st_size < 200_000


def test_every_context_of_the_shop_and_of_every_split_finds_its_answer(data):
    """Else the table, the prompt or the graph has changed: run `python -m recordings`."""
    model = Recorded(SHIPPED)
    assert model.name == NAME
    for known in (data, *before_splits(data)):
        prompts = [q.prompt for q in asked_of(NeedsTask.of(known, built_in()), model)]
        assert len(prompts) > 50
        assert all(isinstance(answer, Reply) for answer in model.complete(prompts))
    model.close()


def test_the_tables_are_written_offline_and_name_who_wrote_them(data, folder, monkeypatch):
    def refused(*arguments):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refused)
    for table in ("items", "needs"):
        command = ["enrich", "run", table, str(folder), "--provider", "recorded", "--quiet"]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
        assert "held" not in done.output
        rows = read_all(data.enriched, table).to_pylist()
        assert {row["model"] for row in rows} == {NAME}
    assert len(read_all(data.enriched, "items")) == len(data.catalogue)
    with Journal(data.enriched) as journal:
        assert not journal.held("needs")


def test_another_shop_finds_no_answer_and_none_is_made_up(tmp_path):
    folder = str(tmp_path / "shop")
    made = ["synth", folder, "--users", "60", "--items", "30", "--days", "40", "--quiet"]
    assert CliRunner().invoke(app, made).exit_code == 0
    asked = ["enrich", "run", "needs", folder, "--provider", "recorded", "--quiet"]
    done = CliRunner().invoke(app, asked)
    assert "held, unknown" in done.output


def test_an_answer_that_a_judge_refuses_is_left_out(data, tmp_path):
    task = NeedsTask.of(data, built_in())
    done = write_recording(tmp_path / "wrong.jsonl", [(task, lambda prompt: '{"needs": []}')])
    assert done.answered == 0
    assert len(done.refused) == done.asked > 100


@pytest.mark.slow
def test_the_file_is_what_its_maker_writes(tmp_path):
    """The shop is made anew, since tables beside it would be read."""
    path = tmp_path / SHIPPED.name
    asked = demo_questions(demo_shop(tmp_path / "shop"), built_in(), Goods.read())
    write_recording(path, asked)
    assert path.read_bytes() == SHIPPED.read_bytes()
