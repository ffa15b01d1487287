"""At most one SKU of each standard product: a slate of six packs of one tablet helps nobody."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from galen.data.arrays import Floats, Ints
from galen.data.catalogue import Catalogue
from galen.data.lookup import places_of
from galen.data.schema import Kind
from galen.pipeline.candidates import Candidates, Requests


@dataclass(frozen=True, slots=True)
class OnePerProduct:
    """Ranks standard products by their best SKU, then chooses the SKU that stands for each.

    `fit` takes, of the SKUs in the pool, the one that the person bought last, then the pack size
    nearest to it; who never bought the product gets the SKU that `prefer` says: the best-scored,
    the cheapest by unit (of an unknown size by pack), or the one that comes soonest. What is not
    known of a SKU counts as the worst. `score` always takes the best-scored. What cannot be had at
    all is not in the pool: stock and region are for eligibility. The chosen SKU has the place and
    the score of the product.
    """

    catalogue: Catalogue
    choose: Literal["fit", "score"] = "fit"  # fit goes by the pack bought last, score by rank
    prefer: Literal["score", "price", "delivery"] = "score"  # of a product that was never bought

    def rerank(self, requests: Requests, candidates: Candidates, n: int) -> Candidates:
        if not len(candidates):
            return candidates
        spu, width = self.catalogue.spu, self.catalogue.spus
        key = candidates.request * width + spu[candidates.item]
        keys, first, product = np.unique(key, return_index=True, return_inverse=True)
        if self.choose == "score":
            return candidates.take(np.sort(first))
        bought = self._bought_last(requests, keys, width)[product]
        apart = self._packs_apart(candidates.item, bought)
        order = np.lexsort((np.arange(len(key)), self._dearness(candidates.item), apart, product))
        chosen = order[np.searchsorted(product[order], np.arange(len(keys)))]
        by_place = np.argsort(first)
        shaped = candidates.take(chosen[by_place])
        if "score" not in candidates.columns:
            return shaped
        return shaped.with_columns({"score": candidates.columns["score"][first[by_place]]})

    def _dearness(self, item: Ints) -> Floats:
        """(N,) the less the better; alike where the score is to decide."""
        if self.prefer == "score":
            return np.zeros(len(item))
        if self.prefer == "delivery":
            cost = self.catalogue.delivery_days[item]
        else:
            size = self.catalogue.pack_size[item]
            cost = self.catalogue.price[item] / np.where(size > 0, size, 1.0)
        return np.where(np.isnan(cost), np.inf, cost)

    def _bought_last(self, requests: Requests, keys: Ints, width: int) -> Ints:
        """(products of requests,) the SKU of each that its person bought last, or -1."""
        history, spu = requests.history, self.catalogue.spu
        bought = history.take((history.kind == int(Kind.PURCHASE)) & (history.item < len(spu)))
        key = bought.request * width + spu[bought.item]
        place = places_of(keys, key)
        inside = place >= 0
        last = np.full(len(keys), -1, np.int64)
        last[place[inside]] = bought.item[inside]  # the newest is written last
        return last

    def _packs_apart(self, item: Ints, bought: Ints) -> Floats:
        """(N,) how far a pack is from the one bought: -1 the same SKU, 0 where nothing was."""
        size = self.catalogue.pack_size
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = np.abs(np.log(size[item] / size[np.maximum(bought, 0)]))
        apart = np.where(np.isfinite(apart), apart, np.inf)
        known: npt.NDArray[Any] = np.where(item == bought, -1.0, apart)
        return np.asarray(np.where(bought < 0, 0.0, known))
