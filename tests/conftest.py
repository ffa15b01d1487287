"""Fixtures of every room's tests."""

import os
from pathlib import Path

import pytest
from worlds import World, known_world


@pytest.fixture(scope="session")
def world() -> World:
    return known_world()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; the test is skipped, and says so, where there is none."""
    folder = os.environ.get("GALEN_DATA")
    if not folder:
        pytest.skip("GALEN_DATA is not set: no real data to test on")
    return Path(folder)
