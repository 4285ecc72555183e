"""Sweeps: a design over a scenario, run by many processes; finished runs are kept."""
