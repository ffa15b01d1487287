"""galen: a recommender for health shops."""
