"""Networks that read a history event by event: what each place knows of itself and those before."""
