"""From what is known of items to semantic ids: tokenizers, their catalogue and their report."""
