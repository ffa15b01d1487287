"""Which items may be shown, for a channel that must know before it proposes.

Such a channel proposes only what is allowed; the filters are asked again after it like after all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from galen.data.arrays import Bools, Ints
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.stages import Filter

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AllowedItems:
    """The rules of one call, asked when a channel wants to know."""

    requests: Requests
    filters: Sequence[Filter]

    def among(self, people: Ints, items: int) -> Bools:
        """(P, items): may each of the first `items` items be shown to these requests (P,)?"""
        every = self.rows(np.repeat(people, items), np.tile(np.arange(items), len(people)))
        return every.reshape(len(people), items)

    def rows(self, request: Ints, item: Ints) -> Bools:
        """(M,): may the item of each row be shown to its request?

        A rule that fails closes: nothing is allowed to anybody.
        """
        asked = Candidates(request, item)
        allowed = np.ones(len(asked), bool)
        for rule in self.filters:
            try:
                allowed &= rule.keep(self.requests, asked)
            except Exception:
                log.exception("a rule could not be asked by a channel", rule=rule.rule)
                allowed[:] = False
        return allowed
