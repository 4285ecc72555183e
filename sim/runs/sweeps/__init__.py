"""Sweeps: a design over a scenario, run by many processes, nothing finished ever lost."""
