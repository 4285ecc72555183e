"""Sourced tables of figures and how to read them.

Every row of every table carries ``source`` (a code resolved in ``sources.csv``) and
``confidence`` (sourced, derived, measured, background or assumption).
"""
