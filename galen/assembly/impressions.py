"""Examples where a shop logs what it showed: impressions with what came of them.

Features are Ibis expressions, so each row holds what was known just before its impression.
"""
