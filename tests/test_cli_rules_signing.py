"""Signing, verifying and auditing, as a pharmacist types them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from galen.cli.main import COMMANDS
from galen.cli.terminal import app
from galen.data.mendable import MendableError
from galen.knowledge.pack import PackError
from galen.serve.durable.audit import AuditLog, read_audit


def run(*words: object) -> str:
    assert COMMANDS
    result = CliRunner().invoke(app, ["rules", *map(str, words)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_pack_is_signed_and_verified_until_it_is_altered(tmp_path: Path) -> None:
    pack, key = tmp_path / "mine.toml", tmp_path / "key"
    pack.write_text('base = "eu"\nname = "mine"\nedition = "1"\ndate = 2026-01-01\n')
    key.write_bytes(bytes(range(32)))
    assert "mine.toml.sig" in run("sign", pack, "--key", key)
    assert "is what key" in run("verify", pack, "--key", key)
    pack.write_text(pack.read_text().replace('"1"', '"2"'))
    with pytest.raises(PackError, match="was altered"):
        run("verify", pack, "--key", key)


def test_a_trail_is_printed_and_a_broken_one_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    audit = AuditLog(file, now=lambda: 0, salt="")
    for name in ("i0", "i1", "i2"):
        audit.record("withdrawn", "pharmacist", name=name)
    noted = read_audit(file).last
    said = run("audit", file, "--last", noted)
    assert "withdrawn by pharmacist: name=i1" in said
    assert noted in said
    whole = file.read_bytes()
    file.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    assert "2 lines" in run("audit", file)
    with pytest.raises(MendableError, match="lines were taken off"):
        run("audit", file, "--last", noted)
    file.write_bytes(whole.replace(b"i1", b"i9"))
    with pytest.raises(MendableError, match="line 3: the chain is broken"):
        run("audit", file)
