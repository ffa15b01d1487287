"""What a block of code takes is its own, and money follows from it."""

import subprocess
import sys
import time

import pytest

from galen.compare.cost import Cost, HourlyPrices, measured, peak_memory


def test_processor_seconds_are_counted_and_sleep_is_none():
    with measured() as cost:
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass
        time.sleep(0.05)
    assert 0.05 <= cost.cpu_seconds < cost.wall_seconds
    assert cost.gpu_seconds == 0.0


def test_a_small_child_of_a_large_parent_is_small():
    large = bytearray(400 * 2**20)
    words = "from galen.compare.cost import peak_memory; print(peak_memory())"
    told = subprocess.run([sys.executable, "-c", words], capture_output=True, check=True)
    assert int(told.stdout) < 200 * 2**20 < len(large) < peak_memory()


def test_money_is_hours_times_their_prices():
    cost = Cost(cpu_seconds=7200, wall_seconds=3600, gpu_seconds=1800)
    assert HourlyPrices(0.05, 2.5).of(cost) == pytest.approx(0.1 + 1.25)
