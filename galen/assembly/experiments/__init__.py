"""Many trainings of one recipe on a folder of samples: searches and scaling laws."""
