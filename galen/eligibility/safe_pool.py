"""Goods that a pharmacist vetted for everybody: what may be shown when a rule cannot be asked.

Nothing else is: a pack without a pool shows nothing then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from galen.data.arrays import Bools, Floats, Ints
from galen.data.catalogue import RX_CLASSES
from galen.data.schema import RxClass
from galen.eligibility.premises import Premises
from galen.eligibility.rules.hidden import NotHidden
from galen.eligibility.rules.stock import InStock
from galen.pipeline.candidates import Candidates, Requests
from galen.pipeline.stages import Filter, SlateRule

RULE = "safe_pool"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SafePool:
    """Items of the pack's concepts and categories that are no medicine, in stock and not hidden."""

    premises: Premises
    concepts: Bools  # (concepts + 1,)
    words: frozenset[str]  # of category paths
    needed: tuple[str, ...]  # rules that have to answer for anything to be shown

    @classmethod
    def of(cls, premises: Premises, needed: tuple[str, ...]) -> "SafePool | None":
        """The pool of the pack, if it names one.

        Raises:
            PackError: it names a concept that the graph does not know.
        """
        told = premises.pack.safe_pool
        if told is None:
            return None
        words = frozenset(word.lower() for word in told.categories)
        return cls(premises, premises.mask(told.concepts, RULE), words, needed)

    def slate(
        self,
        requests: Requests,
        taken: Floats,
        filters: Sequence[Filter],
        together: Sequence[SlateRule],
        n: int,
    ) -> Candidates:
        """The n most taken items of the pool, (items,) `taken`, for one request.

        Every rule that can be asked still holds; without one that is needed there is nothing. Where
        nobody can tell what goes together, one item stands alone.
        """
        item = self._items(requests)
        item = item[np.argsort(-taken[item], kind="stable")]
        pool = Candidates(np.zeros(len(item), np.int64), item, {"score": taken[item]})
        for rule in filters:
            try:
                pool = pool.take(rule.keep(requests, pool))
            except Exception:
                if rule.rule in self.needed:
                    raise
                log.warning("the safe pool goes without a rule", rule=rule.rule)
        for slate_rule in together:
            try:
                pool = pool.take(slate_rule.keep(requests, pool, n))
            except Exception:
                log.warning("the safe pool goes without a rule", rule=slate_rule.rule)
                pool = pool.take(np.arange(len(pool)) < 1)
        return pool.take(np.arange(len(pool)) < n)

    def _items(self, requests: Requests) -> Ints:
        catalogue = self.premises.catalogue
        every = Candidates(np.zeros(len(catalogue), np.int64), np.arange(len(catalogue)))
        sold = InStock(catalogue).keep(requests, every) & NotHidden(catalogue).keep(requests, every)
        plain = catalogue.rx_class == RX_CLASSES.index(RxClass.NONE.value)
        paths = [any(word.lower() in self.words for word in path) for path in catalogue.path_words]
        named = np.array([*paths, False])[catalogue.path] | self.premises.having(self.concepts)
        return np.flatnonzero(sold & plain & ~self.premises.items.medicine & named)
