"""The page that names every part costs little to open."""

import subprocess
import sys

HEAVY = ("ibis", "lightgbm", "matplotlib", "pandas", "scipy.stats", "sklearn", "xgboost")
"""Libraries that take a second each to import, and that only some recipes use."""


def test_libraries_that_only_some_parts_use_are_not_loaded_before_them():
    code = "import galen.assembly.bundles.bundle, galen.assembly.train, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert not set(HEAVY) & set(done.stdout.split())
