"""The mixture of low-rank cross layers of DCN V2 (Wang et al., WWW 2021, section 4.2)."""

import torch
from torch import Tensor, nn


class CrossExperts(nn.Module):
    """Each layer is a gated sum of low-rank crosses, with a nonlinearity inside the low rank."""

    def __init__(self, width: int, layers: int, rank: int, experts: int) -> None:
        super().__init__()
        down = torch.randn(layers, experts, width, rank) * width**-0.5
        core = torch.randn(layers, experts, rank, rank) * rank**-0.5
        up = torch.randn(layers, experts, rank, width) * rank**-0.5
        self.down, self.core, self.up = (nn.Parameter(weight) for weight in (down, core, up))
        self.offset = nn.Parameter(torch.zeros(layers, width))
        self.gates = nn.ModuleList(nn.Linear(width, experts) for _ in range(layers))

    def forward(self, values: Tensor) -> Tensor:
        """(B, width) of values (B, width)."""
        crossed = values
        for layer, gate in enumerate(self.gates):
            low = torch.tanh(torch.einsum("bw,ewr->ber", crossed, self.down[layer]))
            low = torch.tanh(torch.einsum("ber,ers->bes", low, self.core[layer]))
            wide = torch.einsum("ber,erw->bew", low, self.up[layer]) + self.offset[layer]
            share = torch.softmax(gate(crossed), dim=1)
            crossed = crossed + values * torch.einsum("be,bew->bw", share.to(wide.dtype), wide)
        return crossed
