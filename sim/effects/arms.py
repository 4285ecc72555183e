"""Figures of one arm: the entry of ``arms`` in ``summary.json``, and its energy-neutral correction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.data.conventions import hours, within
from sim.effects.distribution import distribution

LEAST_DRAWN_MW = 1e-6


@dataclass(frozen=True)
class ArmTables:
    """Tables of one arm and replication, with what is needed to read them.

    Attributes
    ----------
    system : DataFrame
        One row for each step, see ``sim.accounting.tables.SYSTEM_COLUMNS``.
    owners : DataFrame
        One row for each simulated car, or for a representative sample, see
        ``sim.accounting.tables.OWNER_COLUMNS``.
    flexibility : DataFrame
        One row for each hour and place, see ``sim.accounting.tables.FLEXIBILITY_COLUMNS``.
    step_hours : float
        Length of a step, [h].
    weight : float
        Cars of the city that each simulated car stands for.
    charging_efficiency : float
        Energy stored over energy drawn.
    restoring_price_home, restoring_price_public : float
        Cheapest recharging price of an owner with and without a charger at home, [yuan/kWh].
    fleet : mapping, optional
        Exact sums over all simulated cars, by column, where `owners` holds a sample.
    fleet_cars : int, optional
        Number of simulated cars, where `owners` holds a sample.
    valley_hours : tuple of float
        Begin and end of the night valley at the arm's place, [h].
    """

    system: pd.DataFrame
    owners: pd.DataFrame
    flexibility: pd.DataFrame
    step_hours: float
    weight: float
    charging_efficiency: float
    restoring_price_home: float
    restoring_price_public: float
    fleet: Mapping[str, float] | None = None
    fleet_cars: int | None = None
    valley_hours: tuple[float, float] = field(default_factory=lambda: hours("valley"))

    @property
    def step_weights(self) -> np.ndarray:
        """Number of steps of the year that each row represents; 1 in a plain run."""
        return self.system["weight"].to_numpy()

    @property
    def days(self) -> float:
        """Number of days that the rows represent."""
        return float(self.system["weight"].sum()) * self.step_hours / 24.0

    def total(self, column: str) -> float:
        """Sum of a column that is counted by step."""
        return float((self.system[column].to_numpy() * self.step_weights).sum())

    def energy_mwh(self, column: str) -> float:
        """Energy of a power column [MWh]."""
        return self.total(column) * self.step_hours

    def mean(self, column: str, where: np.ndarray | None = None) -> float:
        """Weighted mean of a column over all steps, or over those in `where`."""
        chosen = np.ones(len(self.system), bool) if where is None else where
        return float(np.average(self.system[column].to_numpy()[chosen], weights=self.step_weights[chosen]))

    def gross_mw(self) -> pd.Series:
        """Gross demand with cars, before wind and solar [MW]."""
        system = self.system
        gross: pd.Series = system["net_load_mw"] + system["wind_mw"] + system["solar_mw"]
        return gross

    def load_factor(self) -> float:
        """Mean of net load over its peak."""
        net = self.system["net_load_mw"].to_numpy()
        return float(np.average(net, weights=self.step_weights) / net.max())

    @property
    def cars(self) -> int:
        """Number of simulated cars."""
        return len(self.owners) if self.fleet_cars is None else self.fleet_cars

    def fleet_total(self, column: str) -> float:
        """Sum of a column of owners over all cars of the city.

        Estimated from the sample of owners only if no exact fleet sum is available.
        """
        if self.fleet is not None and column in self.fleet:
            return float(self.fleet[column]) * self.weight
        return float(self.owners[column].sum()) * self.weight * (self.cars / len(self.owners))

    def stored_change_kwh(self) -> pd.Series:
        """Energy each battery gained [kWh]; negative for a car that ends emptier."""
        return self.owners["stored_change_kwh"]

    def restoring_mwh(self) -> float:
        """Energy at the chargers that restores the initial stored energy of the whole fleet [MWh]."""
        return -self.fleet_total("stored_change_kwh") / 1000.0 / self.charging_efficiency

    def restoring_all_mwh(self) -> float:
        """The same at the plants, with the grid's losses, pumped storage and grid batteries [MWh]."""
        return self.restoring_mwh() * self.at_plants + self.total("storage_missing_mwh")

    @cached_property
    def at_plants(self) -> float:
        """Power at the plants over power at the chargers; 1 where no car ever draws."""
        drawn = (self.system["ev_charge_mw"] - self.system["ev_discharge_mw"]).to_numpy()
        most = int(np.abs(drawn).argmax())
        if abs(drawn[most]) < LEAST_DRAWN_MW:
            return 1.0
        return 1.0 + float(self.system["ev_grid_losses_mw"].iloc[most]) / float(drawn[most])

    def neutral_cost_yuan(self) -> pd.Series:
        """Energy-neutral net cost of each owner: battery restored to its initial energy [yuan]."""
        price = np.where(self.owners["home_charger"], self.restoring_price_home, self.restoring_price_public)
        restoring_kwh = -self.stored_change_kwh() / self.charging_efficiency
        cost: pd.Series = self.owners["net_cost_yuan"] + restoring_kwh * price
        return cost

    def neutral_bill_yuan(self) -> pd.Series:
        """Energy-neutral bill of each owner: payments less receipts, without wear [yuan]."""
        bill: pd.Series = self.neutral_cost_yuan() - self.owners["wear_cost_yuan"]
        return bill

    @cached_property
    def in_valley(self) -> NDArray[np.bool_]:
        """Whether a step lies in the valley hours of the night."""
        time = self.system["time"].dt
        return within((time.hour + time.minute / 60.0).to_numpy(), *self.valley_hours)


def summarise_arm(arm: ArmTables) -> dict[str, Any]:
    """Figures of one arm at the scale of the city, without energy-neutral correction."""
    system, owners = arm.system, arm.owners
    peak = int(system["net_load_mw"].to_numpy().argmax())
    gross = arm.gross_mw()
    return {
        "peak_net_load_mw": float(system["net_load_mw"].iloc[peak]),
        "peak_time": system["time"].iloc[peak].isoformat(timespec="minutes"),
        "peak_demand_mw": float(gross.max()),
        "peak_demand_time": system["time"].iloc[int(gross.to_numpy().argmax())].isoformat(timespec="minutes"),
        "energy_charged_mwh": arm.energy_mwh("ev_charge_mw"),
        "energy_discharged_mwh": arm.energy_mwh("ev_discharge_mw"),
        "losses_mwh": arm.total("ev_losses_mwh"),
        "coal_mwh": arm.energy_mwh("coal_mw"),
        "coal_tce": arm.total("coal_tce"),
        "coal_elsewhere_tce": arm.total("coal_elsewhere_tce"),
        "gas_mwh": arm.energy_mwh("gas_mw"),
        "import_mwh": arm.energy_mwh("import_mw"),
        "wind_and_solar_pct": wind_and_solar_pct(arm),
        "spilled_mwh": arm.energy_mwh("spilled_mw"),
        "enrolled_cars": arm.fleet_total("enrolled"),
        "co2_t": arm.total("co2_t"),
        "unserved_mwh": arm.energy_mwh("unserved_mw"),
        "max_ramp_mw_per_h": max_ramp_mw_per_h(arm),
        "min_reserve_margin_mw": float(system["reserve_margin_mw"].min()),
        "load_factor": arm.load_factor(),
        "unit_starts": arm.total("unit_starts"),
        "days": arm.days,
        "generation_cost_yuan": arm.total("generation_cost_yuan"),
        "owner_net_cost_yuan_per_day": distribution(owners["net_cost_yuan"] / arm.days),
        "promise_shortfalls": arm.fleet_total("promise_shortfalls"),
        "promise_shortfalls_with_cause": {
            cause: arm.fleet_total(f"shortfalls_{cause}") for cause in ("left_early", "shock", "limit")
        },
        "promises": promises(arm),
        "flexibility_follow_share": follow_share(arm),
        "recharged_at_a_loss_mwh": arm.fleet_total("recharged_at_a_loss_kwh") / 1000.0,
        "compensation_yuan": arm.fleet_total("compensation_yuan"),
        "en_route_charges": arm.fleet_total("en_route_charges"),
        "mean_end_soc": arm.fleet_total("end_soc") / (arm.weight * arm.cars),
    }


def wind_and_solar_pct(arm: ArmTables) -> float:
    """Wind and sun that are used, of gross demand with cars [%]."""
    on_offer = arm.energy_mwh("wind_mw") + arm.energy_mwh("solar_mw")
    used = max(0.0, on_offer - arm.energy_mwh("spilled_mw"))
    gross = float((arm.gross_mw().to_numpy() * arm.step_weights).sum()) * arm.step_hours
    return 100.0 * used / gross if gross > 0.0 else 0.0


def promises(arm: ArmTables) -> dict[str, float | None]:
    """Energy missing at departure, and trips it affects; comparable between arms.

    Returns
    -------
    dict
        Of the enrolled: ``broken_pct``, sessions that ended below what was promised, of all sessions;
        ``missing_kwh_per_session``; and ``en_route_pct``, trips of theirs that needed charging on the way.
        Null where nobody is enrolled or nobody plugs in.
    """
    mine = arm.owners[arm.owners["enrolled"].to_numpy(dtype=bool)]
    sessions, trips = float(mine["sessions"].sum()), float(mine["trips"].sum())
    return {
        "broken_pct": 100.0 * float(mine["promise_shortfalls"].sum()) / sessions if sessions else None,
        "missing_kwh_per_session": float(mine["promise_shortfall_kwh"].sum()) / sessions
        if sessions
        else None,
        "en_route_pct": 100.0 * float(mine["en_route_charges"].sum()) / trips if trips else None,
    }


def follow_share(arm: ArmTables) -> float | None:
    """Share of hours and places with controlled cars in which these could hold their offer for the hour."""
    seen = arm.flexibility[arm.flexibility["cars"] > 0.0]
    return float(seen["follows"].astype(float).mean()) if len(seen) else None


def max_ramp_mw_per_h(arm: ArmTables) -> float:
    """Largest change of net load from any time to an hour later [MW/h]."""
    net, times = arm.system["net_load_mw"].to_numpy(), arm.system["time"].to_numpy()
    steps = max(1, round(1.0 / arm.step_hours))
    if len(net) <= steps:
        return 0.0
    apart = times[steps:] - times[:-steps] == np.timedelta64(round(60 * steps * arm.step_hours), "m")
    return float(np.max(np.abs(net[steps:] - net[:-steps])[apart], initial=0.0))


def reserve_short_hours(arm: ArmTables, reserve_share: float) -> float:
    """Hours in which the reserve of running units and lines is below a share of their load."""
    left = arm.system["net_load_mw"] - arm.system["other_mw"]
    short = arm.system["online_reserve_mw"] < reserve_share * left
    return float(arm.step_weights[short.to_numpy()].sum()) * arm.step_hours
