"""How good is it: one model a file, and calibration."""
