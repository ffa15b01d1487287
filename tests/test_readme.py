"""What the README says is so."""

import csv
import json
import re
import shlex
import tomllib
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from galen.cli.main import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_table_of_rooms_is_the_tree():
    told = re.findall(r"^\| \[`galen/(\w+)`\]\(galen/(\w+)\) \| \S", README, re.MULTILINE)
    rooms = [p.parent.name for p in (ROOT / "galen").glob("*/__init__.py")]
    assert sorted(name for name, _ in told) == sorted(rooms)
    assert all(name == link for name, link in told)


def test_every_room_stands_in_the_contract_of_arrows():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = {name.strip() for row in contract["contracts"][0]["layers"] for name in row.split("|")}
    rooms = {p.parent.name for p in (ROOT / "galen").glob("*/__init__.py")}
    assert layers == rooms | {"__main__"}


def test_the_table_of_commands_is_the_command_line():
    told = set(re.findall(r"^\| `galen ([\w-]+)` \|", README, re.MULTILINE))
    shown = CliRunner().invoke(app, ["--help"])
    assert shown.exit_code == 0
    names = {command.name or command.callback.__name__ for command in app.registered_commands}
    names |= {group.name for group in app.registered_groups}
    assert told == names


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([\w./-]+)\)", README))))
def test_every_link_of_the_readme_leads_somewhere(link):
    assert (ROOT / link).exists()


def test_every_box_of_the_diagram_is_a_room_and_names_it():
    diagram = README.split("```mermaid")[1].split("```")[0]
    boxes = dict(re.findall(r'(\w+)\["([\w, ]+)(?:<br>|"\])', diagram))
    clicks = re.findall(r'click (\w+) "galen/(\w+)"', diagram)
    rooms = {p.parent.name for p in (ROOT / "galen").glob("*/__init__.py")}
    assert sorted(box for box, _ in clicks) == sorted(boxes)
    for box, room in clicks:
        assert room in rooms
        assert room in re.findall(r"\w+", boxes[box])
    arrows = re.sub(r'\[".*?"\]|-- ".*?" -->|-\. ".*?" \.-|click .*', " ", diagram)
    assert set(re.findall(r"\w+", arrows)) - {"flowchart", "LR"} == set(boxes)


def own_data(folder):
    """The files that "Your own data" begins with, of a shop that calls columns otherwise."""
    random = np.random.default_rng(0)
    with (folder / "items.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["item_id", "title", "category", "price", "rx_class", "stock"])
        for n in range(40):
            write.writerow([f"s{n}", f"Tea {n}", "food", 3 + n, "none", 9])
    (folder / "users.csv").write_text("user_id,age\n" + "".join(f"c{n},40\n" for n in range(80)))
    with (folder / "events.jsonl").open("w") as file:
        for n in range(1600):
            at = datetime(2026, 1, 1) + timedelta(hours=int(random.integers(24 * 200)))
            person = int(random.integers(80))
            item = (person + int(random.integers(6))) % 40
            kind = ("click", "purchase")[int(random.random() < 0.5)]
            row = {"event_id": f"e{n}", "customer": f"c{person}", "sku": f"s{item}", "kind": kind}
            file.write(json.dumps(row | {"timestamp": at.isoformat()}) + "\n")


def test_the_commands_for_ones_own_data_run_as_they_stand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own_data(tmp_path)
    block = README.split("## Your own data")[1].split("```")[1].replace("\\\n", "")
    commands = [shlex.split(line, comments=True) for line in block.splitlines()[1:]]
    told = ""
    for name, *arguments in commands:
        assert name == "galen"
        if arguments[0] != "serve":
            done = CliRunner().invoke(app, arguments)
            assert done.exit_code == 0, f"{arguments}\n{done.output}"
            told += done.output
    assert commands[-1] == ["galen", "serve", "shops/mine", "bundles/mine"]
    assert "ndcg@10" in told
    assert (tmp_path / "quality.html").exists()


BENCHMARKS = [
    (page.name, name, options)
    for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
    for name, options in re.findall(r"`python -m\s+benchmarks\.(\w+)([^`]*)`", page.read_text())
]


def test_benchmarks_that_pages_name_are_there_with_their_options():
    assert len(BENCHMARKS) > 40
    for page, name, options in BENCHMARKS:
        path = ROOT / "benchmarks" / f"{name}.py"
        assert path.exists(), f"{page}: {name}"
        text = path.read_text()
        shared = re.findall(r"from benchmarks\.(\w+) import", text)
        text += "".join((ROOT / "benchmarks" / f"{one}.py").read_text() for one in shared)
        for option in re.findall(r"--[a-z][\w-]*", options):
            known = f'"{option}"' in text or 'f"--{name}"' in text
            assert known, f"{page}: {name} has no {option}"
