"""Which items of the whole catalogue may be shown, for a channel that makes items and finds none.

Such a channel writes only what is allowed; the filters are asked again after it like after all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import structlog

from galen.pipeline.candidates import Bools, Candidates, Ints, Requests
from galen.pipeline.stages import Filter

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AllowedItems:
    """The rules of one call, asked about every item when a channel wants to know."""

    requests: Requests
    filters: Sequence[Filter]
    failed: list[str] = field(default_factory=list)  # rules that could not be asked

    def among(self, people: Ints, items: int) -> Bools:
        """(P, items): may each of the first `items` items be shown to these requests (P,)?

        A rule that fails closes: nothing is allowed to anybody.
        """
        request = np.repeat(people, items)
        every = Candidates(request, np.tile(np.arange(items), len(people)))
        allowed = np.ones(len(every), bool)
        for rule in self.filters:
            try:
                allowed &= rule.keep(self.requests, every)
            except Exception:
                log.exception("a rule could not be asked for a generator", rule=rule.rule)
                self.failed.append(rule.rule)
                allowed[:] = False
        return allowed.reshape(len(people), items)
