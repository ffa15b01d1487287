"""Items that nobody took, beside what was written.

Codes of such items were never written in learning, so a beam hardly reaches them. After Yang et
al., "Unifying Generative and Dense Retrieval for Sequential Recommendation" (LIGER), 2024, the best
of them by the dense score join what was written, and the dense score orders all.
"""

import torch
from torch import Tensor

from galen.generative.decoding import Found


def with_cold(
    written: Found, states: Tensor, items: Tensor, eligible: Tensor, cold: Tensor, k: int
) -> Found:
    """The k best of what was written and of cold items, by inner product of state and item.

    written (R, n) items, -1 where there is none; states (R, width); items (N, width); eligible
    (R, N); `cold` (C,) are the rows of items that nobody took.
    """
    item = written[0]
    score = torch.log_softmax(states @ items.T, dim=1)
    old = score.gather(1, item.clamp_min(0)).masked_fill(item < 0, -torch.inf)
    old = old.masked_fill((item[:, :, None] == cold).any(2), -torch.inf)  # so that none is twice
    new = score[:, cold].masked_fill(~eligible[:, cold], -torch.inf)
    told = torch.cat([old, new], dim=1)
    rows = torch.cat([item, cold.expand(len(item), -1)], dim=1)
    best, place = torch.topk(told, min(k, told.shape[1]), dim=1)
    return torch.where(best > -torch.inf, rows.gather(1, place), -1), best
