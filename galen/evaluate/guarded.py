"""The same question asked through the gate, to tell what safety costs in hits."""

from dataclasses import dataclass, replace

import pyarrow as pa

from galen.eligibility.declarations import Words
from galen.eligibility.guard import Guard
from galen.evaluate.offline import Question
from galen.features.ledger import LONGEST, Ledger


@dataclass(frozen=True, slots=True)
class Guarded:
    """A guard over the catalogue that is evaluated, and the shop's table of users."""

    guard: Guard
    users: pa.Table

    def question(self, asked: Question) -> Question:
        """The question with what its people declare and what their households bought before."""
        requests, past = asked.requests, asked.moment.past
        since = int(past.at.max()) - LONGEST if len(past) else 0
        bought = Ledger.replay(past, self.users, since).bought(
            requests.user.tolist(), requests.at.tolist()
        )
        records = self.users.take(pa.array(requests.user)).to_pylist()
        declared = self.guard.declarations.of([Words()] * len(records), records, bought)
        return replace(asked, requests=replace(requests, circumstances=declared))
