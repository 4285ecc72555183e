"""Agents: drivers, cars, chargers and the grid operator.

``driver.py``, ``car.py``, ``charger.py`` and ``operator.py`` are the Mesa agents. ``travelling.py``,
``plugging.py``, ``charging.py`` and ``energy_balance.py`` hold the compiled rules for one row;
``kernels.py`` applies them to all rows. ``entries.py`` declares what is posted to the account of a car.
"""
