"""Items that nobody took, beside what was written.

Codes of such items were never written in learning, so a beam hardly reaches them. After Yang et
al., "Unifying Generative and Dense Retrieval for Sequential Recommendation" (LIGER), 2024, the best
of them by the dense score join what was written, and the dense score orders all.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from galen.generative.decoding import Found


@dataclass(frozen=True)
class Cold:
    """Rows of items that nobody took, and how many of them may join at most."""

    rows: Tensor  # (C,)
    most: int

    def beside(self, written: Tensor, told: Tensor, eligible: Tensor, k: int) -> Found:
        """The k best of the items written (R, n), -1 where there is none, and of cold ones.

        told (R, N) are the log-probabilities that order all; eligible (R, N).
        """
        again = torch.isin(written, self.rows)  # a beam that did reach one
        old = told.gather(1, written.clamp_min(0)).masked_fill((written < 0) | again, -torch.inf)
        new = told[:, self.rows].masked_fill(~eligible[:, self.rows], -torch.inf)
        new, place = torch.topk(new, min(self.most, new.shape[1]), dim=1)
        both = torch.cat([old, new], dim=1)
        item = torch.cat([written, self.rows[place]], dim=1)
        best, place = torch.topk(both, min(k, both.shape[1]), dim=1)
        return torch.where(best > -torch.inf, item.gather(1, place), -1), best
