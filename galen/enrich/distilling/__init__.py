"""Small models that learn from what a language model answered."""
