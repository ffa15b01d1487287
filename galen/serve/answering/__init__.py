"""From a request to a slate in words, and why it is so."""
