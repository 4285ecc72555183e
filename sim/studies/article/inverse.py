"""What would make a claim true: the price at which a night leaves 200 yuan, found by running the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from sim.runs.audited import audited
from sim.runs.reproduce import few, run_command
from sim.runs.run import prepare, simulate, tables_from_result
from sim.scenario.shipped import scenarios_folder

Array = NDArray[np.float64]

HIGHEST_TRIED_YUAN_PER_KWH = 64.0
CLOSE_YUAN_PER_KWH = 0.1
CARS = 1_000
#: Chargers that are tried [kW].
POWERS_KW = (7.0, 15.0, 60.0)
#: Of enrolled owners: the one in the middle, and the best hundredth.
SHARES = (0.5, 0.99)


@dataclass(frozen=True)
class Price:
    """A price at which a claim becomes true.

    Attributes
    ----------
    power_kw : float
        Of bidirectional chargers.
    median_owner, best_hundredth : float or None
        Price of feeding in at which the median owner, and the best hundredth, is left with the sum a day,
        [yuan/kWh]; None where no price up to the highest tried does it.
    """

    power_kw: float
    median_owner: float | None
    best_hundredth: float | None


def price_for(yuan_per_day: float, quick: bool, say: Callable[[str], None]) -> list[Price]:
    """Search, for chargers of some ratings, the price at which owners are left with a sum every day."""
    found = []
    for power_kw in POWERS_KW[: 1 if quick else None]:
        say(f"searching the price that leaves {yuan_per_day:.0f} yuan a day with chargers of {power_kw:g} kW")
        earned = cache(partial(earned_at, power_kw=power_kw))  # both searches try the same prices at first
        ends = [_search(partial(_left, earned, share=share), yuan_per_day) for share in SHARES]
        found.append(Price(power_kw, *ends))
    return found


def command(power_kw: float, price: float) -> str:
    """The command that repeats one try."""
    return run_command("quickstart.yaml", _settings(price, power_kw))


def _settings(price: float, power_kw: float) -> dict[str, object]:
    return {
        **few(CARS),
        "market.feed_in_price_yuan_per_kwh": round(price, 3),
        "chargers.bidirectional_kw": power_kw,
        "arms.smart": None,
        "arms.v2g.operator.policy": "price",
        "outputs.figures": False,
    }


def _left(earned: Callable[[float], Array], price: float, share: float) -> float:
    """What a quantile of the enrolled is left with a day at a price [yuan]."""
    return float(np.quantile(earned(price), share))


def earned_at(price: float, power_kw: float) -> Array:
    """What each of the enrolled is left with a day at a price [yuan]."""
    spec = prepare(scenarios_folder() / "quickstart.yaml", settings=_settings(price, power_kw))
    result = audited(simulate(spec))
    before, after = (tables_from_result(result, arm) for arm in (spec.reference, "v2g"))
    enrolled = after.owners["enrolled"].to_numpy()
    left: Array = (before.neutral_cost_yuan() - after.neutral_cost_yuan()).to_numpy()[enrolled] / after.days
    return left


def _search(left: Callable[[float], float], goal: float) -> float | None:
    """Lowest price that leaves so much; earnings grow with the price."""
    low, high = 0.0, 2.0
    while left(high) < goal:
        low, high = high, 2.0 * high
        if high > HIGHEST_TRIED_YUAN_PER_KWH:
            return None
    while high - low > max(CLOSE_YUAN_PER_KWH, 0.02 * high):
        middle = (low + high) / 2.0
        low, high = (low, middle) if left(middle) >= goal else (middle, high)
    return high
