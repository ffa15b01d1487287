"""Several recipes on one shop: the same question, the same gate, and what each of them costs."""
