"""Figures as JSON that every parser reads: what is no number is null, since JSON has no NaN."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np


def write_json_file(path: Path, told: Any) -> None:
    """Write a tree of plain values, dataclasses or arrays, over several lines."""
    text = msgspec.json.encode(told, enc_hook=_plain)
    path.write_bytes(msgspec.json.format(text, indent=1) + b"\n")


def _plain(value: Any) -> Any:
    """What msgspec does not know: numbers and arrays of numpy, and what only has a text."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else str(value)
