"""What happened: tables, events, the catalogue, id maps, importers and the synthetic shop."""
