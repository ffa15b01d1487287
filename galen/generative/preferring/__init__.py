"""A generator that has learned what follows is taught to prefer what was taken."""
