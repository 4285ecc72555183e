"""Evaluation of results: peak reduction, coal displacement, earnings, stability.

Pure functions from tables to numbers. They do not access the model, so that the same code evaluates a new
run and a stored result folder.
"""
