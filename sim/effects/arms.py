"""What one arm did: the entry of ``arms`` in ``summary.json``, and what it takes to be energy-neutral."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.effects.distribution import distribution

VALLEY_HOURS = (22, 6)  # the valley of Shanghai's tariffs (sources S37, S38)


@dataclass(frozen=True)
class ArmTables:
    """Tables of one arm and replication, with what is needed to read them.

    Attributes
    ----------
    system : DataFrame
        One row for each step, see ``sim.records.SYSTEM_COLUMNS``.
    owners : DataFrame
        One row for each simulated car, see ``sim.records.OWNER_COLUMNS``.
    flexibility : DataFrame
        One row for each hour and place, see ``sim.records.FLEXIBILITY_COLUMNS``.
    step_hours : float
        Length of a step, [h].
    weight : float
        Cars of the city that each simulated car stands for.
    charging_efficiency : float
        Energy stored over energy drawn.
    restoring_price_home, restoring_price_public : float
        Cheapest price at which an owner with and without a charger at home fills up again, [yuan/kWh].
    """

    system: pd.DataFrame
    owners: pd.DataFrame
    flexibility: pd.DataFrame
    step_hours: float
    weight: float
    charging_efficiency: float
    restoring_price_home: float
    restoring_price_public: float

    @property
    def days(self) -> float:
        """Recorded days."""
        return len(self.system) * self.step_hours / 24.0

    def energy_mwh(self, column: str) -> float:
        """Energy of a power column over the run [MWh]."""
        return float(self.system[column].sum()) * self.step_hours

    def stored_change_kwh(self) -> pd.Series:
        """Energy each battery gained over the run [kWh]; negative for a car that ends emptier."""
        owners = self.owners
        return (owners["end_soc"] - owners["start_soc"]) * owners["capacity_kwh"]

    def restoring_mwh(self) -> float:
        """Grid energy that would bring the whole fleet back to where it began [MWh]."""
        return -float(self.stored_change_kwh().sum()) * self.weight / 1000.0 / self.charging_efficiency

    def neutral_cost_yuan(self) -> pd.Series:
        """Each owner's net cost with the battery brought back to where it began [yuan]."""
        price = np.where(self.owners["home_charger"], self.restoring_price_home, self.restoring_price_public)
        restoring_kwh = -self.stored_change_kwh() / self.charging_efficiency
        cost: pd.Series = self.owners["net_cost_yuan"] + restoring_kwh * price
        return cost

    def neutral_bill_yuan(self) -> pd.Series:
        """The same without wear: what the owner pays and is paid [yuan]."""
        bill: pd.Series = self.neutral_cost_yuan() - self.owners["wear_cost_yuan"]
        return bill

    def in_valley(self) -> pd.Series:
        """Whether a step lies in the valley hours of the night."""
        hour = self.system["time"].dt.hour
        valley: pd.Series = (hour >= VALLEY_HOURS[0]) | (hour < VALLEY_HOURS[1])
        return valley


def summarise_arm(arm: ArmTables) -> dict[str, Any]:
    """Figures of one arm at the scale of the city, as they were, not energy-neutral."""
    system, owners = arm.system, arm.owners
    peak = int(system["net_load_mw"].to_numpy().argmax())
    gross = system["demand_mw"] + system["ev_charge_mw"] - system["ev_discharge_mw"]
    return {
        "peak_net_load_mw": float(system["net_load_mw"].iloc[peak]),
        "peak_time": system["time"].iloc[peak].isoformat(timespec="minutes"),
        "peak_demand_mw": float(gross.max()),
        "energy_charged_mwh": arm.energy_mwh("ev_charge_mw"),
        "energy_discharged_mwh": arm.energy_mwh("ev_discharge_mw"),
        "losses_mwh": float(system["ev_losses_mwh"].sum()),
        "coal_mwh": arm.energy_mwh("coal_mw"),
        "coal_tce": float(system["coal_tce"].sum()),
        "coal_elsewhere_tce": float(system["coal_elsewhere_tce"].sum()),
        "gas_mwh": arm.energy_mwh("gas_mw"),
        "import_mwh": arm.energy_mwh("import_mw"),
        "co2_t": float(system["co2_t"].sum()),
        "unserved_mwh": arm.energy_mwh("unserved_mw"),
        "max_ramp_mw_per_h": max_ramp_mw_per_h(arm),
        "min_reserve_margin_mw": float(system["reserve_margin_mw"].min()),
        "load_factor": float(system["net_load_mw"].mean() / system["net_load_mw"].max()),
        "generation_cost_yuan": float(system["generation_cost_yuan"].sum()),
        "owner_net_cost_yuan_per_day": distribution(owners["net_cost_yuan"] / arm.days),
        "promise_shortfalls": float(owners["promise_shortfalls"].sum()) * arm.weight,
        "promise_shortfalls_with_cause": {
            cause: float(owners[f"shortfalls_{cause}"].sum()) * arm.weight
            for cause in ("left_early", "shock", "limit")
        },
        "flexibility_follow_share": follow_share(arm),
        "en_route_charges": float(owners["en_route_charges"].sum()) * arm.weight,
        "mean_end_soc": float(owners["end_soc"].mean()),
    }


def follow_share(arm: ArmTables) -> float | None:
    """Share of hours, with steered cars at a place, in which they could hold what they offer for the hour."""
    seen = arm.flexibility[arm.flexibility["cars"] > 0.0]
    return float(seen["follows"].astype(float).mean()) if len(seen) else None


def max_ramp_mw_per_h(arm: ArmTables) -> float:
    """Largest change of net load from any time to an hour later [MW/h]."""
    net = arm.system["net_load_mw"].to_numpy()
    hour = max(1, round(1.0 / arm.step_hours))
    return float(np.max(np.abs(net[hour:] - net[:-hour]))) if len(net) > hour else 0.0
