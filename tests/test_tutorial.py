"""The tutorial is run word by word, from its files to the last command."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/tutorial.md").read_text(), re.DOTALL)
GALEN = f'set -e\ngalen() {{ "{sys.executable}" -m galen "$@"; }}\n'


def free_port():
    with socket.socket() as open_socket:
        open_socket.bind(("127.0.0.1", 0))
        return open_socket.getsockname()[1]


def environment(port):
    return {**os.environ, "PYTHONPATH": str(ROOT), "GALEN_SERVE_PORT": str(port), "COLUMNS": "200"}


def bash(block, folder, port):
    text = GALEN + block.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    done = subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        env=environment(port),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def wait_until_ready(server, port):
    for _ in range(300):
        assert server.poll() is None, "the server ended"
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server is not ready after a minute")


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.slow
def test_the_tutorial_runs_as_it_stands(tmp_path):
    port, server, said = free_port(), None, []
    try:
        for block in BLOCKS:
            if block.startswith("galen serve"):
                before = contents(tmp_path)
                server = subprocess.Popen(
                    [sys.executable, "-m", *block.split()], cwd=tmp_path, env=environment(port)
                )
                wait_until_ready(server, port)
            else:
                said.append(bash(block, tmp_path, port))
    finally:
        if server is not None:
            server.terminate()
            server.wait(30)
    told = "".join(said)
    for word in ("pregnancy", "warfarin", "prescription"):
        assert word in told
    slates = told.split('{"request_id"')[1:]
    assert len(slates) == 2
    assert all("AM-16" not in slate for slate in slates)
    after = contents(tmp_path)
    kept = {path for path in before if "quality" not in path.name}
    changed = {p for p in kept if after[p] != before[p] and p.name != "current.json"}
    assert changed == set(), "serving wrote into the shop or the bundle"


def test_the_tutorial_has_no_command_that_is_not_run():
    whole = (ROOT / "docs/tutorial.md").read_text()
    assert len(re.findall("^```", whole, re.MULTILINE)) == 2 * len(BLOCKS)
    assert any(block.startswith("galen serve") for block in BLOCKS)
