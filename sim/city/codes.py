"""Integer codes used in columns, and their names."""

from __future__ import annotations

from sim.data.catalogue import rows

HOME, WORK, ERRAND, ROAD, OUT_OF_TOWN = range(5)
PLACES = ("home", "work", "errand", "road", "out of town")

WORKDAY, RESTDAY = range(2)

#: Kinds of drivers: rows of archetypes.csv. Behaviour follows from its columns, not from their order.
ARCHETYPES = tuple(row["archetype"] for row in rows("archetypes"))

#: How a driver's days are planned (column ``day_plan``).
DAY_PLANS = ("commute", "late_commute", "shifts", "tours", "blocks", "second_job")
COMMUTE, LATE_COMMUTE, SHIFTS, TOURS, BLOCKS, SECOND_JOB = range(len(DAY_PLANS))

NEVER = 2**30  # a step later than any step of a run
