"""A trained recommender as a folder: written whole, kept in versions, read in every format."""
