"""Tensor blocks that know no schema."""
