"""The service, its HTTP face, and what it must not lose."""
