from pathlib import Path

import pytest

from galen.serve.keys import Key, make_key
from galen.serve.settings import (
    Settings,
    SettingsError,
    check_reach,
    is_loopback,
    read_settings,
)


def test_the_environment_stands_over_the_file_and_the_file_over_what_is_built_in(
    tmp_path: Path,
) -> None:
    file = tmp_path / "serve.toml"
    file.write_text("port = 9000\nlog_capacity = 5\n")
    settings = read_settings(file, {"GALEN_SERVE_PORT": "9001", "GALEN_DATA": "elsewhere"})
    assert (settings.port, settings.log_capacity, settings.host) == (9001, 5, "127.0.0.1")
    assert read_settings(None, {}) == Settings()


def test_a_public_address_needs_keys(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="API keys"):
        check_reach(read_settings(None, {"GALEN_SERVE_HOST": "0.0.0.0"}))
    _, key = make_key("shop", ["read", "write"])
    file = tmp_path / "serve.toml"
    file.write_text(
        'host = "0.0.0.0"\n[[keys]]\nname = "shop"\n'
        f'sha256 = "{key.sha256}"\nscopes = ["read", "write"]\n'
    )
    assert check_reach(read_settings(file, {})).keys == (
        Key("shop", key.sha256, ("read", "write")),
    )


@pytest.mark.parametrize(
    "host, only_here",
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
        ("0.0.0.0", False), ("::", False), ("192.168.1.5", False), ("shop.example", False),
        ("", False),
    ],
)  # fmt: skip
def test_loopback_is_known(host: str, only_here: bool) -> None:
    assert is_loopback(host) is only_here


@pytest.mark.parametrize(
    "text, told",
    [
        ("prot = 9000", "Did you mean 'port'"),
        ('port = "many"', "port"),
        ("port = 99999", "port"),
        ("port = ", "serve.toml"),
        ("[[keys]]\nname = 'a'\nsha256 = 'b'\nscopes = ['all']", "scopes"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "serve.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=told):
        read_settings(file, {})


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(SettingsError, match=r"GALEN_SERVE_PROT.*'port'"):
        read_settings(None, {"GALEN_SERVE_PROT": "1"})
    with pytest.raises(SettingsError, match="file only"):
        read_settings(None, {"GALEN_SERVE_KEYS": "x"})
