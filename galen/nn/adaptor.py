"""Frozen vectors of a language model as embeddings that a ranking network can learn with.

Xi et al., "Towards Open-World Recommendation with Knowledge Augmentation from Large Language
Models" (KAR), RecSys 2024: a hybrid-expert adaptor.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from galen.nn.dense import tower
from galen.nn.experts import ExpertGate, mixture


class HybridExperts(nn.Module):
    """Experts of each field and experts that fields of one size share, mixed by a field's gate.

    Fields' vectors (B, sum of sizes) become (B, fields, width). A vector of zeros says that nothing
    is known, for which a learned vector of the field stands.
    """

    def __init__(self, sizes: Sequence[int], width: int, *, shared: int = 2, own: int = 2) -> None:
        super().__init__()
        self.sizes = list(sizes)

        def experts(size: int, count: int) -> nn.ModuleList:
            return nn.ModuleList(tower(size, [2 * width], width) for _ in range(count))

        distinct = sorted(set(sizes))
        self.group = [distinct.index(size) for size in sizes]
        self.shared = nn.ModuleList(experts(size, shared) for size in distinct)
        self.own = nn.ModuleList(experts(size, own) for size in sizes)
        self.gates = nn.ModuleList(ExpertGate(size, shared + own) for size in sizes)
        self.missing = nn.Parameter(torch.zeros(len(self.sizes), width))

    def forward(self, vectors: Tensor) -> Tensor:
        answers = []
        for place, vector in enumerate(torch.split(vectors, self.sizes, dim=1)):
            experts = [*self._of(self.shared, self.group[place]), *self._of(self.own, place)]
            mixed = mixture(self.gates[place](vector), [expert(vector) for expert in experts])
            known = (vector != 0).any(dim=1, keepdim=True)
            answers.append(torch.where(known, mixed, self.missing[place].to(mixed.dtype)))
        return torch.stack(answers, dim=1)

    def _of(self, lists: nn.ModuleList, place: int) -> nn.ModuleList:
        found = lists[place]
        assert isinstance(found, nn.ModuleList)
        return found
