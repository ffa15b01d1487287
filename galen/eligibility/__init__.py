"""May this be shown to this person, here, now? The gate, its rules, and what they stand on."""
