"""What goes with what: related words, and how likely an item is wanted beside another."""
