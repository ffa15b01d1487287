"""Free text as rules read it: claims, red flags, what a product is for."""
