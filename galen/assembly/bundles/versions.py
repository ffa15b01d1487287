"""Versions of a bundle in one folder: which is served, the switch to another, and the way back."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from galen.data.manifest import NAME, sha256
from galen.data.mendable import MendableError
from galen.data.replacing import alive, replacing

CURRENT: Final = "current.json"


class VersionError(MendableError):
    """A switch that cannot be made; what is served stays as it is."""


class Current(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The version that is served, and those served before it, newest first."""

    version: str
    before: tuple[str, ...] = ()


def read(root: Path) -> Current | None:
    """The current version of a folder of versions; None where the folder is not one.

    Raises:
        VersionError: the file that names it cannot be read.
    """
    path = root / CURRENT
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Current)
    except msgspec.DecodeError as error:
        raise VersionError(
            f"{path} cannot be read ({error}); `galen rollback {root} --to VERSION` writes it anew."
        ) from error


def whole_versions(root: Path) -> list[str]:
    """The versions that lie in a folder, by name."""
    return sorted(path.parent.name for path in root.glob(f"[!.]*/{NAME}"))


def switch(root: Path, version: str) -> None:
    """Serve another version from now on; the file is replaced at once or not at all.

    Raises:
        VersionError: there is no such version, or it is not whole.
    """
    if not (root / version / NAME).exists():
        whole = ", ".join(whole_versions(root)) or "none"
        raise VersionError(f"{root} has no version {version!r}; it has {whole}.")
    try:
        now = read(root)
    except VersionError:
        now = None  # switching is the way to mend a damaged file
    before = () if now is None else (now.version, *now.before)
    _write(root, Current(version, tuple(v for v in dict.fromkeys(before) if v != version)))


def _write(root: Path, current: Current) -> None:
    with replacing(root / CURRENT) as file:
        file.write(msgspec.json.encode(current))


def rollback(root: Path) -> str:
    """Serve the version that was served before the current one; its name is given back.

    The one that is left is none to go back to: again, and it is the one before that.

    Raises:
        VersionError: there is none, or the folder is not one of versions.
    """
    now = read(root)
    if now is None:
        raise VersionError(
            f"{root} is not a bundle's folder of versions: it has no {CURRENT}. Give the folder "
            "that `galen train` was given."
        )
    left = tuple(v for v in now.before if (root / v / NAME).exists())
    if not left:
        others = [v for v in whole_versions(root) if v != now.version]
        told = f" `--to` serves another of its versions: {', '.join(others)}." if others else ""
        raise VersionError(f"{root} has no earlier version to go back to.{told}")
    _write(root, Current(left[0], left[1:]))
    return left[0]


def check_place(root: Path) -> None:
    """Refuse a folder for versions that is something else, before hours are spent.

    Raises:
        VersionError: it is a shop, or a version itself.
    """
    if (root / NAME).exists():
        raise VersionError(
            f"{root} is a shop, or one version of a bundle; give versions a folder of their own, "
            "for what is imported or written anew there replaces all that lies in it."
        )


def _sweep(root: Path) -> None:
    """Remove the half versions of writers that were killed, whose weights may be gigabytes."""
    for left in root.glob(".new-*"):
        process = left.name.removeprefix(".new-")
        # In a container the next writer often has the number of the one that was killed.
        if process.isdecimal() and (int(process) == os.getpid() or not alive(int(process))):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def new_version(
    root: Path, describe: Callable[[str, dict[str, str]], bytes], *, made_from: Any
) -> Iterator[Path]:
    """A folder to write a version into; it is served only if the block ends without an error.

    `describe` makes the manifest from the version and the hashes of the files; it is written last.
    Versions are told apart by their files and by what they are `made_from`, such as the recipe:
    other rules or quotas over the same weights serve otherwise.

    Raises:
        VersionError: the folder is a shop, or a version itself.
    """
    check_place(root)
    root.mkdir(parents=True, exist_ok=True)
    _sweep(root)
    fresh = root / f".new-{os.getpid()}"
    fresh.mkdir()
    try:
        yield fresh
        paths = sorted(p for p in fresh.rglob("*") if p.is_file())
        files = {str(p.relative_to(fresh)): sha256(p) for p in paths}
        identity = msgspec.json.encode([made_from, sorted(files.items())], order="sorted")
        version = hashlib.sha256(identity).hexdigest()[:12]
        (fresh / NAME).write_bytes(msgspec.json.format(describe(version, files), indent=2) + b"\n")
        place = root / version
        if not (place / NAME).exists():  # the same content may be there already
            shutil.rmtree(place, ignore_errors=True)
            fresh.rename(place)
        switch(root, version)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
