"""Items that nobody took, beside what was written.

Codes of such items were never written in learning, so a beam hardly reaches them. After Yang et
al., "Unifying Generative and Dense Retrieval for Sequential Recommendation" (LIGER), 2024, the best
of them by the dense score join what was written. What they lack, a log-probability of their codes,
is one number for all of them: that by which they take as many places as they are meant to.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from galen.generative.decoding import Found


@dataclass(frozen=True)
class Cold:
    """Items that nobody took, and how many of them may join at most."""

    among: Tensor  # (items,) which they are
    most: int
    level: float  # in the place of the log-probability of their codes

    def best(self, dense: Tensor, eligible: Tensor) -> Tensor:
        """(R, n): the best of them by a dense score (R, items), -1 where no more are eligible."""
        score = dense.masked_fill(~(eligible & self.among), -torch.inf)
        best, item = torch.topk(score, min(self.most, score.shape[1]), dim=1)
        return torch.where(best > -torch.inf, item, -1)

    def beside(self, written: Found, new: Tensor, scores: Tensor, k: int) -> Found:
        """The k best of items written (R, n) and of cold ones (R, m), by scores and the level.

        Of what was written a cold item counts by its level, too.
        """
        item, score = written
        again = self.among[item.clamp_min(0)]  # a beam that did reach one
        old = score.masked_fill((item < 0) | again, -torch.inf)
        levelled = (scores + self.level).masked_fill(new < 0, -torch.inf)
        both, whole = torch.cat([old, levelled], dim=1), torch.cat([item, new], dim=1)
        best, place = torch.topk(both, min(k, both.shape[1]), dim=1)
        return torch.where(best > -torch.inf, whole.gather(1, place), -1), best

    def levelled(self, codes: Tensor, item: Tensor) -> Tensor:
        """(N,): log-probabilities of codes of items (N,), the level where they are cold."""
        return torch.where(self.among[item], self.level, codes)


def level_of(
    scores: Iterable[tuple[Tensor, Tensor]], share: float, places: int = 10
) -> float | None:
    """The level by which cold items take a share of the first places of people held out.

    Of some people each, `scores` has those of what was written, best first (P, n), and those of
    the best cold items without a level (P, m); -inf is nothing. None where nothing can be compared.
    """
    lacking, most = list[Tensor](), 1
    for written, cold in scores:
        best = torch.topk(cold, min(places, cold.shape[1])).values
        most = max(most, int(torch.isfinite(best).sum(1).max()))
        last = written[:, :places].flip(1)  # the last place is the first to go
        both = min(last.shape[1], best.shape[1])
        one = (last[:, :both] - best[:, :both]).flatten()
        lacking.append(one[torch.isfinite(one)])
    some = torch.cat(lacking) if lacking else torch.empty(0)
    if not share or not len(some):
        return None
    return float(torch.quantile(some, min(share * places / most, 1.0)))
