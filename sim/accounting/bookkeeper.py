"""After every step: count the fleet, meet its load, settle what is owed, check, write down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.accounting.audit import Audit
from sim.accounting.ledger import Ledger
from sim.accounting.owner_days import OwnerDays
from sim.accounting.owner_timeline import Stories
from sim.accounting.settlement import Metered, Settlement
from sim.accounting.tables import FlexibilityRecords, Records
from sim.agents import accounts, aggregation, fleet_flows
from sim.city.codes import KINDS
from sim.grid.clock import days_in_month, month_start
from sim.grid.system import Outcome
from sim.state.blocks import over_blocks, sum_over_blocks

if TYPE_CHECKING:
    from sim.model import CityModel

Array = NDArray[np.float64]

#: Why a promise may break.
CAUSES = ("left_early", "shock", "limit")

#: Columns of books, and the flows of all cars that they are parts of.
ENERGY_IN_BOOKS = {
    "stored_kwh": fleet_flows.STORED_KWH,
    "drawn_kwh": fleet_flows.DRAWN_KWH,
    "driven_kwh": fleet_flows.DRIVEN_KWH,
}
MONEY_IN_BOOKS = {
    "charging_cost_yuan": fleet_flows.COST_YUAN,
    "feed_in_revenue_yuan": fleet_flows.REVENUE_YUAN,
    "event_revenue_yuan": fleet_flows.EVENT_YUAN,
}


@dataclass(frozen=True)
class Count:
    """The fleet after a step. Power in MW at the scale of the city, sums in units of simulated cars.

    Attributes
    ----------
    flows : ndarray
        What moved in the step, by the entries of :mod:`sim.agents.fleet_flows`.
    drawn_kw, fed_kw, steered_drawn_kw, steered_fed_kw : ndarray, shape (n_kinds,)
        Power of the simulated cars by kind of charger, and of those that the operator steers, [kW].
    charge_mw, discharge_mw, unsteered_mw : float
        All cars of the city; `unsteered_mw` is what those draw whom nobody steers.
    """

    flows: Array
    drawn_kw: Array
    fed_kw: Array
    steered_drawn_kw: Array
    steered_fed_kw: Array
    charge_mw: float
    discharge_mw: float
    unsteered_mw: float


class Bookkeeper:
    """Keeps the books, the audit and the records of one run.

    Attributes
    ----------
    settlement : Settlement
        Who paid whom since recording began.
    audit : Audit
    records : Records
    flexibility : FlexibilityRecords
    owner_days : OwnerDays
    stories : Stories
    """

    def __init__(self, model: CityModel, watched: Sequence[int] | None = None):
        self._model = model
        self.settlement = Settlement(model)
        self.audit = Audit()
        self.records = Records(model.recorded_steps)
        self.flexibility = FlexibilityRecords()
        self.owner_days = OwnerDays(model)
        self.stories = Stories.of(model, watched)
        self.flows = np.zeros(fleet_flows.FLOWS)
        self.start_kwh = self.energy_kwh = self._soc = 0.0
        self._enrolled = 0

    def count(self) -> Count:
        """Add up what the blocks of cars have moved in this step."""
        model = self._model
        flows = model.world.flows.sum(axis=0)
        drawn_kw, fed_kw, steered_drawn_kw, steered_fed_kw = flows[: 4 * len(KINDS)].reshape(4, len(KINDS))
        mw = model.spec.weight / 1000.0
        charge_mw, discharge_mw = mw * float(drawn_kw.sum()), mw * float(fed_kw.sum())
        steered_mw = mw * float(steered_drawn_kw.sum() - steered_fed_kw.sum())
        return Count(
            flows=flows,
            drawn_kw=drawn_kw,
            fed_kw=fed_kw,
            steered_drawn_kw=steered_drawn_kw,
            steered_fed_kw=steered_fed_kw,
            charge_mw=charge_mw,
            discharge_mw=discharge_mw,
            unsteered_mw=charge_mw - discharge_mw - steered_mw,
        )

    def begin_recording(self) -> None:
        """Start all sums from zero: nobody sees the artificial first days."""
        model = self._model
        over_blocks(accounts.open_all, len(model.cars), model.step_index, model.world)
        self.settlement.begin()
        self.owner_days.begin()
        whole = self._recount()
        self.start_kwh = self.energy_kwh = float(whole[fleet_flows.ALL_ENERGY_KWH])
        self._soc, self._enrolled = float(whole[fleet_flows.ALL_SOC]), int(whole[fleet_flows.ALL_ENROLLED])

    def _recount(self) -> Array:
        """Count all cars and posts afresh."""
        model = self._model
        whole = sum_over_blocks(fleet_flows.recount_cars, len(model.cars), fleet_flows.RECOUNTED, model.world)
        return whole + sum_over_blocks(
            fleet_flows.recount_posts, len(model.chargers), fleet_flows.RECOUNTED, model.world
        )

    def bring_books_up(self, step: int) -> None:
        """Write into the books what has stood still before a step since something last moved."""
        over_blocks(accounts.keep_up_all, len(self._model.cars), step, self._model.world)

    def note_flexibility(self, now: int) -> None:
        """Every full hour, note what the steered cars could do from then on."""
        model = self._model
        if now % max(1, round(1.0 / model.spec.step_hours)) or model.spec.participation.contract == "none":
            return
        width = len(aggregation.PLACES) * aggregation.FLEXIBILITY_FIELDS
        sums = sum_over_blocks(aggregation.flexibility, len(model.cars), width, now, 1.0, model.world)
        city = model.spec.weight * sums.reshape(len(aggregation.PLACES), -1)
        city[:, 1:] /= 1000.0
        for place, row in zip(aggregation.PLACES, city, strict=True):
            self.flexibility.write(model.clock.times[now], place, row)

    def _add_to_hour(self, count: Count) -> None:
        """Add what the steered cars drew and fed in to the hour that was noted last."""
        places = range(len(aggregation.PLACES))
        mwh_per_kw = self._model.spec.weight * self._model.spec.step_hours / 1000.0
        drawn, fed = (
            mwh_per_kw * np.array([kw[np.equal(aggregation.PLACE_OF_KIND, place)].sum() for place in places])
            for kw in (count.steered_drawn_kw, count.steered_fed_kw)
        )
        for place, name in enumerate(aggregation.PLACES):
            self.flexibility.add(name, float(drawn[place]), float(fed[place]))

    @property
    def books(self) -> Ledger:
        """Who paid whom since recording began."""
        return self.settlement.books

    def close(self, now: int, count: Count, outcome: Outcome) -> None:
        """Close the books of a recorded step."""
        self.flows += count.flows
        self.energy_kwh += float(count.flows[fleet_flows.ENERGY_KWH])
        self._soc += float(count.flows[fleet_flows.SOC])
        self._settle(now, count, outcome)
        self._check(now, count, outcome)
        self._record(now, count, outcome)
        self._add_to_hour(count)
        if self._model.clock.day_ends(now):
            self._check_whole_fleet()
            self.owner_days.close(now)

    def finish(self) -> None:
        """Check every car's own balance; once, after the last step."""
        self.bring_books_up(self._model.step_index)
        self.stories.finish(len(self._model.clock))
        audit, kept = self.audit, self._model.world.books
        keepers = self._model.cars.table.keepers
        energy = self._model.world.cars["energy_kwh"][slice(None) if keepers is None else keepers]
        expected = kept["start_kwh"] + kept["stored_kwh"] - kept["drawn_kwh"] - kept["driven_kwh"]
        turnover = kept["stored_kwh"] + kept["drawn_kwh"] + kept["driven_kwh"]
        audit.energy(float(np.max(np.abs(energy - expected) / np.maximum(1.0, turnover))), 1.0)
        audit.limit("cars run dry on the road", float(self.flows[fleet_flows.STRANDED]))
        explained = sum(kept[f"shortfalls_{cause}"].astype(np.int64) for cause in CAUSES)
        unexplained = kept["promise_shortfalls"].astype(np.int64) - explained
        audit.limit("promises broken without a cause", float(np.sum(unexplained)))
        if keepers is None:
            self._hold_books_against_flows()
        causes = self.flows[[fleet_flows.LEFT_EARLY, fleet_flows.SHOCK, fleet_flows.LIMIT]].sum()
        audit.limit("promises broken without a cause", float(self.flows[fleet_flows.SHORTFALLS] - causes))

    def fleet(self) -> dict[str, float]:
        """What all simulated cars did together while recording, whether they keep a book or not."""
        flows = self.flows
        return {
            "stored_change_kwh": self.energy_kwh - self.start_kwh,
            "end_soc": self._soc,
            "enrolled": float(self._enrolled),
            "promise_shortfalls": float(flows[fleet_flows.SHORTFALLS]),
            "shortfalls_left_early": float(flows[fleet_flows.LEFT_EARLY]),
            "shortfalls_shock": float(flows[fleet_flows.SHOCK]),
            "shortfalls_limit": float(flows[fleet_flows.LIMIT]),
            "en_route_charges": float(flows[fleet_flows.EN_ROUTE_CHARGES]),
        }

    # ------------------------------------------------------------------------- one step
    def _settle(self, now: int, count: Count, outcome: Outcome) -> None:
        """Book what everybody pays for a step; close the month when it is over."""
        hours = self._model.spec.step_hours
        step = Metered(
            drawn_kwh=count.drawn_kw * hours,
            fed_kwh=count.fed_kw * hours,
            purses=count.flows,
            generation_yuan=outcome.cost_yuan_per_h * hours,
        )
        self.settlement.settle(now, step, self.audit)
        clock = self._model.clock
        if now + 1 == len(clock) or clock.months[now + 1] != clock.months[now]:
            first = max(clock.warmup_steps, int(np.searchsorted(clock.times, month_start(clock.times[now]))))
            days = (now + 1 - first) / clock.steps_per_day
            self.settlement.close_month(days, days_in_month(clock.times[now]), self.audit)

    def _check(self, now: int, count: Count, outcome: Outcome) -> None:
        """Balances and limits of a step."""
        flows, audit = count.flows, self.audit
        moved = flows[fleet_flows.STORED_KWH] - flows[fleet_flows.DRAWN_KWH] - flows[fleet_flows.DRIVEN_KWH]
        audit.energy(float(flows[fleet_flows.ENERGY_KWH] - moved), self.energy_kwh)
        grid = self._model.grid
        load = float(grid.demand.actual_mw[now]) + count.charge_mw - count.discharge_mw
        weather = float(grid.renewables.wind_mw[now] + grid.renewables.solar_mw[now])
        plants = outcome.coal_mw + outcome.gas_mw + outcome.import_mw + outcome.other_mw
        audit.energy(plants + weather + outcome.unserved_mw - outcome.spilled_mw - load, load)
        audit.limit("state of charge", float(flows[fleet_flows.OUT_OF_BOUNDS]))
        audit.limit("energy in grid storage", float(grid.system.out_of_bounds))
        audit.limit("power", float(flows[fleet_flows.OUT_OF_LIMITS]))
        audit.limit("one car, one charger", float(flows[fleet_flows.MISPLUGGED]))

    def _check_whole_fleet(self) -> None:
        """Hold the sums of what moved against a full count, cars at rest included; at midnight."""
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

    def _hold_books_against_flows(self) -> None:
        """Hold what the cars have in their books against what has moved, where every car keeps one."""
        kept = self._model.world.books
        for name, flow in ENERGY_IN_BOOKS.items():
            self.audit.energy(float(kept[name].sum() - self.flows[flow]), float(kept[name].sum()))
        for name, flow in MONEY_IN_BOOKS.items():  # what a home's meter adds may be less than nothing
            self.audit.money(float(kept[name].sum() - self.flows[flow]), float(np.abs(kept[name]).sum()))

    def _record(self, now: int, count: Count, outcome: Outcome) -> None:
        model, grid = self._model, self._model.grid
        weight, hours = model.spec.weight, model.spec.step_hours
        flows, n = count.flows, len(model.cars)
        stands = sum_over_blocks(fleet_flows.count_cars, n, fleet_flows.STANDS, model.world)
        if model.joining.is_open:
            self._enrolled = int(np.count_nonzero(model.world.drivers["enrolled"]))
        into_batteries = float(flows[fleet_flows.STORED_KWH] - flows[fleet_flows.DRAWN_KWH]) * weight / 1000.0
        net_draw_mw = count.charge_mw - count.discharge_mw
        self.records.write(
            demand_mw=float(grid.demand.actual_mw[now]),
            wind_mw=float(grid.renewables.wind_mw[now]),
            solar_mw=float(grid.renewables.solar_mw[now]),
            ev_charge_mw=count.charge_mw,
            ev_discharge_mw=count.discharge_mw,
            net_load_mw=grid.net_load_mw(now) + net_draw_mw,
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
            storage_mw=outcome.storage_mw,
            storage_missing_mwh=outcome.storage_missing_mwh,
            marginal_co2_t_per_mwh=outcome.marginal_co2_t_per_mwh,
            marginal_coal_tce_per_mwh=outcome.marginal_coal_tce_per_mwh,
            marginal_coal_elsewhere_tce_per_mwh=outcome.marginal_coal_elsewhere_tce_per_mwh,
            coal_elsewhere_tce=outcome.coal_elsewhere_tce_per_h * hours,
            generation_cost_yuan=outcome.cost_yuan_per_h * hours,
            ev_losses_mwh=net_draw_mw * hours - into_batteries,
            ev_steered_mw=net_draw_mw - count.unsteered_mw,
        )
