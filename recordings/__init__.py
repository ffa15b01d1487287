"""Makes the recording that galen ships: answers for the demo's shop, expanded from one table."""
