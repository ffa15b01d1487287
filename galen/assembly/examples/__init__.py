"""What a ranker learns from: what was shown, what would have been, and what was guessed."""
