"""Files of lines in blocks of bounded size, cut at line ends; gzip is unpacked on the way."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from galen.data.arrays import Ints
from galen.data.mendable import MendableError

BLOCK: Final = 8 << 20
LONGEST: Final = 4 << 20
"""Bytes of the longest line that is read."""

CUT: Final = "file is cut in the middle of this line"

_PACKED: Final = 64 << 10
_GZIP: Final = b"\x1f\x8b\x08"  # and the one method of packing that RFC 1952 knows

Reject = Callable[[int | None, str, str], None]
"""Takes the line, the reason and the content of what cannot be read."""


class FileCutError(MendableError):
    """The rest of a file cannot be unpacked; all before it was given."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines of a file."""

    data: bytes
    first: int  # number of the first line; 1 is the first of the file
    ended: bool = True  # whether the last line has its line end


@dataclass(frozen=True)
class RowBlock:
    """Some rows of a file as they stand there."""

    table: pa.Table
    lines: Ints  # line of each row; its row number in Parquet


def shown(data: bytes) -> str:
    """The beginning of a line, for a person to recognise it."""
    return data[:500].decode("utf-8", errors="replace").replace("\0", "\ufffd")


def read_lines(path: Path, reject: Reject, advance: Callable[[int], None]) -> Iterator[Lines]:
    """Blocks of about 8 MB; what is cut or too long is rejected, what is around it is given.

    `advance` is told how many bytes of the file were read since it was last told.
    """
    carry, first, skipping = b"", 1, False
    try:
        for piece in _pieces(path, advance):
            data = carry + piece if carry else piece
            if skipping:
                end = data.find(b"\n")
                if end < 0:
                    continue
                data, skipping, first = data[end + 1 :], False, first + 1
            end = data.rfind(b"\n") + 1
            carry = data[end:]
            if end:
                yield Lines(data[:end], first)
                first += data.count(b"\n", 0, end)
            if len(carry) > LONGEST:
                reject(first, f"line is longer than {LONGEST >> 20} MB", shown(carry))
                carry, skipping = b"", True
    except FileCutError as error:
        reject(first, str(error), shown(carry))
        return
    if carry:
        yield Lines(carry, first, ended=False)


def _pieces(path: Path, advance: Callable[[int], None]) -> Iterator[bytes]:
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
    parts = _unpacked(path, advance) if packed else _plain(path, advance)
    for number, part in enumerate(parts):
        yield part.removeprefix(b"\xef\xbb\xbf") if number == 0 else part


def _plain(path: Path, advance: Callable[[int], None]) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(BLOCK):
            advance(len(part))
            yield part


def _unpacked(path: Path, advance: Callable[[int], None]) -> Iterator[bytes]:
    """Unpack member by member.

    Raises:
        FileCutError: the file ends inside a member, or its bytes are damaged.
    """
    gathered = bytearray()
    unpacker = zlib.decompressobj(wbits=31)
    begun = False  # whether the unpacker has taken bytes of its member
    trouble = None
    with path.open("rb") as file:
        while trouble is None and (part := file.read(_PACKED)):
            advance(len(part))
            while part and trouble is None:
                if unpacker.eof:
                    part = part.lstrip(b"\0")  # padding between members is allowed
                    unpacker, begun = zlib.decompressobj(wbits=31), False
                    if not part:
                        break
                before = unpacker.copy()
                try:
                    plain = unpacker.decompress(part, BLOCK)
                except zlib.error:
                    plain, trouble = _until_damage(before, part), "file is damaged from here on"
                gathered += plain
                begun = True
                part = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
                if len(gathered) >= BLOCK:
                    yield bytes(gathered)
                    gathered.clear()
    if trouble is None and begun and not unpacker.eof:
        gathered += unpacker.flush()
        trouble = None if unpacker.eof else "file is cut here"
    if gathered:
        yield bytes(gathered)
    if trouble is not None:
        raise FileCutError(trouble)


def _until_damage(unpacker: "zlib._Decompress", part: bytes) -> bytes:
    plain = bytearray()
    try:
        for place in range(len(part)):
            plain += unpacker.decompress(part[place : place + 1])
    except zlib.error:
        pass
    return bytes(plain)
