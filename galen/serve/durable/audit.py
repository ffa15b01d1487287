"""The audit trail: JSON lines, each with the digest of the one before, never written over.

The chain shows that a line was altered, taken out or put in. That lines were cut off at the end
shows only to who noted the last digest elsewhere: do so. Where the file was moved away whole,
another trail begins, and the server's log tells the digest at which the first ended. Whoever can
write the file can make the whole chain anew; keep a copy where the server cannot write.
"""

import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

FILE: Final = "audit.jsonl"
FIRST: Final = "0" * 64  # what stands for the line before the first

log = structlog.get_logger(__name__)


class AuditEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the trail."""

    number: int  # 1 first
    at: str  # ISO 8601, UTC
    event: str  # "pack", "withdrawn", "lifted", "explained", "consent", "deleted"
    by: str | None  # the name of the operator's key; None for the server itself
    told: dict[str, Any]
    before: str  # SHA-256 of the line before, without its end


class AuditLog:
    """Appends to one file; a line is on the disk when `record` returns."""

    def __init__(self, file: Path, *, now: Callable[[], int], salt: str) -> None:
        """Go on where the file ends; a torn last line is taken off.

        Args:
            file: the trail; its folder is made.
            now: gives microseconds since the epoch.
            salt: of the digests that stand for people.

        Raises:
            OSError: the file cannot be read or written.
        """
        self.file, self._now = file, now
        self._key = hashlib.sha256(salt.encode()).digest()
        self._lock = threading.Lock()
        file.parent.mkdir(parents=True, exist_ok=True)
        content = file.read_bytes() if file.exists() else b""
        self._size = content.rfind(b"\n") + 1  # a line without its end was never acknowledged
        lines = content[: self._size].splitlines()
        self._lines = len(lines)
        self._last = _digest(lines[-1]) if lines else FIRST
        if len(content) > self._size:
            log.warning("torn_audit_line", file=str(file), lost_bytes=len(content) - self._size)

    def record(self, event: str, by: str | None, *, person: str | None = None, **told: Any) -> bool:
        """Append an entry; False, told loudly, where the disk refused it. It never raises.

        A person has the same digits throughout one trail, which holds no ids of people.
        """
        if person is not None:
            told["person"] = hashlib.blake2b(
                person.encode(), key=self._key, digest_size=8
            ).hexdigest()
        with self._lock:
            self._begin_anew_where_gone()
            moment = datetime.fromtimestamp(self._now() / 1e6, UTC).isoformat()
            entry = AuditEntry(self._lines + 1, moment, event, by, told, self._last)
            line = msgspec.json.encode(entry)
            try:
                self._append(line + b"\n")
            except OSError as error:
                log.critical("audit_not_written", why=str(error), entry=line.decode())
                return False
            self._size += len(line) + 1
            self._lines += 1
            self._last = _digest(line)
            return True

    def _begin_anew_where_gone(self) -> None:
        """Where the whole file was moved away, the next line is the first of another trail."""
        try:
            there = self.file.stat().st_size
        except FileNotFoundError:
            there = 0
        except OSError:  # which `_append` will meet and tell
            return
        if self._size and not there:
            log.critical("audit_begins_anew", file=str(self.file), ended_at=self._last)
            self._size, self._lines, self._last = 0, 0, FIRST

    def _append(self, line: bytes) -> None:
        with self.file.open("ab") as file:
            if file.tell() < self._size:
                raise OSError(
                    f"{self.file} is shorter than what was written to it; put back what was cut "
                    "off, or move it away whole"
                )
            file.truncate(self._size)  # what an entry that failed may have left
            file.write(line)
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What a file holds, and the first line at which it cannot be trusted."""

    entries: tuple[AuditEntry, ...]  # up to there
    broken: int | None  # the number of the line
    why: str
    last: str  # digest of the last line that holds


def read_audit(file: Path) -> AuditVerdict:
    """Read a trail and follow its chain.

    Raises:
        OSError: the file cannot be read.
    """
    entries: list[AuditEntry] = []
    last = FIRST
    content = file.read_bytes()
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        why = ""
        try:
            entry = msgspec.json.decode(line, type=AuditEntry)
        except msgspec.DecodeError as error:
            return AuditVerdict(tuple(entries), number, f"it is no entry: {error}", last)
        if not line.endswith(b"\n"):
            why = "it was cut short"
        elif entry.before != last:
            why = "it does not follow the line before: one was altered, taken out or put in"
        elif entry.number != number:
            why = f"it calls itself number {entry.number}"
        if why:
            return AuditVerdict(tuple(entries), number, why, last)
        entries.append(entry)
        last = _digest(line[:-1])
    return AuditVerdict(tuple(entries), None, "", last)


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
