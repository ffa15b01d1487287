"""What a recommender is made of, in TOML: read, checked, laid over another, written."""
