"""Runs the commands of a page of documentation word by word, its server beside them."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
_HEAD = f'''set -e
galen() {{ "{sys.executable}" -m galen "$@"; }}
python() {{ "{sys.executable}" "$@"; }}
'''


@dataclass(frozen=True)
class Walked:
    """What the commands said, and the files when the server began and after it ended."""

    said: list[tuple[str, str]]  # each block, and what it printed
    before: dict[Path, bytes]
    after: dict[Path, bytes]

    @property
    def told(self) -> str:
        """All that was printed."""
        return "".join(text for _, text in self.said)

    def answer(self, command: str) -> str:
        """What the block printed that holds a command."""
        (text,) = (text for block, text in self.said if command in block)
        return text

    def slates(self) -> list[str]:
        """The answers of the served API, as text."""
        return self.told.split('{"request_id"')[1:]

    def written_while_serving(self) -> set[Path]:
        """Files that the server changed, but for reports and what is current."""
        kept = {path for path in self.before if "quality" not in path.name}
        return {
            path
            for path in kept
            if self.after[path] != self.before[path] and path.name != "current.json"
        }


def blocks_of(page: str) -> list[str]:
    """The commands of a page, which may have no other code.

    Raises:
        AssertionError: some code of the page would not be run, or it serves nothing.
    """
    whole = (ROOT / page).read_text()
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", whole, re.DOTALL | re.MULTILINE)
    blocks = [text for language, text in fenced if language == "sh"]
    assert {language for language, _ in fenced} <= {"sh", ""}, f"{page} has code that is not run"
    assert len(re.findall("^```", whole, re.MULTILINE)) == 2 * len(fenced)
    assert any(block.startswith("galen serve") for block in blocks)
    return blocks


def walk(blocks: list[str], folder: Path, replaced: dict[str, Callable[[], None]]) -> Walked:
    """Run the blocks in a folder; one that begins with a key of `replaced` is done by its value."""
    said: list[tuple[str, str]] = []
    port, server, before = _free_port(), None, {}
    try:
        for block in blocks:
            instead = next((do for word, do in replaced.items() if block.startswith(word)), None)
            if instead is not None:
                instead()
            elif block.startswith("galen serve"):
                before = _contents(folder)
                server = subprocess.Popen(
                    [sys.executable, "-m", *block.split()], cwd=folder, env=_environment(port)
                )
                _wait_until_ready(server, port)
            else:
                said.append((block, _bash(block, folder, port)))
    finally:
        if server is not None:
            server.terminate()
            server.wait(30)
    return Walked(said, before, _contents(folder))


def _free_port() -> int:
    with socket.socket() as open_socket:
        open_socket.bind(("127.0.0.1", 0))
        return int(open_socket.getsockname()[1])


def _environment(port: int) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "GALEN_SERVE_PORT": str(port), "COLUMNS": "200"}


def _bash(block: str, folder: Path, port: int) -> str:
    text = _HEAD + block.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    done = subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        env=_environment(port),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _wait_until_ready(server: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(300):
        assert server.poll() is None, "the server ended"
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server is not ready after a minute")


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
