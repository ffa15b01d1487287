"""Semantic ids of items, and generators that write them."""
