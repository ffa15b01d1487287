"""Settings of the server: built-in, then a TOML file, then the environment (GALEN_SERVE_…)."""

import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from galen.data.did_you_mean import did_you_mean
from galen.data.mendable import MendableError
from galen.serve.keys import Key

PREFIX: Final = "GALEN_SERVE_"

Count = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class SettingsError(MendableError):
    """The settings cannot be used; the message says which, where it stands and what to do."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the server listens, keeps its log, and who may call it."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8000  # 0: any free one
    folder: str = ""  # of the event log and its snapshot; beside the shop where empty
    max_body_bytes: Count = 1_048_576
    log_capacity: Count = 10_000  # writes that may wait; one more is answered with 503
    lock_wait_seconds: Seconds = 2.0  # for another process that holds the log
    snapshot_every: Count = 100_000  # events
    channel_threads: Count = 4
    kept_states: Count = 2000  # people whose histories, as networks have read them, are kept
    log_impressions: bool = True
    pack: str = "general"  # rules: a shipped pack by name, or one's own by path
    pack_key: str = ""  # file of the key that signs packs; a signature that is there must fit
    pack_signature: str = ""  # file of the signature; PACK.sig where empty
    require_signed_pack: bool = False
    knowledge: str = ""  # folder of `galen knowledge build`; galen's own where empty
    keys: tuple[Key, ...] = ()


def read_settings(file: Path | None, environment: Mapping[str, str]) -> Settings:
    """The settings of a server; whether it may listen so, `check_reach` tells.

    Raises:
        SettingsError: an unknown name, a value of another type, or a file that is not TOML.
    """
    values: dict[str, Any] = {}
    if file is not None:
        try:
            values = tomllib.loads(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"settings file {file} cannot be read: {error}") from error
        for name in values:
            _check_name(name, f"settings file {file}")
    for variable, text in environment.items():
        if variable.startswith(PREFIX):
            name = variable.removeprefix(PREFIX).lower()
            _check_name(name, f"environment variable {variable}")
            if name == "keys":
                raise SettingsError(f"{variable}: keys are given in a settings file only")
            values[name] = text
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"settings of the server: {error}") from error


def folder_of_log(settings: Settings, shop: Path) -> Path:
    """Where the log lies: never inside the shop, which an import replaces as a whole."""
    if settings.folder:
        return Path(settings.folder)
    shop = shop.resolve()
    return shop.with_name(f"{shop.name}-served")


def check_reach(settings: Settings) -> Settings:
    """Refuse an address that others can reach while anyone may call without a key.

    Raises:
        SettingsError: the host is not loopback and there are no keys.
    """
    if not settings.keys and not is_loopback(settings.host):
        raise SettingsError(
            f"host {settings.host!r} can be reached by others, and no API keys are set. "
            "Add [[keys]] to the settings file, or bind 127.0.0.1."
        )
    return settings


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host; names other than localhost count as public."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _check_name(name: str, where: str) -> None:
    known = Settings.__struct_fields__
    if name in known:
        return
    raise SettingsError(f"{where}: unknown setting {name!r}.{did_you_mean(name, known)}")
