"""How networks learn: the one training loop, optimisers, losses, checkpoints, several processes."""
