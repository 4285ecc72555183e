"""Warnings about valid but problematic scenarios: prices open to gaming, negative prices."""

from __future__ import annotations

from sim.city.charger_kinds import HOME_KIND
from sim.grid.clock import Clock
from sim.market.contract_value import reckons, round_trip
from sim.market.tariffs import feed_in_prices, retail_prices
from sim.scenario.schema import Scenario


def cautions(spec: Scenario) -> list[str]:
    """One line for each caution, arms with the same caution named together."""
    found: dict[str, list[str]] = {}
    for arm in spec.arms:
        for text in _of_arm(spec.for_arm(arm)):
            found.setdefault(text, []).append(arm)
    return [
        f"note, arm{'s' if len(arms) > 1 else ''} {', '.join(arms)}: {text}" for text, arms in found.items()
    ]


def _of_arm(spec: Scenario) -> list[str]:
    clock = Clock.of(spec)
    if not reckons(spec):
        return []
    buy, sell = (
        retail_prices(spec, clock)[HOME_KIND],
        spec.participation.owners_share * feed_in_prices(spec, clock),
    )
    texts = []
    if float(buy.min()) < 0.0:
        texts.append(f"charging at home costs less than nothing at times ({buy.min():.3f} yuan/kWh)")
    if spec.participation.form.discharges_elsewhere:
        day = clock.steps_per_day
        always = (sell > buy).reshape(-1, day).all(axis=1)
        if always.any():
            after_losses = bool((sell > buy / round_trip(spec)).reshape(-1, day).all(axis=1).any())
            texts.append(
                f"feeding in pays more than charging costs at every hour of a day ({sell.max():.3f} "
                f"yuan/kWh against at most {buy[:day].max():.3f}): a car can be "
                + ("cycled for money at any hour" if after_losses else "cycled, though losses eat the gain")
            )
        if float(sell.min()) < 0.0:
            texts.append(f"feeding in costs money at times ({sell.min():.3f} yuan/kWh)")
    return texts
