"""A training's state as two files: safetensors, and JSON that is written last."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from galen.data.manifest import sha256
from galen.data.mendable import MendableError
from galen.data.replacing import replacing


class CheckpointError(MendableError):
    """A checkpoint cannot be used; the message names the file and what to do."""


@dataclass(frozen=True)
class Saved:
    """What a checkpoint holds."""

    tensors: dict[str, Tensor]
    epochs: list[dict[str, Any]]
    best: int
    facts: dict[str, float]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors of one owner."""
        start = f"{name}."
        return {
            key.removeprefix(start): value
            for key, value in self.tensors.items()
            if key.startswith(start)
        }


class Checkpoint:
    """One checkpoint in a folder; a new one takes the old one's place whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts = folder / "checkpoint.json"

    def write(
        self,
        tensors: Mapping[str, Tensor],
        epochs: Sequence[Mapping[str, Any]],
        best: int,
        facts: Mapping[str, float],
    ) -> None:
        """Replace the checkpoint."""
        self.folder.mkdir(parents=True, exist_ok=True)
        old = self._tensor_files()
        # An epoch that ends on a step of its own checkpoint has one of the same step after it.
        name = f"checkpoint-{int(facts['step']):08}-{len(epochs):04}.safetensors"
        plain = {key: t.detach().cpu().contiguous().clone() for key, t in tensors.items()}
        with replacing(self.folder / name) as part:
            save_file(plain, part.name)
        digest = sha256(self.folder / name)
        state = {
            "file": name,
            "sha256": digest,
            "epochs": list(epochs),
            "best": best,
            "facts": dict(facts),
        }
        with replacing(self.facts) as part:
            part.write(f"{json.dumps(state, indent=1)}\n".encode())
        for file in old:
            if file.name != name:
                file.unlink()

    def read(self, shapes: Mapping[str, tuple[int, ...]]) -> Saved | None:
        """The checkpoint, if there is one.

        Raises:
            CheckpointError: it was cut short, or is of a network of another shape.
        """
        if not self.facts.exists():
            return None
        try:
            state = json.loads(self.facts.read_text())
            file = self.folder / state["file"]
            whole = file.exists() and sha256(file) == state["sha256"]
        except (ValueError, KeyError) as error:
            raise CheckpointError(
                f"{self.facts} cannot be read ({error}); {self._mend()}"
            ) from error
        if not whole:
            raise CheckpointError(f"{file} is missing or was cut short; {self._mend()}")
        saved = Saved(load_file(file), state["epochs"], state["best"], state["facts"])
        if {name: tuple(t.shape) for name, t in saved.part("network").items()} != shapes:
            raise CheckpointError(f"{file} is of a network of another shape; {self._mend()}")
        return saved

    def _mend(self) -> str:
        return f"remove {self.folder} to begin anew, or name another folder."

    def _tensor_files(self) -> list[Path]:
        """Those that are whole, and what is left of those whose writing was broken off."""
        return [*self.folder.glob("checkpoint-*"), *self.folder.glob(".checkpoint-*")]
