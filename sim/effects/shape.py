"""Charging profile by hour of the day, validated against a published curve not used as input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.city.calendar import is_workday
from sim.data.catalogue import SHANGHAI, column

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ShapeFit:
    """Hourly shares of daily charging: modelled, published, and goodness of fit.

    Attributes
    ----------
    model, published : ndarray, shape (24,)
        Shares of the day, each summing to 1.
    correlation : float
        Pearson correlation of the two.
    normalised_rmse : float
        Root mean square difference over the mean share.
    days : int
        Number of days in the model's mean.
    """

    model: Array
    published: Array
    correlation: float
    normalised_rmse: float
    days: int


#: Columns of the system table that can be compared: what the curve counts, and energy.
CARS_CHARGING, ENERGY = "cars_charging", "ev_charge_mw"


def daily_charging_shape(
    system: pd.DataFrame, measure: str = CARS_CHARGING, place: str = SHANGHAI, on_rest_days: bool = False
) -> ShapeFit | None:
    """Compare the mean workday, or rest day, of an uncontrolled arm with China's weekday curve (S17).

    The published curve counts 1.69 million passenger cars while they charge. Counts of cars are therefore
    the like-for-like comparison; energy gives more weight to fast chargers. None if the run has no such day.
    """
    dates = system["time"].dt.date
    days = [day for day in dates.unique() if is_workday(day, place) != on_rest_days]
    chosen = system[dates.isin(days)]
    if chosen.empty or not float(chosen[measure].sum()):
        return None
    hourly = chosen.groupby(chosen["time"].dt.hour)[measure].mean().to_numpy()
    model = hourly / hourly.sum()
    published = np.array(column("charging_shape_china_weekday", "share_of_day"))
    published = published / published.sum()
    return ShapeFit(
        model=model,
        published=published,
        correlation=float(np.corrcoef(model, published)[0, 1]),
        normalised_rmse=float(np.sqrt(np.mean((model - published) ** 2)) / published.mean()),
        days=len(days),
    )
