"""How much of what was shown the rules forbid: a second look, after the slates were made."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from galen.data.arrays import Bools
from galen.data.lookup import place_within
from galen.eligibility.gate import Gate
from galen.eligibility.premises import DROP
from galen.pipeline.candidates import Candidates, Requests

BLOCK = 2048  # requests that are looked at together


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Rows of slates, and those among them that a rule drops."""

    shown: int
    forbidden: int
    people: int  # who would see one
    by_rule: dict[str, int] = field(default_factory=dict)  # of a row, the first rule against it


def forbidden_in(gate: Gate, requests: Requests, slates: Candidates, cut: int = 10) -> Forbidden:
    """Ask every rule of a gate about the first `cut` rows of each slate, row by row and together.

    Slates are grouped by request, best first. Nothing of the pipeline that made them is used.
    """
    top = slates.take(place_within(slates.request) < cut)
    rules: Counter[str] = Counter()
    against = np.zeros(len(top), bool)
    for start in range(0, len(requests), BLOCK):
        stop = min(start + BLOCK, len(requests))
        first, last = np.searchsorted(top.request, [start, stop])
        rows = Candidates(top.request[first:last] - start, top.item[first:last])
        against[first:last] = _against(gate, requests.part(start, stop), rows, cut, rules)
    people = len(np.unique(top.request[against]))
    return Forbidden(len(top), int(against.sum()), people, dict(sorted(rules.items())))


def _against(
    gate: Gate, requests: Requests, rows: Candidates, cut: int, rules: Counter[str]
) -> Bools:
    against = np.zeros(len(rows), bool)
    for family in gate.families:
        dropped = family.actions(requests, rows) == DROP
        rules[family.rule] += int((dropped & ~against).sum())
        against |= dropped
    left = rows.take(~against)
    clash = ~gate.together.keep(requests, left, cut)
    rules[gate.together.rule] += int(clash.sum())
    against[np.flatnonzero(~against)[clash]] = True
    for rule in [rule for rule, count in rules.items() if not count]:
        del rules[rule]
    return against
