"""Who asks, when and coming from where, and the product words of each such context."""
