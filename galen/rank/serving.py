"""How a network scores once it is in a bundle: in PyTorch, or as an exported file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from torch import nn

from galen.features.encoding.schema import Schema
from galen.nn.exporting import ExportError, Session, export
from galen.nn.inputs import Inputs
from galen.nn.tables.compact import Kind, compacted

FILE: Final = "network.onnx"

CLOSE: Final = 1e-5
"""How far an exported logit may lie from the network's own."""


@dataclass(frozen=True, slots=True)
class Serving:
    """Where a network scores, and in how many bytes its tables are kept there."""

    engine: Literal["eager", "onnx"] = "eager"  # torch, or an exported file (extra `onnx`)
    tables: Kind = "float32"  # how embedding tables are kept; fewer bytes, a little less exact
    threads: int = 1  # of one request


def write_exported(schema: Schema, network: nn.Module, serving: Serving, folder: Path) -> None:
    """Export a network, and see that the file scores as the network does.

    Raises:
        ExportError: it cannot be exported, or the file's scores are others.
    """
    scoring = compacted(network, serving.tables)
    export(scoring, example_of(schema, rows=7, people=3, seed=0), folder / FILE)
    session = Session(folder / FILE, serving.threads)
    for rows, people in ((1, 1), (33, 8)):
        inputs = example_of(schema, rows=rows, people=people, seed=rows)
        with torch.inference_mode():
            own = scoring(inputs).float().numpy()
        apart = float(np.abs(session(inputs) - own).max(initial=0.0))
        if not apart <= CLOSE * max(1.0, float(np.abs(own).max(initial=0.0))):
            raise ExportError(
                f"the exported file scores {apart:.2g} away from the network; serve it with "
                'engine = "eager".'
            )


def example_of(schema: Schema, *, rows: int, people: int, seed: int) -> Inputs:
    """Rows of random values that fit a schema, with histories of every length up to its longest."""
    draw = np.random.default_rng(seed)
    bags = [draw.integers(0, bag.size, (rows, bag.width)) for bag in schema.bags]
    categories = [draw.integers(0, field.size, rows) for field in schema.categories]
    length = draw.integers(0, schema.history + 1, people)
    shape = (people, schema.history, len(schema.sequences))
    history = np.zeros(shape, np.int64)
    for place, sequence in enumerate(schema.sequences):
        history[..., place] = draw.integers(0, sequence.size, shape[:2])
    history[np.arange(schema.history) >= length[:, None]] = 0
    places = sum(bag.width for bag in schema.bags)
    vectors = sum(vector.size for vector in schema.vectors)
    none = np.empty((rows, 0), np.int64)
    columns = (
        np.stack(categories, axis=1) if categories else none,
        draw.normal(size=(rows, len(schema.numbers))).astype(np.float32),
        np.concatenate(bags, axis=1) if bags else none,
        (draw.random((rows, places)) < 0.7).astype(np.float32),
        draw.normal(size=(rows, vectors)).astype(np.float32),
        history,
        length,
        np.sort(draw.integers(0, people, rows)),
    )
    return Inputs(*(torch.from_numpy(column) for column in columns))
