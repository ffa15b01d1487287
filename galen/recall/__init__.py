"""Channels that propose items, one a file."""
