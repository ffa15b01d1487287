"""What a policy that writes items should say of those it is told are better and worse.

Rafailov et al., "Direct Preference Optimization", NeurIPS 2023; Chen et al., "On Softmax Direct
Preference Optimization for Recommendation" (S-DPO), NeurIPS 2024; Schulman et al., "Proximal Policy
Optimization", 2017, and Shao et al., "DeepSeekMath" (GRPO), 2024, for groups instead of a critic.
"""

import torch
from torch import Tensor
from torch.nn import functional


def softmax_dpo(policy: Tensor, reference: Tensor, beta: float) -> Tensor:
    """(R,) losses of log-probabilities (R, 1 + N): column 0 is chosen, the others are rejected.

    -log of a sigmoid of minus the log of the sum over the rejected of exp(beta times how much more
    than the chosen one each rose over the reference). With one rejected item this is DPO. A
    reference of -inf marks a place where no item was rejected.
    """
    there = reference > -torch.inf
    rose = beta * torch.where(there, policy - torch.where(there, reference, 0), 0)
    over = (rose[:, 1:] - rose[:, :1]).masked_fill(~there[:, 1:], -1e4)
    return functional.softplus(torch.logsumexp(over, dim=1))


def group_advantages(reward: Tensor) -> Tensor:
    """(R, G) rewards of groups less their mean, in standard deviations; 0 where all are alike."""
    spread = reward.std(dim=1, keepdim=True, correction=0)
    return (reward - reward.mean(dim=1, keepdim=True)) / spread.clamp_min(1e-6)


def clipped_policy_gradient(
    policy: Tensor, old: Tensor, reference: Tensor, advantage: Tensor, *, clip: float, anchor: float
) -> Tensor:
    """(R,) losses of groups (R, G) that the policy of log-probabilities `old` drew.

    A probability that has moved by more than `clip` of itself gains nothing by going on. `anchor`
    weighs the divergence from the reference, by the estimate exp(d) - d - 1 of d = reference -
    policy, which is never below 0 (Schulman, 2020).
    """
    ratio = torch.exp((policy - old).clamp(-20, 20))
    held = ratio.clamp(1 - clip, 1 + clip)
    gain = torch.minimum(ratio * advantage, held * advantage)
    apart = (reference - policy).clamp(-20, 20)
    return (anchor * (torch.exp(apart) - apart - 1) - gain).mean(dim=1)
