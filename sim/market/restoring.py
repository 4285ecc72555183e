"""What it costs an owner to fill the battery again."""

from __future__ import annotations

from sim.city.codes import HOME_POST, SLOW_POST
from sim.grid.clock import Clock
from sim.market.tariffs import retail_prices
from sim.scenario.schema import Scenario


def restoring_prices(spec: Scenario) -> tuple[float, float]:
    """Cheapest price over the day at home and at public posts in the last days of a run [yuan/kWh]."""
    clock = Clock.of(spec)
    prices = retail_prices(spec, clock)[:, -clock.steps_per_day :]
    return float(prices[HOME_POST].min()), float(prices[SLOW_POST].min())
