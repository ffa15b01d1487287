"""At a start: what the shop's own copy claims that it may not, told and counted.

A text that was checked before is not checked again: verdicts are kept beside the log.
"""

from collections import Counter
from pathlib import Path
from typing import Final

import msgspec
import structlog

from galen.data.replacing import replacing
from galen.features.item_claims import ItemClaims, Verdicts
from galen.knowledge.texts.claims import rules_version

FILE: Final = "claims.msgpack"
TOLD: Final = 5  # items that are named

log = structlog.get_logger(__name__)


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rules: str  # the version of the rules that decided
    verdicts: Verdicts


def check_copy(claims: ItemClaims, folder: Path) -> Counter[str]:
    """Breaches in titles and descriptions, by rule."""
    version, file = rules_version(), folder / FILE
    before = claims.verdicts = _read(file, version)
    breaches = claims.breaches
    if claims.verdicts.keys() != before.keys():
        _write(file, _Kept(version, claims.verdicts))
    counted = Counter(breach.rule for breach in breaches)
    if counted:
        items = list(dict.fromkeys(breach.item for breach in breaches))
        log.warning(
            "copy_claims_what_it_may_not",
            items=len(items),
            first=items[:TOLD],
            rules=dict(counted),
            what_to_do="galen knowledge claims SHOP lists each with its citation",
        )
    return counted


def _read(file: Path, version: str) -> Verdicts:
    """Nothing where there is no file, or one of other rules, or one that was cut short."""
    try:
        kept = msgspec.msgpack.decode(file.read_bytes(), type=_Kept)
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        log.warning("verdicts_left_aside", file=str(file), why=str(error))
        return {}
    return kept.verdicts if kept.rules == version else {}


def _write(file: Path, kept: _Kept) -> None:
    """Whole or not at all; without it the next start only takes longer."""
    try:
        with replacing(file) as fresh:
            fresh.write(msgspec.msgpack.encode(kept))
    except OSError as error:
        log.warning("verdicts_not_kept", file=str(file), why=str(error))
