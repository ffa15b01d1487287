"""What each table says, how a model is asked for it, and what can be said without one."""
