"""How rows of a table become the numbers that a ranking model reads."""
