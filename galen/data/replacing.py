"""A file that is there whole or not at all, and whether it can be."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which stands at `path` when the block ends; one that fails changes nothing.

    Its bytes are on the disk before it takes the name.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def why_not_written(path: Path) -> str:
    """Why no file can be written at a path, before anything is done for it; else nothing."""
    if path.is_dir():
        return f"{str(path)!r} is a folder."
    if not path.parent.is_dir():
        return f"there is no folder {str(path.parent)!r} to write it into."
    return ""
