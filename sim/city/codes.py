"""Numbers that stand for words in columns, and the words they stand for."""

from __future__ import annotations

from sim.data.catalogue import rows

HOME, WORK, ERRAND, ROAD = range(4)
PLACES = ("home", "work", "errand", "road")

WORKDAY, RESTDAY = range(2)

#: Kinds of drivers: rows of archetypes.csv. What they do follows from its columns, never from their order.
ARCHETYPES = tuple(row["archetype"] for row in rows("archetypes"))

#: How a driver's days are planned (column ``day_plan``).
DAY_PLANS = ("commute", "late_commute", "shifts", "tours", "blocks")
COMMUTE, LATE_COMMUTE, SHIFTS, TOURS, BLOCKS = range(len(DAY_PLANS))

# Kinds of chargers. EN_ROUTE is a service, not a post that anybody can occupy.
HOME_POST, WORK_POST, SLOW_POST, FAST_POST, EN_ROUTE = range(5)
KINDS = ("home", "work", "public slow", "public fast", "en route")
POOLED = (WORK_POST, SLOW_POST, FAST_POST)
NO_POST = 255

NO_CONTRACT, ONE_WAY, TWO_WAY, HOME_ONLY = range(4)
CONTRACTS = ("none", "one_way", "two_way", "home_only")

NEVER = 2**30  # a step that does not come
