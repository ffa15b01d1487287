"""What labels say a product holds: names of ingredients, amounts, compositions."""
