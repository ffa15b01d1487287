"""The kill switch beside channels that are late."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from galen.eligibility.rules.withdrawn import NotWithdrawn, Withdrawals


@dataclass
class Watched(NotWithdrawn):
    """Tells what a reader finds after each step in which a mask is put in place."""

    found: list[bool] = field(default_factory=list)
    watched: int = -1  # a row

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name.startswith("_") and getattr(self, "watched", -1) >= 0:
            row, self.watched = self.watched, -1
            self.found.append(bool(self._mask()[row]))
            self.watched = row


def test_a_mask_that_is_late_never_hides_a_withdrawal_that_was_acknowledged(
    pharmacy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Withdrawals()
    rule = Watched(pharmacy.gate.premises, listed)
    named, rows = NotWithdrawn._named, [pharmacy.row(name) for name in ("bleach", "acid")]

    def interrupted(self: NotWithdrawn, *entry: Any) -> Any:
        monkeypatch.setattr(NotWithdrawn, "_named", named)
        before = named(self, *entry)
        listed.put("item", "acid")
        assert rule._mask()[rows].tolist() == [True, True]
        rule.watched = rows[1]
        return before

    listed.put("item", "bleach")
    monkeypatch.setattr(NotWithdrawn, "_named", interrupted)
    assert rule._mask()[rows[0]]
    assert rule.found
    assert all(rule.found)
