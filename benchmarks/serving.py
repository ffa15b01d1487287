"""What a recommendation costs over HTTP at a constant rate: latency, rate and memory.

    python -m benchmarks.serving --items 100000 --users 50000 --rate 50 --seconds 20 --json FILE

The real server (uvicorn, one process, one thread for arithmetic) has a core of its own; requests
are sent from another one at planned moments, whether or not earlier ones were answered, and
latency counts from the planned moment, so that waiting is not hidden. Impressions are logged.
Making the shop and training are processes of their own, whose time and memory are told too.
`--bundle FOLDER` keeps the shop and the bundle there and uses them again.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from benchmarks.latency import p50_and_p99
from benchmarks.rows import Row, write_rows
from benchmarks.running import file_to_write, run_in_words
from galen.data.arrays import Floats, Ints
from galen.data.manifest import ShopError
from galen.data.shop import Shop

SERVER_CORE: Final = 0
ONE_THREAD: Final = {
    name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
}
GALEN: Final = (sys.executable, "-c", "from galen.cli.main import main; main()")
RECIPE: Final = Path(__file__).with_name("serving.toml")
NEW_USERS: Final = 0.1  # share of requests by people without a history
SESSIONS: Final = 0.2  # share of requests by anonymous sessions with recent items


@dataclass(frozen=True)
class Sent:
    """What came back for each request."""

    latency: Floats  # (R,) seconds from the planned moment
    status: Ints  # (R,) 0 where the connection failed
    shown: Ints  # (R,) items of the slate
    degraded: int  # replies that went without a part
    seconds: float  # from the first planned moment to the last reply


def main(arguments: Sequence[str] | None = None) -> None:
    """Make or open the shop, serve it, send requests, print and write the figures."""
    options = _options(arguments)
    console = Console()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.bundle or Path(scratch)
        made = _make(folder, options, console)
        bodies = _bodies(folder, options, round(options.rate * (options.seconds + options.warm)))
        with _server(folder) as (port, process):
            warm = round(options.rate * options.warm)
            asyncio.run(_send(port, bodies[:warm], options.rate))
            before = _cpu_seconds(process)
            sent = asyncio.run(_send(port, bodies[warm:], options.rate))
            spent = _cpu_seconds(process) - before
            candidates = asyncio.run(_ranked(port, bodies[:100]))
            row = _row(options, sent, spent, candidates, _memory(process))
    _print(console, row)
    write_rows(options.json, [*made, row])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=50_000)
    parser.add_argument("--sessions", type=float, default=4.0, help="mean visits of a person")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--warm", type=float, default=3.0, help="seconds before what is measured")
    parser.add_argument("--n", type=int, default=20, help="items of a slate")
    parser.add_argument("--recipe", default=str(RECIPE))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bundle", type=Path, help="folder that keeps shop and bundle")
    parser.add_argument("--json", type=file_to_write)
    return parser.parse_args(arguments)


def _make(folder: Path, options: argparse.Namespace, console: Console) -> list[Row]:
    """A synthetic shop and a bundle, where the folder does not have them yet, with their cost."""
    shop, bundle = folder / "shop", folder / "bundle"
    rows = []
    if not (shop / "manifest.json").exists():
        console.print(f"making a shop of {options.items:,} items and {options.users:,} users")
        sizes = {"items": options.items, "users": options.users, "sessions": options.sessions}
        given = [word for name, size in sizes.items() for word in (f"--{name}", str(size))]
        rows.append(_galen("synth", str(shop), *given, options=options))
    _check_is_asked_for(shop, options)
    if not bundle.exists():
        console.print(f"training the recipe {options.recipe}")
        words = ("train", str(shop), str(bundle), "--recipe", options.recipe)
        rows.append(_galen(*words, "--quiet", options=options))
    events = Shop.open(shop).rows("events")
    for row in rows:
        row.metrics["events"] = float(events)
        console.print(
            f"  {row.benchmark}: {row.wall_seconds:.0f} s, {row.cpu_seconds:.0f} CPU s, "
            f"{row.peak_memory_bytes / 2**30:.2f} GiB, {events:,} events",
            highlight=False,
        )
    return rows


def _check_is_asked_for(folder: Path, options: argparse.Namespace) -> None:
    """See that a shop that was there before is of the sizes that rows will say."""
    shop = Shop.open(folder)
    there = shop.rows("items"), shop.rows("users")
    if there != (options.items, options.users):
        raise ShopError(
            f"{folder} has {there[0]:,} items and {there[1]:,} users, not {options.items:,} and "
            f"{options.users:,}; say so, or give another --bundle."
        )


def _galen(*words: str, options: argparse.Namespace) -> Row:
    """Run a command as a process of its own.

    Raises:
        RuntimeError: it failed; its own words stand above.
    """
    started = time.perf_counter()
    command = [*GALEN, *words, "--seed", str(options.seed)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"galen {words[0]} ended with status {process.returncode}")
    return Row(
        benchmark=words[0],
        data=_data(options),
        model=Path(options.recipe).stem,
        protocol="a process of its own",
        seed=options.seed,
        metrics={},
        cpu_seconds=used.ru_utime + used.ru_stime,
        wall_seconds=time.perf_counter() - started,
        peak_memory_bytes=used.ru_maxrss * 1024,
    )


def _data(options: argparse.Namespace) -> str:
    return f"synthetic-{options.items}-items-{options.users}-users-{options.sessions:g}-sessions"


def _bodies(folder: Path, options: argparse.Namespace, count: int) -> list[bytes]:
    """Request bodies: known users, new users, and sessions with recent items."""
    shop = Shop.open(folder / "shop")
    users = shop.read("users", ["user_id"])["user_id"].to_pylist()
    items = shop.read("items", ["item_id"])["item_id"].to_pylist()
    draw = np.random.default_rng(options.seed)
    bodies = []
    for number in range(count):
        asked: dict[str, object] = {"n": options.n}
        kind = draw.random()
        if kind < NEW_USERS:
            asked["user"] = f"never seen {number}"
        elif kind < NEW_USERS + SESSIONS:
            asked["recent"] = [items[row] for row in draw.integers(len(items), size=3)]
        else:
            asked["user"] = users[draw.integers(len(users))]
        bodies.append(json.dumps(asked).encode())
    return bodies


@contextmanager
def _server(folder: Path) -> Iterator[tuple[int, int]]:
    """The port and the process id of a server that is ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["serve", str(folder / "shop"), str(folder / "bundle"), "--port", str(port)]
    with tempfile.TemporaryDirectory() as log:
        server = subprocess.Popen(
            [*GALEN, *words],
            env={**os.environ, **ONE_THREAD, "GALEN_SERVE_FOLDER": log},
            stdout=subprocess.DEVNULL,
        )
        try:
            os.sched_setaffinity(server.pid, {SERVER_CORE})
            asyncio.run(_until_ready(port, server))
            others = os.sched_getaffinity(0) - {SERVER_CORE}
            if others:
                os.sched_setaffinity(0, others)
            yield port, server.pid
        finally:
            server.terminate()
            server.wait(30)


async def _until_ready(port: int, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(6000):
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with status {server.returncode}")
        try:
            await _Connection(port).ask(b"GET", b"/readyz", b"")
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise TimeoutError("the server was not ready within ten minutes")


class _Connection:
    """One kept-alive HTTP/1.1 connection, one request at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: bytes, path: bytes, body: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(
            b"%s %s HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%s" % (method, path, len(body), body)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return int(head[9:12]), await reader.readexactly(length)


async def _send(port: int, bodies: Sequence[bytes], rate: float) -> Sent:
    """Send each request at its moment, over as many connections as are needed at once."""
    latency = np.zeros(len(bodies))
    status, shown = np.zeros(len(bodies), np.int64), np.zeros(len(bodies), np.int64)
    free: list[_Connection] = []
    degraded = 0
    start = time.perf_counter() + 0.1

    async def one(place: int, planned: float) -> None:
        nonlocal degraded
        connection = free.pop() if free else _Connection(port)
        try:
            status[place], reply = await connection.ask(b"POST", b"/v1/recommend", bodies[place])
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            latency[place] = time.perf_counter() - planned
        free.append(connection)
        if status[place] == 200:
            slate = json.loads(reply)
            shown[place] = len(slate["items"])
            degraded += bool(slate["degraded"])

    async with asyncio.TaskGroup() as group:
        for place in range(len(bodies)):
            planned = start + place / rate
            await asyncio.sleep(max(planned - time.perf_counter(), 0))
            group.create_task(one(place, planned))
    return Sent(latency, status, shown, degraded, time.perf_counter() - start)


async def _ranked(port: int, bodies: Sequence[bytes]) -> float:
    """Mean number of rows that the ranker saw."""
    rows = []
    connection = _Connection(port)
    for body in bodies:
        asked = json.dumps({**json.loads(body), "explain": True}).encode()
        _, reply = await connection.ask(b"POST", b"/v1/recommend", asked)
        steps = json.loads(reply)["explanation"]["steps"]
        rows += [step["rows"] for step in steps if step["name"] == "rank"][:1]
    return float(np.mean(rows))


def _row(
    options: argparse.Namespace, sent: Sent, cpu_seconds: float, candidates: float, memory: int
) -> Row:
    return Row(
        benchmark="serving",
        data=_data(options),
        model=Path(options.recipe).stem,
        protocol="open-loop",
        seed=options.seed,
        metrics={
            **p50_and_p99(sent.latency * 1e3),
            "max_ms": float(sent.latency.max() * 1e3),
            "rate_planned": options.rate,
            "rate": len(sent.latency) / sent.seconds,
            "errors": float((sent.status != 200).sum()),
            "degraded": float(sent.degraded),
            "candidates": candidates,
            "items_shown": float(sent.shown.mean()),
            "requests": float(len(sent.latency)),
        },
        cpu_seconds=cpu_seconds,
        wall_seconds=sent.seconds,
        peak_memory_bytes=memory,
    )


def _print(console: Console, row: Row) -> None:
    told = row.metrics
    console.print(
        f"{row.data}, recipe {row.model}, {datetime.now(UTC):%Y-%m-%d}\n"
        f"  p50 {told['p50_ms']:.1f}, p99 {told['p99_ms']:.1f}, max {told['max_ms']:.1f} ms\n"
        f"  {told['rate']:.1f} of {told['rate_planned']:.1f} requests a second,"
        f" {told['errors']:.0f} errors, {told['degraded']:.0f} degraded,"
        f" {told['candidates']:.0f} candidates to {told['items_shown']:.1f} items\n"
        f"  server: {row.cpu_seconds / told['requests'] * 1e3:.1f} CPU ms a request,"
        f" {row.peak_memory_bytes / 2**20:.0f} MiB",
        highlight=False,
    )


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(process: int) -> int:
    """Peak resident bytes of a process."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not tell the memory of a process")


if __name__ == "__main__":
    run_in_words(main)
