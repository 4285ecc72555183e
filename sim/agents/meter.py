"""The meter of a home: the bill with the car and without it, tier by tier.

Used where the car charges behind the home's meter, or where the tariff has tiers. The car is charged with
its increment of the bill and credited with its savings: discharged energy used in the home saves the retail
price; only exported energy earns the feed-in tariff.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.agents.records import CarRecord, Figures, Moment
from sim.city.charger_kinds import HOME_KIND
from sim.rules.compiling import part_of_row
from sim.rules.household import split_at_meter, tiered_cost_yuan

METER = np.dtype(
    (
        np.record,
        [
            ("without_kwh", np.float64),  # bought since the first of January, had there been no car
            ("with_kwh", np.float64),  # bought since the first of January
            ("home_yuan", np.float64),  # bill without the car
            ("car_yuan", np.float64),  # what the car adds to the bill
            ("self_used_kwh", np.float64),  # discharged by the car and used in the home
            ("exported_kwh", np.float64),  # discharged by the car and exported
        ],
    )
)


class Homes(NamedTuple):
    """Meters of all homes with a charger, and the tiers of their tariff.

    Attributes
    ----------
    meters : records of ``METER``, shape (n_cars,)
        A single row where no meter is needed.
    additions : ndarray, shape (n_steps, n_tiers)
        What each tier adds to the price at home, [yuan/kWh].
    limits_kwh : ndarray, shape (n_tiers,)
        Yearly use at which each tier ends, infinite for the last.
    """

    meters: NDArray[Any]
    additions: NDArray[np.float64]
    limits_kwh: NDArray[np.float64]


@part_of_row
def advance(
    meter: Any, home_size: float, car: CarRecord, moment: Moment, additions: Any, limits_kwh: Any, f: Figures
) -> tuple[float, float, float]:
    """Advance the meter of one home by one step.

    Returns
    -------
    tuple of float
        The car's increment of the bill, its feed-in revenue, and its event revenue, [yuan].
    """
    at_home = car.charger_kind == HOME_KIND
    car_kwh = car.power_kw * f.step_hours if at_home else 0.0
    home_kwh = home_size * moment.home_kw * f.step_hours if f.behind_the_meter else 0.0
    bought, exported = split_at_meter(home_kwh, car_kwh)
    price = moment.price[HOME_KIND]
    without = tiered_cost_yuan(meter.without_kwh, home_kwh, price, additions, limits_kwh)
    added = tiered_cost_yuan(meter.with_kwh, bought, price, additions, limits_kwh) - without
    meter.without_kwh += home_kwh
    meter.with_kwh += bought
    meter.home_yuan += without
    meter.car_yuan += added
    if car_kwh >= 0.0:
        return added, 0.0, 0.0
    meter.exported_kwh += exported
    meter.self_used_kwh += -car_kwh - exported
    return added, exported * moment.feed_in_price, exported * moment.event_premium


@part_of_row
def new_year(start: int, stop: int, meters: Any) -> None:
    """Reset yearly consumption: tiers count from the first of January."""
    for row in range(start, stop):
        meters[row].without_kwh = 0.0
        meters[row].with_kwh = 0.0
