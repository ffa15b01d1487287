"""May this be shown to this person, here, now? One rule family a file."""
