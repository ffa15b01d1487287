"""The shape of the slate."""
