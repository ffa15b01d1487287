"""Where everything meets: the catalogue of parts, recipes, examples, training, bundles."""
