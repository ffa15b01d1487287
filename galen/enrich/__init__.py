"""What language models write about a shop, offline: tables of values that were checked."""
