"""The four kinds of agents: drivers, cars, chargers and the grid operator.

``driver.py``, ``car.py``, ``charger.py`` and ``operator.py`` are the Mesa agents. ``travelling.py``,
``plugging.py``, ``charging.py`` and ``tally.py`` hold what happens to one row, compiled, and the kernels
that do it for all rows.
"""
