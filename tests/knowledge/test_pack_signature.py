"""A signature fits the pack that was signed, with its base, and nothing else."""

from pathlib import Path

import msgspec
import pytest

from galen.knowledge.pack import PackError, read_pack
from galen.knowledge.pack_signature import (
    Signature,
    read_key,
    read_signature,
    sign,
    verify,
    write_signature,
)

KEY, OTHER = bytes(range(32)), bytes(32)


def test_a_pack_that_was_signed_passes(tmp_path: Path) -> None:
    pack = read_pack("eu")
    write_signature(sign(pack, KEY), tmp_path / "eu.sig")
    read = read_signature(tmp_path / "eu.sig")
    assert read == sign(pack, KEY)
    verify(pack, read, KEY)  # raises where it does not hold


def test_a_pack_whose_rule_was_altered_is_refused() -> None:
    pack = read_pack("eu")
    altered = msgspec.structs.replace(pack, duplicates="warn")
    assert altered != pack
    with pytest.raises(PackError, match="was altered"):
        verify(altered, sign(pack, KEY), KEY)


def test_a_base_that_was_altered_is_seen_through_the_pack_on_it() -> None:
    pack = read_pack("eu")
    base = set(rule.id for rule in read_pack("general").rules)
    assert base & {rule.id for rule in pack.hazard}
    with pytest.raises(PackError, match="was altered"):
        verify(msgspec.structs.replace(pack, hazard=pack.hazard[1:]), sign(pack, KEY), KEY)


def test_another_key_is_refused_by_name() -> None:
    pack = read_pack("eu")
    with pytest.raises(PackError, match=f"signed with key {sign(pack, KEY).key}"):
        verify(pack, sign(pack, KEY), OTHER)


def test_a_signature_that_claims_the_right_key_does_not_pass_by_that() -> None:
    pack = read_pack("eu")
    forged = Signature(pack.version, sign(pack, KEY).key, sign(pack, OTHER).hmac_sha256)
    with pytest.raises(PackError, match="was altered"):
        verify(pack, forged, KEY)


def test_a_short_key_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"secret")
    with pytest.raises(PackError, match="has 6 bytes"):
        read_key(tmp_path / "key")


@pytest.mark.parametrize("content", [b"", b'{"pack": "eu"', b'{"pack": "eu"}'])
def test_a_signature_that_was_cut_short_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "eu.sig").write_bytes(content)
    with pytest.raises(PackError, match="is no signature"):
        read_signature(tmp_path / "eu.sig")
