"""What this package costs, measured: ``make bench``."""
