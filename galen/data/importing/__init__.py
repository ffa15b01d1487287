"""From files of any kind to a shop: read, check, number, land; bad rows to quarantine."""
