"""How long people stay at an errand, by what it is for (``stays.csv``)."""

from __future__ import annotations

import math

import numpy as np

from sim.city.town import Town
from sim.rules.chance import ERRAND_DWELL, ERRAND_PURPOSE, normal, uniform
from sim.rules.compiling import part_of_row

#: Occasions of errands, in the order of the columns of ``stays.csv``.
AFTER_WORK, OUTING, ON_A_TOUR, ON_AN_EXCURSION = range(4)


@part_of_row
def stay_minutes(key: np.uint64, driver: int, day: int, number: int, occasion: int, town: Town) -> float:
    """Stay at a driver's n-th errand of a day [min]: log-normal around the median of its purpose."""
    lot = uniform(key, driver, day, ERRAND_PURPOSE + number)
    purpose = 0
    while lot >= town.purpose_cdf[occasion, purpose]:
        purpose += 1
    spread = town.stays[purpose].spread * normal(key, driver, day, ERRAND_DWELL + number)
    return float(town.stays[purpose].median_minutes * math.exp(spread))
