"""The one form of every benchmark's result: rows of flat figures, with what they cost."""

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from safetensors import safe_open

from galen.assembly.bundles.storage import save_parts
from galen.assembly.parts import Parts
from galen.data.json_file import write_json_file
from galen.pipeline.stages import Retriever


@dataclass(frozen=True)
class Row:
    benchmark: str
    data: str
    model: str
    protocol: str
    seed: int
    metrics: dict[str, float]
    cpu_seconds: float
    wall_seconds: float
    peak_memory_bytes: int  # of the whole process so far
    version: str = field(default_factory=lambda: version("galen"))
    facts: dict[str, str] = field(default_factory=dict)  # in words: how it was measured


def parameters_of(parts: Parts) -> int:
    """How many numbers a recommender keeps of what it learned, vectors of items included."""
    return _numbers_kept(lambda folder: save_parts(folder, parts, ()))


def parameters_of_channel(channel: Retriever) -> int:
    """As `parameters_of`, of a channel without a recommender around it."""
    return _numbers_kept(channel.save)


def _numbers_kept(save: Callable[[Path], None]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder))
        count = 0
        for file in Path(folder).rglob("*.safetensors"):
            with safe_open(file, "numpy") as tensors:
                names = tensors.keys()
                shapes = (tensors.get_slice(name).get_shape() for name in names)
                count += sum(math.prod(shape) for shape in shapes)
    return count


def write_rows(file: Path | None, rows: Sequence[Row]) -> None:
    """Write rows as a JSON list; nothing where no file is asked for."""
    if file is not None:
        write_json_file(file, rows)
