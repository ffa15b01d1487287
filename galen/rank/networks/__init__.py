"""Ranking networks: one model a file, its settings and its forward; nothing else."""
