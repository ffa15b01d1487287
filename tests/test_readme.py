"""What the README says is so."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from galen.cli.main import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_table_of_rooms_is_the_tree():
    told = set(re.findall(r"^\| \[`galen/(\w+)`\]", README, re.MULTILINE))
    rooms = {p.parent.name for p in (ROOT / "galen").glob("*/__init__.py")}
    assert told == rooms


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


@pytest.mark.parametrize("target", sorted(set(re.findall(r'click \w+ "([\w/]+)"', README))))
def test_every_box_of_the_diagram_leads_to_a_folder(target):
    assert (ROOT / target).is_dir()
