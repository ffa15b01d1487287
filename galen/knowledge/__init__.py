"""What is known: concepts and relations with their sources, rules, names and claims."""
