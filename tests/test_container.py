"""The container's files agree with the project; they are read, since they cannot be run here."""

import json
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import msgspec
import pytest
import yaml
from command_walk import commands

from galen.serve.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
WORDS = {
    *{"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL"},
    *{"RUN", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"},
}


def instructions():
    """(word, rest) of each, with continued lines joined and comments left out."""
    lines = [x for x in (ROOT / "Dockerfile").read_text().splitlines() if not x.startswith("#")]
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def rests(word):
    return [rest for name, rest in instructions() if name == word]


@pytest.fixture(scope="module")
def service():
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["galen"]


def variables():
    return dict(pair.split("=", 1) for rest in rests("ENV") for pair in rest.split())


def test_every_instruction_is_one_and_every_stage_is_named():
    assert {word for word, _ in instructions()} <= WORDS
    stages = [re.fullmatch(r"\S+ AS (\w+)", rest)[1] for rest in rests("FROM")]
    used = re.findall(r"--from=(\w+)", "\n".join(rests("COPY")))
    assert set(used) < set(stages)
    assert len(stages) == 3


def test_everything_that_is_copied_is_there_and_is_not_ignored():
    ignored = (ROOT / ".dockerignore").read_text().split()
    for rest in rests("COPY"):
        if "--from=" in rest:
            continue
        for source in rest.split()[:-1]:
            assert (ROOT / source).exists()
            assert f"!{source}" in ignored
    assert ignored[0] == "*"
    for kept in (line[1:] for line in ignored if line.startswith("!")):
        assert not fnmatch(kept, "*shops*")


def test_what_the_wheel_is_built_from_is_copied():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    copied = " ".join(rests("COPY")[:2])
    for name in (project["readme"], "LICENSE", "pyproject.toml", "galen"):
        assert name in copied


def test_the_command_is_one_of_the_command_line(service):
    (told,) = rests("CMD")
    assert json.loads(rests("ENTRYPOINT")[0]) == ["galen"]
    for words in (json.loads(told), service["command"]):
        (serve,) = [c for c in commands() if c.words == ("serve",)]
        given = [word for word in words[1:] if word.startswith("--")]
        assert words[0] == "serve"
        assert set(given) <= {name for option in serve.options for name in option.opts}
        assert len(words) == 1 + len(serve.arguments) + 2 * len(given)


def test_ports_and_variables_are_those_of_the_settings(service):
    told = {n.removeprefix(PREFIX).lower(): v for n, v in variables().items() if PREFIX in n}
    settings = msgspec.convert(told, Settings, strict=False)
    assert rests("EXPOSE") == [str(settings.port)]
    assert [port.rsplit(":", 1)[1] for port in service["ports"]] == [str(settings.port)]
    assert f":{settings.port}/readyz" in rests("HEALTHCHECK")[0]
    assert settings.folder in json.loads(rests("VOLUME")[0])


def test_the_image_runs_without_rights_and_holds_no_secret():
    words = [word for word, _ in instructions()]
    assert rests("USER") == ["galen"]
    assert words.index("USER") > max(i for i, word in enumerate(words) if word in ("RUN", "COPY"))
    assert not [n for n in variables() if re.search("KEY|SECRET|TOKEN|PASSWORD", n)]
    assert "ADD" not in words


def test_torch_is_the_cpu_wheel_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    told = dict(rest.split("=", 1) for rest in rests("ARG"))
    assert f"TORCH_SPEC ?= torch=={told['TORCH']}\n" in makefile
    assert f"TORCH_INDEX ?= {told['TORCH_INDEX']}\n" in makefile


def test_the_service_cannot_write_but_to_its_log(service):
    assert service["read_only"] is True
    assert service["restart"] == "unless-stopped"
    assert service["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    places = {}
    for volume in service["volumes"]:
        _, place, *mode = re.sub(r"\$\{[^}]*\}", "x", volume).split(":")
        places[place] = mode
    assert places.pop("/log") == []
    assert set(places) == {"/shop", "/bundle", "/settings/galen.toml"}
    assert all(mode == ["ro"] for mode in places.values())


def test_the_settings_of_the_guide_are_settings():
    text = (ROOT / "docs/guides/container.md").read_text()
    (block,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    settings = msgspec.convert(tomllib.loads(block), Settings)
    assert settings.keys[0].name == "shop"
