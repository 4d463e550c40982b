"""Measurements: one module per question asked, run as `python -m mdsa.evals.<module>`."""
