"""One rule family a file: each says which items may not be shown, to whom, where, and why."""
