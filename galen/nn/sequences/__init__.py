"""Histories, packed, and the networks that read them and tell what comes next."""
