"""Embedding tables: one lookup a mini-batch, sharded, updated by touched rows, in fewer bytes."""
