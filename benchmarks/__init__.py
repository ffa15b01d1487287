"""Measurements of galen, each a command: python -m benchmarks.<name> --json FILE."""
