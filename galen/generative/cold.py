"""Items that nobody took, beside what was written.

Codes of such items were never written in learning, so a beam hardly reaches them. After Yang et
al., "Unifying Generative and Dense Retrieval for Sequential Recommendation" (LIGER), 2024, the best
of them by the dense score join what was written, and the dense score orders all. Since no state was
ever drawn to them, that score is too low for all of them alike, and is lifted.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from galen.generative.decoding import Found


@dataclass(frozen=True)
class Cold:
    """Rows of items that nobody took, and how many of them may join at most."""

    rows: Tensor  # (C,)
    most: int
    lift: float = 0.0  # of their dense scores

    def lifted(self, items: int) -> Tensor:
        """(items,): what is added to the dense score of each."""
        return torch.zeros(items, device=self.rows.device).index_fill(0, self.rows, self.lift)

    def beside(self, written: Tensor, scores: Tensor, eligible: Tensor, k: int) -> Found:
        """The k best of the items written (R, n), -1 where there is none, and of cold ones.

        scores (R, N) are the log-probabilities that order all; eligible (R, N).
        """
        again = torch.isin(written, self.rows)  # a beam that did reach one
        old = scores.gather(1, written.clamp_min(0)).masked_fill((written < 0) | again, -torch.inf)
        new = scores[:, self.rows].masked_fill(~eligible[:, self.rows], -torch.inf)
        new, place = torch.topk(new, min(self.most, new.shape[1]), dim=1)
        both = torch.cat([old, new], dim=1)
        item = torch.cat([written, self.rows[place]], dim=1)
        best, place = torch.topk(both, min(k, both.shape[1]), dim=1)
        return torch.where(best > -torch.inf, item.gather(1, place), -1), best


def lift_of(scores: Iterable[Tensor], cold: Tensor, share: float, places: int = 10) -> float:
    """What scores lack by which cold items (C,) would take a share of the first places.

    Each of `scores` (P, N) is of some people held out, -inf for what they have taken. 0 where cold
    items take that share as it is, and where there are too few others to fill the places.
    """
    lacking = torch.cat([_lacking(score, cold, places) for score in scores])
    level = min(share * places / max(min(places, len(cold)), 1), 1.0)
    return max(float(torch.quantile(lacking, level)), 0.0) if len(lacking) else 0.0


def _lacking(score: Tensor, cold: Tensor, places: int) -> Tensor:
    """By how much the best cold items of each person miss their places, the last of them first."""
    if not 0 < len(cold) <= score.shape[1] - places:
        return torch.empty(0, device=score.device)
    new = torch.zeros(score.shape[1], dtype=torch.bool, device=score.device)
    new = new.index_fill(0, cold, True)
    known = torch.topk(score[:, ~new], places).values.flip(1)  # the last place is the first to go
    cold_best = torch.topk(score[:, new], min(places, len(cold))).values
    lacking = (known[:, : cold_best.shape[1]] - cold_best).flatten()
    return lacking[torch.isfinite(lacking)]
