"""Results recomputed from their tables by scripts that use nothing of the package.

Each script is run by hand on a folder of results, or by the tests beside it:
``python -m tests.referee.coal_and_co2 results/quickstart``.
"""
