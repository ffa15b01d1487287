"""The real server, killed with SIGKILL at random moments while it takes events."""

import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from galen.serve.service import Service

Open = Callable[..., Service]

NURSERY = """
import os, runpy, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from galen.serve.http import server
from galen.serve.http.application import create_api
from galen.serve.settings import Settings
world, folder = runpy.run_path(sys.argv[1]), Path(sys.argv[2])
for port in sys.stdin:
    child = os.fork()
    if child == 0:
        service = world["open_world"](folder, "time", ThreadPoolExecutor(2), snapshot_every=50)
        settings = Settings(port=int(port))
        server.run(create_api(service, settings), settings)
        os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
"""


class Lives:
    """Starts one server after the other; the imports are paid for once."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        conftest = Path(__file__).with_name("conftest.py")
        self._nursery = subprocess.Popen(
            [sys.executable, "-c", NURSERY, str(conftest), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> int:
        """The process id of a new server, which may not listen yet."""
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(f"{self.port}\n")
        self._nursery.stdin.flush()
        return int(self._nursery.stdout.readline())

    def post(self, path: str, body: object) -> tuple[int, dict[str, object]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with closing(connection):
            headers = {"content-type": "application/json"}
            connection.request("POST", path, json.dumps(body), headers)
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())

    def wait(self) -> None:
        for _ in range(1000):
            try:
                self.post("/v1/recommend", {"n": 1})
                return
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)
        raise TimeoutError("the server does not listen")

    def close(self) -> None:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.close()
        self._nursery.wait(20)
        self._nursery.stdout.close()


@contextmanager
def senders(lives: Lives, count: int, acknowledged: Counter[str]) -> Iterator[None]:
    """Threads that send events one batch after the other, each until it is acknowledged."""
    stop = threading.Event()

    def send(thread: int) -> None:
        number = 0
        while not stop.is_set():
            names = [f"{thread}-{number}-{place}" for place in range(3)]
            events = [
                {"event_id": name, "user": f"user {thread}", "item": f"i{number % 60}",
                 "kind": "click"} for name in names
            ]  # fmt: skip
            try:
                status, reply = lives.post("/v1/events", {"events": events})
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)
                continue
            if status == 200:
                assert not reply["errors"]
                acknowledged.update(names)
                number += 1

    threads = [threading.Thread(target=send, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join(30)


def kill_often(folder: Path, open_service: Open, kills: int, longest: float) -> int:
    """Kill and start again; give the number of acknowledged events after checking them all."""
    draw, lives, acknowledged = random.Random(5), Lives(folder), Counter[str]()
    server = lives.start()
    with senders(lives, 4, acknowledged):
        for _ in range(kills):
            lives.wait()
            time.sleep(draw.random() * longest)
            os.kill(server, signal.SIGKILL)
            server = lives.start()
        lives.wait()
    os.kill(server, signal.SIGKILL)
    lives.close()
    assert set(acknowledged.values()) == {1}  # a sender goes on only after its acknowledgement

    with closing(sqlite3.connect(folder / "time" / "events.db")) as log:
        found = Counter(
            name for (name,) in log.execute("SELECT event_id FROM events WHERE kind != 0")
        )
    assert set(acknowledged) <= set(found)
    assert set(found.values()) == {1}
    state = open_service().state
    for thread in range(4):
        row = state.people.row(f"user {thread}")
        own = [name for name in found if name.startswith(f"{thread}-")]
        assert state.length.values[row] == len(own)
    return len(acknowledged)


def test_no_acknowledged_event_is_lost_or_doubled_by_ten_kills(
    tmp_path: Path, open_service: Open
) -> None:
    assert kill_often(tmp_path, open_service, kills=10, longest=0.3) > 100


@pytest.mark.slow
def test_no_acknowledged_event_is_lost_or_doubled_by_two_hundred_kills(
    tmp_path: Path, open_service: Open
) -> None:
    assert kill_often(tmp_path, open_service, kills=200, longest=1.0) > 10_000
