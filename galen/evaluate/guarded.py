"""The same question asked through the gate, to tell what safety costs in hits."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from galen.data.arrays import Bools
from galen.eligibility.declarations import RequestWords
from galen.eligibility.guard import Guard
from galen.evaluate.offline import Question
from galen.evaluate.slices import Slice, slices_by_declaration
from galen.features.ledger import Ledger

EXPECTING = ("population:pregnancy", "population:lactation")


@dataclass(frozen=True, slots=True)
class Guarded:
    """A guard over the catalogue that is evaluated, and the shop's table of users."""

    guard: Guard
    users: pa.Table

    def question(self, asked: Question) -> Question:
        """The question with what its people declare and what their households bought before."""
        requests, past = asked.requests, asked.moment.past
        first = int(requests.at.min()) if len(requests) else 0
        bought = Ledger.replay(past, self.users, first).bought(
            requests.user.tolist(), requests.at.tolist()
        )
        records = self.users.take(pa.array(requests.user)).to_pylist()
        declared = self.guard.declarations.of([RequestWords()] * len(records), records, bought)
        return replace(asked, requests=replace(requests, circumstances=declared))

    def slices(self, guarded: Question) -> list[Slice]:
        """Parts of a question, as `question` gave it, by what its people declare."""
        requests = guarded.requests
        circumstances = requests.circumstances
        if circumstances is None:
            return []
        records = self.users.take(pa.array(requests.user))
        rows = [self.guard.gate.premises.row(name) for name in EXPECTING]
        states = circumstances.states
        expecting = np.zeros(len(requests), bool)
        expecting[states.request[np.isin(states.values, [row for row in rows if row >= 0])]] = True
        return slices_by_declaration(
            _some(records, "conditions"),
            _some(records, "medicines"),
            _some(records, "allergies"),
            expecting,
        )


def _some(records: pa.Table, column: str) -> Bools:
    """(R,): does the list hold anything?"""
    count = pc.fill_null(pc.list_value_length(records[column]), 0)
    return np.asarray(count) > 0
