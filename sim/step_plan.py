"""The order of one step: its parts, what each does, and the time it took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd


class StepPart(NamedTuple):
    """A part of a step.

    Attributes
    ----------
    name : str
        Name of the part; ``CityModel`` does it in the method of that name with an underscore before it.
    does : str
        What happens in it.
    recorded : bool
        Whether it is left out while the city settles in.
    """

    name: str
    does: str
    recorded: bool = False


#: All parts of a step, in order.
STEP_PARTS = (
    StepPart("enrol", "owners who consider it enrol or leave"),
    StepPart("plan", "the operator forecasts, publishes prices and plans"),
    StepPart("strike", "shocks strike; drivers who are hit unplug; owners answer calls"),
    StepPart("travel", "drivers leave, charge on the way, arrive, and decide whether to plug in"),
    StepPart("assign", "free chargers go to those who wait"),
    StepPart("list", "cars that need work in this step are listed"),
    StepPart("offer", "chargers work out the range of power in which their cars are safe"),
    StepPart("survey", "what controlled cars could do for an hour is noted", recorded=True),
    StepPart("coordinate", "the operator's wish becomes one signal"),
    StepPart("charge", "chargers follow the signal inside what is safe"),
    StepPart("limit", "sites and feeders keep within their limits"),
    StepPart("tell", "what followed cars do and why is noted", recorded=True),
    StepPart("move", "cars move energy and money, at chargers and on the road"),
    StepPart("aggregate", "the fleet is added up; the operator sees what net load was"),
    StepPart("supply", "units, storage and imports meet net load"),
    StepPart("account", "payments are settled, balances checked, records written", recorded=True),
)


def plan_table(seconds: Mapping[str, float], steps: int) -> pd.DataFrame:
    """The parts of a step with the time they took.

    Parameters
    ----------
    seconds : mapping of str to float
        Time of each part so far, [s].
    steps : int
        Steps done.

    Returns
    -------
    DataFrame
        ``order, part, does, seconds, share, microseconds_per_step``; one row for each part, in order.
    """
    total = sum(seconds.values())
    return pd.DataFrame(
        [
            {
                "order": order,
                "part": part.name,
                "does": part.does,
                "seconds": seconds[part.name],
                "share": seconds[part.name] / total if total else 0.0,
                "microseconds_per_step": 1e6 * seconds[part.name] / steps if steps else 0.0,
            }
            for order, part in enumerate(STEP_PARTS, start=1)
        ]
    )
