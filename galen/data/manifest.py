"""What a shop's folder holds: read before its tables, written after them."""

import hashlib
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from galen.data.mendable import MendableError

NAME: Final = "manifest.json"
FORMAT: Final = 1

Clock = Literal["time", "order"]


class TableEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files of one table, with their rows and content hashes (SHA-256)."""

    files: tuple[str, ...]  # relative to the shop's folder
    rows: int
    sha256: tuple[str, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The description of a whole shop; a folder without one is not a shop."""

    format: int
    name: str
    source: str
    clock: Clock  # "time": events have timestamps; "order": only a place in the user's history
    tables: dict[str, TableEntry]
    assumed: dict[str, str] = {}  # item columns that the importer filled by decision, and with what


class ShopError(MendableError):
    """A shop's folder cannot be used; the message says which file and what to do."""


def read(folder: Path) -> Manifest:
    """Read a shop's manifest; raise ShopError where it is missing, cut or of another format."""
    path = folder / NAME
    if not path.exists():
        raise ShopError(
            f"{folder} is not a shop: it has no {NAME}. "
            "Make one with `galen import` or `galen synth`."
        )
    try:
        told = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        if "tables" not in told and "files" in told:
            raise ShopError(
                f"{folder} is one version of a bundle, not a shop. The shop comes first, then the "
                "bundle."
            )
        manifest = msgspec.convert(told, Manifest)
    except msgspec.DecodeError as error:
        raise ShopError(f"{path} cannot be read ({error}); import the shop again.") from error
    if manifest.format != FORMAT:
        raise ShopError(f"{path} has format {manifest.format}; this galen reads {FORMAT}.")
    return manifest


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest; call it last, when every table is in place."""
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (folder / NAME).write_bytes(encoded + b"\n")


def sha256(path: Path) -> str:
    """Content hash of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
