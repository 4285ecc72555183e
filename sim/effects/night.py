"""Energy and money of one owner's night: differences between two times of a timeline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.agents.entries import CHART
from sim.state.entries import COST, REVENUE

#: Components of a night's money, by timeline column: paid, and received.
PAID, RECEIVED = (
    tuple(entry.timeline or entry.name for entry in CHART.money if entry.sign == sign)
    for sign in (COST, REVENUE)
)

#: The highest price any pilot has paid for a kilowatt-hour fed in (Shenzhen, 28 March 2025, source S44).
HIGHEST_PAID_YUAN_PER_KWH = 4.0


@dataclass(frozen=True)
class Night:
    """Energy and money of a car between two times.

    Attributes
    ----------
    charged_kwh, fed_in_kwh : float
    money : dict of str to float
        The parts named in ``PAID`` and ``RECEIVED``, [yuan].
    wear_yuan : float
    start_soc, end_soc : float
    promises_broken : int
    """

    charged_kwh: float
    fed_in_kwh: float
    money: dict[str, float]
    wear_yuan: float
    start_soc: float
    end_soc: float
    promises_broken: int

    @property
    def bill_yuan(self) -> float:
        """Payments less receipts [yuan]."""
        return sum(self.money[name] for name in PAID) - sum(self.money[name] for name in RECEIVED)

    def neutral_cost_yuan(self, capacity_kwh: float, restoring_yuan_per_kwh: float) -> float:
        """Energy-neutral cost of the night [yuan].

        Parameters
        ----------
        capacity_kwh : float
        restoring_yuan_per_kwh : float
            Cost of bringing a kilowatt-hour into the battery.
        """
        return self.bill_yuan + self.wear_yuan + self.restored_yuan(capacity_kwh, restoring_yuan_per_kwh)

    def restored_yuan(self, capacity_kwh: float, restoring_yuan_per_kwh: float) -> float:
        """Cost of restoring the battery's initial energy [yuan]; negative where it ends fuller."""
        return (self.start_soc - self.end_soc) * capacity_kwh * restoring_yuan_per_kwh


def earned_parts(before: Night, after: Night, restored_yuan: tuple[float, float]) -> dict[str, float]:
    """Earnings of one night relative to another, by additive components [yuan].

    Parameters
    ----------
    before, after : Night
        Under the reference, and under the arm.
    restored_yuan : (float, float)
        Cost of restoring the battery's initial energy in each.

    Returns
    -------
    dict
        ``bill``, ``battery`` and ``wear``; positive is a gain.
    """
    return {
        "bill": before.bill_yuan - after.bill_yuan,
        "battery": restored_yuan[0] - restored_yuan[1],
        "wear": before.wear_yuan - after.wear_yuan,
    }


def night(rows: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> Night:
    """Sums of a car's timeline between two times at which it has a row (noon or midnight)."""
    times = rows["time"].to_numpy()
    first = rows.iloc[np.flatnonzero(times == start.to_datetime64())[-1]]
    last = rows.iloc[np.flatnonzero(times == end.to_datetime64())[0]]

    def grown(name: str) -> float:
        return float(last[name] - first[name])

    return Night(
        charged_kwh=grown("charged_kwh"),
        fed_in_kwh=grown("discharged_kwh"),
        money={name: grown(name) for name in (*PAID, *RECEIVED)},
        wear_yuan=grown("wear_yuan"),
        start_soc=float(first["soc"]),
        end_soc=float(last["soc"]),
        promises_broken=int(last["shortfalls"] - first["shortfalls"]),
    )


def window(rows: pd.DataFrame, day: pd.Timestamp | None) -> tuple[pd.Timestamp, pd.Timestamp]:
    """From noon to noon around a night; a whole day from midnight where no day follows."""
    first, last = rows["time"].min().normalize(), rows["time"].max()
    begin = first if day is None else day
    noon = begin + pd.Timedelta(hours=12)
    if noon + pd.Timedelta(days=1) <= last:
        return noon, noon + pd.Timedelta(days=1)
    return begin, begin + pd.Timedelta(days=1)
