"""One command per flow; each imports only what it runs."""
