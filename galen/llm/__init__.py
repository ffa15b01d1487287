"""Language models behind two questions, complete and embed: one file a provider, and wrappers."""
