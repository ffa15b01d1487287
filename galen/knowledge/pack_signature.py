"""Signatures of rule packs: HMAC-SHA256 (RFC 2104) over all rules, those of the base with them.

One key signs and verifies. So a signature proves that the pack is what somebody who has the key
signed; it does not prove who, since whoever can verify can sign as well. Keep the key where only
the pharmacist in charge and the server can read it.
"""

import hashlib
import hmac
from pathlib import Path
from typing import Final

import msgspec

from galen.knowledge.pack import Pack, PackError

SUFFIX: Final = ".sig"
SHORTEST: Final = 32  # bytes of a key


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What lies beside a pack."""

    pack: str  # its version
    key: str  # the id of the key, which does not give it away
    hmac_sha256: str


def read_key(file: Path) -> bytes:
    """The bytes of a key file.

    Raises:
        PackError: it cannot be read, or is too short to be a secret.
    """
    try:
        key = file.read_bytes()
    except OSError as error:
        raise PackError(f"the key {file} cannot be read: {error}.") from error
    if len(key) < SHORTEST:
        raise PackError(
            f"the key {file} has {len(key)} bytes; {SHORTEST} random ones are needed: "
            f"head -c {SHORTEST} /dev/urandom > {file}"
        )
    return key


def key_id(key: bytes) -> str:
    """Eight hexadecimal digits that name a key."""
    return hashlib.sha256(b"galen pack key\0" + key).hexdigest()[:8]


def sign(pack: Pack, key: bytes) -> Signature:
    """The signature of a pack by a key."""
    digest = hmac.digest(key, b"galen pack\0" + msgspec.json.encode(pack), hashlib.sha256)
    return Signature(pack.version, key_id(key), digest.hex())


def signature_file(pack: str | Path) -> Path:
    """Where the signature of a pack lies where nothing else is said."""
    return Path(f"{pack}{SUFFIX}")


def write_signature(signature: Signature, file: Path) -> None:
    """As JSON."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(signature)) + b"\n")


def read_signature(file: Path) -> Signature:
    """A signature that `write_signature` wrote.

    Raises:
        PackError: there is none, or it was cut short.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=Signature)
    except OSError:
        raise PackError(
            f"there is no signature {file}; make it with `galen rules sign PACK --key KEYFILE`."
        ) from None
    except msgspec.DecodeError as error:
        raise PackError(f"{file} is no signature ({error}); sign the pack again.") from error


def verify(pack: Pack, signature: Signature, key: bytes) -> None:
    """Let a pack pass that was signed with the key as it is.

    Raises:
        PackError: another key signed it, or the pack, its base or the signature was altered.
    """
    expected = sign(pack, key)
    if signature.key != expected.key:
        raise PackError(
            f"pack {pack.name} was signed with key {signature.key}, and this is key {expected.key}."
        )
    if not hmac.compare_digest(signature.hmac_sha256, expected.hmac_sha256):
        raise PackError(
            f"the signature is of {signature.pack} and does not fit {pack.version}: the pack, its "
            "base or the signature was altered. Read the change, then sign again."
        )
