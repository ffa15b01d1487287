import signal
import subprocess
import sys
from pathlib import Path

import pytest
from shop_files import events, landed, run

SCRIPT = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from galen.data.importing.importer import import_shop

def stop(doing, done, total):
    stop.steps += 1
    if stop.steps == int(sys.argv[2]):
        print("here", flush=True)
        time.sleep(600)

stop.steps = 0
folder = Path(sys.argv[1])
import_shop("table", {"events": folder / "more.csv"}, folder / "shop",
            now=datetime(2026, 6, 1, tzinfo=UTC), progress=stop)
"""


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_kill_during_an_import_leaves_the_old_shop(tmp_path: Path, step: int):
    run(tmp_path, events=events(20))
    before = landed(tmp_path)
    (tmp_path / "more.csv").write_bytes(events(350_000))  # three blocks
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(step)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        assert any(path.name.startswith(".shop.") for path in tmp_path.iterdir())
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert landed(tmp_path) == before
    run(tmp_path, events=events(30))
    assert len(landed(tmp_path)) == 30
