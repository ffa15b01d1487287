"""Product words: which each item is of, and how two of them go together."""
