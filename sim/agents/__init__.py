"""Agents: drivers, cars, chargers and the grid operator.

``driver.py``, ``car.py``, ``charger.py`` and ``operator.py`` are the Mesa agents. ``travelling.py``,
``plugging.py``, ``charging.py`` and ``energy_balance.py`` hold what happens to one row, compiled, and
``kernels.py`` does it for all rows. ``entries.py`` says what is posted to the account of a car.
"""
