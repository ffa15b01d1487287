"""What a ranking network says of rows."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from galen.nn.inputs import Inputs


@torch.inference_mode()
def predict(network: nn.Module, batches: Iterator[Inputs], kind: torch.dtype) -> Tensor:
    """(N, objectives) logits of rows in order, on the CPU."""
    if network.training:  # a walk over all modules, which costs a request a millisecond
        network.eval()
    device = next(network.parameters()).device
    parts = []
    for inputs in batches:
        with torch.autocast(device.type, kind, enabled=kind != torch.float32):
            parts.append(network(inputs.to(device)).float().cpu())
    return torch.cat(parts)
