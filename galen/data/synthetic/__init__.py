"""A made-up health shop: a documented generative model, for demo, tests and load."""
