"""A network as an ONNX file, and that file as something that scores without PyTorch's overhead."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from galen.data.arrays import Singles
from galen.data.extras import EXTRAS, extra
from galen.data.mendable import MendableError
from galen.nn.inputs import Inputs


class ExportError(MendableError):
    """A network cannot be exported, or its file cannot be run; the message says what to do."""


def export(network: nn.Module, example: Inputs, path: Path) -> None:
    """Write a network as ONNX; rows and people may be of any number later, histories of the
    example's length.

    Raises:
        MissingExtraError: the packages are not installed.
        ExportError: the network has what ONNX cannot express.
    """
    _runtime()
    every = torch.export.Dim.DYNAMIC
    network.eval()
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                _ByPlace(network),
                tuple(example),
                dynamo=True,
                verbose=False,
                optimize=False,  # ONNX Runtime does that when it opens the file
                input_names=list(Inputs._fields),
                output_names=["logits"],
                dynamic_shapes=(tuple({0: every} for _ in Inputs._fields),),
            )
            assert program is not None
            program.save(path)
    except Exception as error:  # the exporter raises what each of its steps raises
        raise ExportError(
            f"the network cannot be written as ONNX ({str(error).splitlines()[0]}); serve it with "
            'engine = "eager".'
        ) from error


class Session:
    """An exported network that is open.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        ExportError: the file is not whole.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        runtime = _runtime()
        settings = runtime.SessionOptions()
        settings.intra_op_num_threads = threads
        settings.log_severity_level = 3
        try:
            self._session: Any = runtime.InferenceSession(str(path), settings)
        except Exception as error:  # of a kind that ONNX Runtime does not export
            raise ExportError(
                f"{path} is not a whole ONNX file ({str(error).splitlines()[0]}); train again, or "
                "go back to an earlier version with `galen rollback`."
            ) from error
        inputs = {one.name: one.shape for one in self._session.get_inputs()}
        self._names = [name for name in Inputs._fields if name in inputs]
        self._events = inputs["history"][1] if "history" in inputs else 0

    def __call__(self, inputs: Inputs) -> Singles:
        """(B, objectives) logits."""
        missing = self._events - inputs.history.shape[1]
        if missing > 0:
            history = functional.pad(inputs.history, (0, 0, 0, missing))
            inputs = inputs._replace(history=history)
        feed = {name: getattr(inputs, name).numpy() for name in self._names}
        found: Singles = self._session.run(None, feed)[0]
        return found


class _ByPlace(nn.Module):
    """A network that takes its inputs one by one, as exporters want them."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *tensors: Tensor) -> Tensor:
        logits: Tensor = self.network(Inputs(*tensors)).float()
        return logits


def _runtime() -> Any:
    with extra("onnx", "a network as ONNX", 'serve with engine = "eager"'):
        for name in EXTRAS["onnx"]:
            import_module(name)
        return import_module("onnxruntime")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's advice on packages that galen does not use."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
