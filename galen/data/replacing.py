"""A file that is there whole or not at all, and whether it can be."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import BinaryIO, Final

LONG: Final = 3600
"""Seconds after which what is left of a write is no write of another machine in the same folder."""


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which stands at `path` when the block ends; one that fails changes nothing.

    Its bytes are on the disk before it takes the name. What killed writers of it left is swept.
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
    _sweep(path)


def alive(process: int) -> bool:
    """Whether another process of this machine is there by that number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process != os.getpid()  # one's own earlier attempt may go


def _sweep(path: Path) -> None:
    for left in path.parent.glob(f".{escape(path.name)}.*"):
        process = re.fullmatch(r"\d{1,9}", left.name.removeprefix(f".{path.name}."))
        with suppress(OSError):  # another writer swept it, or it is not ours to sweep
            if process and not alive(int(process[0])) and _is_old(left):
                left.unlink()


def _is_old(left: Path) -> bool:
    return left.is_file() and time.time() - left.stat().st_mtime > LONG


def why_not_written(path: Path) -> str:
    """Why no file can be written at a path, before anything is done for it; else nothing."""
    if path.is_dir():
        return f"{str(path)!r} is a folder."
    if not path.parent.is_dir():
        return f"there is no folder {str(path.parent)!r} to write it into."
    return ""
