"""A tokenizer's arrays on disk, beside the settings that they were learned with."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from galen.features.tokenizing.semantic_ids import SemanticIdError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Arrays = Mapping[str, npt.NDArray[Any]]


def write(file: Path, arrays: Arrays, settings: "DataclassInstance") -> None:
    """Write arrays and what they were learned with as one file."""
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    save_file(whole, file, metadata={"settings": _in_words(settings)})


def read(file: Path, settings: "DataclassInstance") -> dict[str, npt.NDArray[Any]]:
    """The arrays that `write` wrote with the same settings.

    Raises:
        SemanticIdError: the file is missing, cut short, or of other settings.
    """
    try:
        with safe_open(file, "np") as stored:
            learned_with = (stored.metadata() or {}).get("settings")
            arrays = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise SemanticIdError(
            f"{file} is missing or was cut short ({error}); fit the tokenizer again."
        ) from error
    if learned_with != _in_words(settings):
        raise SemanticIdError(
            f"{file} was learned with settings {learned_with}, not {_in_words(settings)}; "
            "name those, or fit the tokenizer again."
        )
    return arrays


def _in_words(settings: "DataclassInstance") -> str:
    return json.dumps({"tokenizer": type(settings).__name__, **asdict(settings)}, sort_keys=True)
