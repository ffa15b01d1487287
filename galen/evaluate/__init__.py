"""Metrics, protocols, slices, intervals and the report."""
