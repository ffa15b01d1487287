"""API keys: who may call what. Only the SHA-256 of a key is kept, so a settings file leaks none."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Literal

import msgspec

Scope = Literal["read", "write", "operator"]


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key. `operator` is for the page, metrics, explanations, withdrawals and the pack; it
    includes no other scope.
    """

    name: str
    sha256: str  # of the key, in hexadecimal
    scopes: tuple[Scope, ...]


class Refused(Exception):
    """The caller may not do this. `known` tells a wrong key from a key without the scope."""

    def __init__(self, detail: str, *, known: bool) -> None:
        super().__init__(detail)
        self.known = known


class Keyring:
    """The keys of a server; without any, every caller may do all (loopback only)."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self._by_digest = {key.sha256.lower(): key for key in keys}

    def __bool__(self) -> bool:
        return bool(self._by_digest)

    def check(self, secret: str | None, scope: Scope) -> str | None:
        """Let a caller pass, or raise Refused; the name of their key, None where none is asked."""
        if not self._by_digest:
            return None
        key = None if secret is None else self._by_digest.get(_digest(secret))
        if key is None:
            raise Refused("a valid API key is needed: Authorization: Bearer KEY", known=False)
        if scope not in key.scopes:
            raise Refused(f"the key {key.name!r} does not have the scope {scope!r}", known=True)
        return key.name


def make_key(name: str, scopes: Sequence[Scope]) -> tuple[str, Key]:
    """A new random key of 256 bits: the secret to hand out once, and what to keep."""
    secret = secrets.token_urlsafe(32)
    return secret, Key(name, _digest(secret), tuple(scopes))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
