"""The operator's web pages."""
