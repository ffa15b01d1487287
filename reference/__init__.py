"""The reference in docs/reference, made from the code: `python -m reference` writes it."""
