"""Accounting after every step: aggregate the fleet, settle, audit and record."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.accounting.audit import Audit
from sim.accounting.owner_days import OwnerDays
from sim.accounting.owner_timeline import Timeline
from sim.accounting.sessions import SessionLog
from sim.accounting.settlement import Metered, Settlement
from sim.accounting.tables import CHARGE_COLUMNS, DISCHARGE_COLUMNS, FlexibilityRecords, Records
from sim.accounting.trips import TripLog
from sim.agents import accounts, aggregation, entries, fleet_flows
from sim.agents.city_state import CityState
from sim.agents.entries import CHART
from sim.city.charger_kinds import KINDS
from sim.grid.clock import days_in_month, month_start
from sim.grid.system import Outcome
from sim.state.blocks import over_blocks, sum_over_blocks

Array = NDArray[np.float64]

#: Causes of broken promises: parts of the entry of shortfalls.
CAUSES = tuple(entry.name for entry in CHART if entry.part_of == "promise_shortfalls")


#: Entries reported for the whole fleet too, where only a sample of cars has an account.
FLEET_SUMS = ("promise_shortfalls", *CAUSES, "en_route_charges")
#: Entries that only cars post to, so that accounts and flows must agree.
MONEY_IN_FLOWS = (
    entries.CHARGING_COST_YUAN, entries.FEED_IN_REVENUE_YUAN, entries.EVENT_REVENUE_YUAN,
    entries.PENALTY_YUAN,
)  # fmt: skip


@dataclass(frozen=True)
class Count:
    """The fleet after a step. Power in MW at the scale of the city, sums in units of simulated cars.

    Attributes
    ----------
    flows : ndarray
        Postings and flows of the step, see :mod:`sim.agents.fleet_flows`.
    drawn_kw, fed_kw, controlled_charge_kw, controlled_discharge_kw : ndarray, shape (n_kinds,)
        Power of the simulated cars by kind of charger, and of those that the operator controls, [kW].
    charge_mw, discharge_mw, not_controlled_mw : float
        All cars of the city; `not_controlled_mw` is the draw of cars that are not controlled.
    """

    flows: Array
    drawn_kw: Array
    fed_kw: Array
    controlled_charge_kw: Array
    controlled_discharge_kw: Array
    charge_mw: float
    discharge_mw: float
    not_controlled_mw: float


class Accountant:
    """Keeps accounts, audit and records of one run.

    Attributes
    ----------
    settlement : Settlement
        Payments between parties since recording began.
    audit : Audit
    records : Records
    flexibility : FlexibilityRecords
    owner_days : OwnerDays
    timeline : Timeline
    sessions : SessionLog or None
    trips : TripLog or None
    """

    def __init__(self, city: CityState, watched: Sequence[int] | None = None):
        self._city = city
        self.settlement = Settlement(city)
        self.audit = Audit()
        self.records = Records(len(city.clock) - city.clock.warmup_steps)
        self.flexibility = FlexibilityRecords()
        self.owner_days = OwnerDays(city)
        self.timeline = Timeline.of(city, self.settlement, watched)
        outputs = city.spec.outputs
        self.sessions = SessionLog(city) if outputs.sessions else None
        self.trips = TripLog(city) if outputs.trips else None
        self.flows = np.zeros(fleet_flows.FLOWS)
        self.start_kwh = self.energy_kwh = self._soc = 0.0
        self._enrolled = 0

    def count(self) -> Count:
        """Sum the flows of all blocks of cars in this step."""
        flows, mw = self._city.world.flows.sum(axis=0), self._city.mw_per_kw
        by_kind = flows[fleet_flows.CHARGE_KW : fleet_flows.OTHERS].reshape(4, len(KINDS))
        drawn_kw, fed_kw, controlled_charge_kw, controlled_discharge_kw = by_kind
        charge_mw, discharge_mw = mw * float(drawn_kw.sum()), mw * float(fed_kw.sum())
        controlled_mw = mw * float(controlled_charge_kw.sum() - controlled_discharge_kw.sum())
        return Count(
            flows=flows,
            drawn_kw=drawn_kw,
            fed_kw=fed_kw,
            controlled_charge_kw=controlled_charge_kw,
            controlled_discharge_kw=controlled_discharge_kw,
            charge_mw=charge_mw,
            discharge_mw=discharge_mw,
            not_controlled_mw=charge_mw - discharge_mw - controlled_mw,
        )

    def begin_recording(self, step: int) -> None:
        """Reset all sums at the end of the warm-up, which is excluded from results."""
        over_blocks(accounts.open_all, self._city.cars.n, step, self._city.world)
        self.settlement.begin()
        self.owner_days.begin(step)
        if self.sessions is not None:
            self.sessions.begin(step)
        if self.trips is not None:
            self.trips.begin()
        whole = self._recount()
        self.start_kwh = self.energy_kwh = float(whole[fleet_flows.ALL_ENERGY_KWH])
        self._soc, self._enrolled = float(whole[fleet_flows.ALL_SOC]), int(whole[fleet_flows.ALL_ENROLLED])

    def _recount(self) -> Array:
        """Recount all cars and chargers in full."""
        city, width = self._city, fleet_flows.RECOUNTED
        whole = sum_over_blocks(fleet_flows.recount_cars, city.cars.n, width, city.world)
        return whole + sum_over_blocks(fleet_flows.recount_chargers, city.chargers.n, width, city.world)

    def accrue(self, step: int) -> None:
        """Accrue all accounts up to a step."""
        over_blocks(accounts.accrue_all, self._city.cars.n, step, self._city.world)

    def note_flexibility(self, now: int) -> None:
        """Record the flexibility of the controlled cars at every full hour."""
        spec, world = self._city.spec, self._city.world
        if now % max(1, round(1.0 / spec.step_hours)) or not spec.participation.form.controls:
            return
        width = len(aggregation.PLACES) * aggregation.FLEXIBILITY_FIELDS
        sums = sum_over_blocks(aggregation.flexibility, self._city.cars.n, width, now, 1.0, world)
        by_place = spec.weight * sums.reshape(len(aggregation.PLACES), -1)
        by_place[:, 1:] /= 1000.0
        for place, row in zip(aggregation.PLACES, by_place, strict=True):
            self.flexibility.write(self._city.clock.times[now], place, row)

    def _add_to_hour(self, count: Count) -> None:
        """Add charging and discharging of the controlled cars to the hour recorded last."""
        places = range(len(aggregation.PLACES))
        mwh_per_kw = self._city.mw_per_kw * self._city.spec.step_hours
        drawn, fed = (
            mwh_per_kw * np.array([kw[np.equal(aggregation.PLACE_OF_KIND, place)].sum() for place in places])
            for kw in (count.controlled_charge_kw, count.controlled_discharge_kw)
        )
        for place, name in enumerate(aggregation.PLACES):
            self.flexibility.add(name, float(drawn[place]), float(fed[place]))

    def close(self, now: int, count: Count, outcome: Outcome) -> None:
        """Settle, audit and record a step."""
        self.flows += count.flows
        self.energy_kwh += float(count.flows[fleet_flows.ENERGY_KWH])
        self._soc += float(count.flows[fleet_flows.SOC])
        self._settle(now, count, outcome)
        self._check(now, count, outcome)
        self._record(now, count, outcome)
        self._add_to_hour(count)
        if self.sessions is not None:
            self.sessions.note(now)
        if self.trips is not None:
            self.trips.note(now)
        if self._city.clock.day_ends(now):
            self._check_whole_fleet()
            self.owner_days.close(now)

    def finish(self) -> None:
        """Check the energy balance of every car; once, after the last step."""
        self.accrue(len(self._city.clock))
        self.timeline.finish(len(self._city.clock))
        audit, kept, city = self.audit, self._city.accounts, self._city
        energy = city.world.cars["energy_kwh"][slice(None) if city.has_all_accounts else city.account_rows]
        expected = kept["start_kwh"] + kept["battery_in_kwh"] - kept["battery_out_kwh"] - kept["driven_kwh"]
        turnover = kept["battery_in_kwh"] + kept["battery_out_kwh"] + kept["driven_kwh"]
        audit.energy(float(np.max(np.abs(energy - expected) / np.maximum(1.0, turnover))), 1.0)
        audit.limit("cars run dry on the road", float(self.flows[fleet_flows.STRANDED]))
        unexplained = kept["promise_shortfalls"] - sum(kept[cause] for cause in CAUSES)
        audit.limit("promises broken without a cause", float(np.sum(unexplained)))
        if city.has_all_accounts:
            self._hold_accounts_against_flows()
        explained = sum(self.flows[CHART.number(cause)] for cause in CAUSES)
        broken = float(self.flows[entries.PROMISE_SHORTFALLS] - explained)
        audit.limit("promises broken without a cause", broken)
        lost = float(self.flows[entries.DISCHARGED_AT_A_LOSS_KWH])
        audit.limit("discharge at a loss to its owner [kWh]", math.ceil(lost))

    def fleet(self) -> dict[str, float]:
        """Sums over all simulated cars while recording, with or without an account."""
        flows = self.flows
        return {
            "stored_change_kwh": self.energy_kwh - self.start_kwh,
            "end_soc": self._soc,
            "enrolled": float(self._enrolled),
            **{name: float(flows[CHART.number(name)]) for name in FLEET_SUMS},
        }

    # ------------------------------------------------------------------------- one step
    def _settle(self, now: int, count: Count, outcome: Outcome) -> None:
        """Settle all payments of a step; close the month after its last step."""
        hours, clock = self._city.spec.step_hours, self._city.clock
        step = Metered(
            charged_kwh=count.drawn_kw * hours,
            discharged_kwh=count.fed_kw * hours,
            posted=count.flows[: len(CHART)],
            generation_yuan=outcome.cost_yuan_per_h * hours,
        )
        self.settlement.settle(now, step, self.audit)
        if now + 1 == len(clock) or clock.months[now + 1] != clock.months[now]:
            first = max(clock.warmup_steps, int(np.searchsorted(clock.times, month_start(clock.times[now]))))
            days = (now + 1 - first) / clock.steps_per_day
            self.settlement.close_month(days, days_in_month(clock.times[now]), self.audit)

    def _check(self, now: int, count: Count, outcome: Outcome) -> None:
        """Balances and limits of a step."""
        flows, audit = count.flows, self.audit
        moved = flows[entries.BATTERY_IN_KWH] - flows[entries.BATTERY_OUT_KWH] - flows[entries.DRIVEN_KWH]
        audit.energy(float(flows[fleet_flows.ENERGY_KWH] - moved), self.energy_kwh)
        grid = self._city.grid
        load = float(grid.demand.actual_mw[now]) + grid.at_plants_mw(count.charge_mw - count.discharge_mw)
        weather = float(grid.renewables.wind_mw[now] + grid.renewables.solar_mw[now])
        plants = outcome.coal_mw + outcome.gas_mw + outcome.import_mw + outcome.other_mw
        audit.energy(plants + weather + outcome.unserved_mw - outcome.spilled_mw - load, load)
        audit.limit("state of charge", float(flows[fleet_flows.OUT_OF_BOUNDS]))
        audit.limit("energy in grid storage", float(grid.system.out_of_bounds))
        audit.limit("power", float(flows[fleet_flows.OUT_OF_LIMITS]))
        audit.limit("one car, one charger", float(flows[fleet_flows.MISPLUGGED]))

    def _check_whole_fleet(self) -> None:
        """Compare the incremental sums with a full recount, idle cars included; at midnight."""
        whole, audit = self._recount(), self.audit
        audit.energy(float(whole[fleet_flows.ALL_ENERGY_KWH]) - self.energy_kwh, self.energy_kwh)
        audit.limit("state of charge", float(whole[fleet_flows.ALL_OUT_OF_BOUNDS]))
        audit.limit("power", float(whole[fleet_flows.ALL_LIVE]))
        audit.limit(
            "one car, one charger",
            abs(float(whole[fleet_flows.ALL_OCCUPIED] - whole[fleet_flows.ALL_PLUGGED])),
        )
        audit.limit("cars at rest that are not", float(whole[fleet_flows.ALL_UNTRUE]))
        self._soc = float(whole[fleet_flows.ALL_SOC])

    def _hold_accounts_against_flows(self) -> None:
        """Compare the accounts with the fleet flows, where every car has an account."""
        kept = self._city.accounts
        for number in (entries.BATTERY_IN_KWH, entries.BATTERY_OUT_KWH, entries.DRIVEN_KWH):
            posted = float(kept[CHART[number].name].sum())
            self.audit.energy(posted - float(self.flows[number]), posted)
        for number in MONEY_IN_FLOWS:  # the increment at a home's meter may be negative
            paid = kept[CHART[number].name]
            self.audit.money(float(paid.sum() - self.flows[number]), float(np.abs(paid).sum()))

    def _record(self, now: int, count: Count, outcome: Outcome) -> None:
        city, grid = self._city, self._city.grid
        weight, hours = city.spec.weight, city.spec.step_hours
        flows, n = count.flows, city.cars.n
        stands = sum_over_blocks(fleet_flows.count_cars, n, fleet_flows.STANDS, city.world)
        if city.spec.participation.enrolment == "choice":
            self._enrolled = int(np.count_nonzero(city.world.drivers["enrolled"]))
        into_batteries_kwh = float(flows[entries.BATTERY_IN_KWH] - flows[entries.BATTERY_OUT_KWH])
        net_draw_mw = count.charge_mw - count.discharge_mw
        self.records.write(
            demand_mw=float(grid.demand.actual_mw[now]),
            wind_mw=float(grid.renewables.wind_mw[now]),
            solar_mw=float(grid.renewables.solar_mw[now]),
            ev_charge_mw=count.charge_mw,
            ev_discharge_mw=count.discharge_mw,
            net_load_mw=grid.net_load_mw(now) + grid.at_plants_mw(net_draw_mw),
            coal_mw=outcome.coal_mw,
            gas_mw=outcome.gas_mw,
            import_mw=outcome.import_mw,
            other_mw=outcome.other_mw,
            unserved_mw=outcome.unserved_mw,
            spilled_mw=outcome.spilled_mw,
            price_yuan_per_mwh=outcome.price_yuan_per_mwh,
            co2_t=outcome.co2_t_per_h * hours,
            coal_tce=outcome.coal_tce_per_h * hours,
            cars_driving=weight * stands[fleet_flows.N_DRIVING],
            cars_idle=weight * (n - stands[fleet_flows.N_DRIVING] - stands[fleet_flows.N_PLUGGED]),
            cars_plugged=weight * stands[fleet_flows.N_PLUGGED],
            cars_charging=weight * flows[fleet_flows.CHARGING],
            cars_discharging=weight * flows[fleet_flows.DISCHARGING],
            cars_queueing=weight * stands[fleet_flows.N_QUEUEING],
            cars_enrolled=weight * self._enrolled,
            ev_enrolled_charge_mw=weight * flows[fleet_flows.ENROLLED_CHARGE_KW] / 1000.0,
            mean_soc=self._soc / n,
            up_available_mw=weight * flows[fleet_flows.UP_KW] / 1000.0,
            down_available_mw=weight * flows[fleet_flows.DOWN_KW] / 1000.0,
            reserve_margin_mw=outcome.reserve_margin_mw,
            online_reserve_mw=outcome.online_reserve_mw,
            coal_on_mw=outcome.coal_on_mw,
            gas_on_mw=outcome.gas_on_mw,
            unit_starts=float(outcome.starts),
            contract_mw=outcome.contract_mw,
            import_limit_mw=outcome.import_limit_mw,
            neighbours_state=float(grid.neighbours.state[now]),
            on_single_lines_mw=float(grid.capacity.on_single_lines_mw[now]),
            missing_import_mw=float(grid.capacity.missing_import_mw[now]),
            serviced_mw=float(grid.capacity.serviced_mw[now]),
            ev_grid_losses_mw=grid.at_plants_mw(net_draw_mw) - net_draw_mw,
            storage_mw=outcome.storage_mw,
            storage_missing_mwh=outcome.storage_missing_mwh,
            marginal_co2_t_per_mwh=outcome.marginal_co2_t_per_mwh,
            marginal_coal_tce_per_mwh=outcome.marginal_coal_tce_per_mwh,
            marginal_coal_elsewhere_tce_per_mwh=outcome.marginal_coal_elsewhere_tce_per_mwh,
            coal_elsewhere_tce=outcome.coal_elsewhere_tce_per_h * hours,
            generation_cost_yuan=outcome.cost_yuan_per_h * hours,
            ev_losses_mwh=net_draw_mw * hours - into_batteries_kwh * city.mw_per_kw,
            ev_steered_mw=net_draw_mw - count.not_controlled_mw,
            **{
                name: city.mw_per_kw * power
                for columns, by_kind in ((CHARGE_COLUMNS, count.drawn_kw), (DISCHARGE_COLUMNS, count.fed_kw))
                for name, power in zip(columns, map(float, by_kind), strict=True)
            },
        )
