"""After every step: count the fleet, meet its load, settle what is owed, check, write down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.agents import survey, tally
from sim.audit import Audit
from sim.city.codes import EN_ROUTE, KINDS
from sim.grid.clock import days_in_month, month_start
from sim.grid.system import Outcome
from sim.market.ledger import Ledger
from sim.owner_days import OwnerDays
from sim.records import FlexibilityRecords, Records
from sim.rows.blocks import sum_over_blocks
from sim.rules.wear import FULL_TURN
from sim.settlement import Metered, Settlement
from sim.stories import Stories

if TYPE_CHECKING:
    from sim.model import CityModel

Array = NDArray[np.float64]

#: Why a promise may break.
CAUSES = ("left_early", "shock", "limit")

#: Sums of a car's life so far that start from zero when recording begins.
RECORDED_FROM_ZERO = (
    "km", "trips", "driven_kwh", "charged_kwh", "discharged_kwh", "stored_kwh", "drawn_kwh",
    "charging_cost_yuan", "feed_in_revenue_yuan", "event_revenue_yuan", "sessions",
    "discharge_sessions", "plugged_steps",
    "en_route_charges", "en_route_h", "promise_shortfalls", "promise_shortfall_kwh",
    "shortfalls_left_early", "shortfalls_shock", "shortfalls_limit",
    "dwell_shortfall_kwh", "fuel_km", "stranded_kwh", "fees_yuan", "ready_h", "ready_kwh",
    "availability_revenue_yuan", "penalty_yuan", "overrides", "stress_years", "cycles",
)  # fmt: skip


@dataclass(frozen=True)
class Count:
    """The fleet after a step. Power in MW at the scale of the city, sums in units of simulated cars.

    Attributes
    ----------
    cars, posts : ndarray
        Sums by the entries of :mod:`sim.agents.tally`.
    drawn_kw, fed_kw : ndarray, shape (n_kinds,)
        Power of the simulated cars by kind of charger, [kW].
    charge_mw, discharge_mw, unsteered_mw : float
        All cars of the city; `unsteered_mw` is what those draw whom nobody steers.
    """

    cars: Array
    posts: Array
    drawn_kw: Array
    fed_kw: Array
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
        self._before = np.zeros(tally.CAR_SUMS)
        self._start_kwh = 0.0

    def count(self) -> Count:
        """Count the fleet."""
        model = self._model
        cars = sum_over_blocks(tally.tally_cars, len(model.cars), tally.CAR_SUMS, model.world)
        posts = sum_over_blocks(tally.tally_chargers, len(model.chargers), tally.CHARGER_SUMS, model.world)
        drawn_kw = posts[tally.CHARGE_KW : tally.CHARGE_KW + len(KINDS)].copy()
        drawn_kw[EN_ROUTE] = cars[tally.EN_ROUTE_KW]
        fed_kw = posts[tally.DISCHARGE_KW : tally.DISCHARGE_KW + len(KINDS)]
        mw = model.spec.weight / 1000.0
        charge_mw, discharge_mw = mw * float(drawn_kw.sum()), mw * float(fed_kw.sum())
        steered_mw = mw * float(posts[tally.STEERED_KW])
        return Count(
            cars, posts, drawn_kw, fed_kw, charge_mw, discharge_mw, charge_mw - discharge_mw - steered_mw
        )

    def begin_recording(self) -> None:
        """Start all sums from zero: nobody sees the artificial first days."""
        cars = self._model.world.cars
        for name in RECORDED_FROM_ZERO:
            cars[name] = 0
        cars["turns"][:, 0] = np.round(cars["energy_kwh"] / cars["capacity_kwh"] * FULL_TURN)
        cars["turn_count"] = 1
        self.settlement.begin()
        self.owner_days.begin()
        cars["start_kwh"] = cars["energy_kwh"]
        cars["min_soc"] = cars["energy_kwh"] / cars["capacity_kwh"]
        self._before = self.count().cars
        self._start_kwh = float(self._before[tally.ENERGY_KWH])

    def note_flexibility(self, now: int) -> None:
        """Every full hour, note what the steered cars could do from then on."""
        model = self._model
        if now % max(1, round(1.0 / model.spec.step_hours)) or model.spec.participation.contract == "none":
            return
        width = len(survey.PLACES) * survey.FLEXIBILITY_FIELDS
        sums = sum_over_blocks(survey.flexibility, len(model.chargers), width, now, 1.0, model.world)
        city = model.spec.weight * sums.reshape(len(survey.PLACES), -1)
        city[:, 1:] /= 1000.0
        for place, row in zip(survey.PLACES, city, strict=True):
            self.flexibility.write(model.clock.times[now], place, row)

    @property
    def books(self) -> Ledger:
        """Who paid whom since recording began."""
        return self.settlement.books

    def close(self, now: int, count: Count, outcome: Outcome) -> None:
        """Close the books of a recorded step."""
        self._settle(now, count, outcome)
        self._check(now, count, outcome)
        self._record(now, count, outcome)
        self._before = count.cars
        if (now + 1) % self._model.clock.steps_per_day == 0:
            self.owner_days.close(self._model.clock.times[now])

    def finish(self) -> None:
        """Check every car's own balance; once, after the last step."""
        self.stories.finish(len(self._model.clock))
        cars = self._model.world.cars
        expected = cars["start_kwh"] + cars["stored_kwh"] - cars["drawn_kwh"] - cars["driven_kwh"]
        turnover = cars["stored_kwh"] + cars["drawn_kwh"] + cars["driven_kwh"]
        worst = np.max(np.abs(cars["energy_kwh"] - expected) / np.maximum(1.0, turnover))
        self.audit.energy(float(worst), 1.0)
        self.audit.limit("cars run dry on the road", float(np.count_nonzero(cars["stranded_kwh"])))
        explained = sum(cars[f"shortfalls_{cause}"].astype(np.int64) for cause in CAUSES)
        unexplained = cars["promise_shortfalls"].astype(np.int64) - explained
        self.audit.limit("promises broken without a cause", float(np.sum(unexplained)))

    # ------------------------------------------------------------------------- one step
    def _settle(self, now: int, count: Count, outcome: Outcome) -> None:
        """Book what everybody pays for a step; close the month when it is over."""
        hours = self._model.spec.step_hours
        step = Metered(
            drawn_kwh=count.drawn_kw * hours,
            fed_kwh=count.fed_kw * hours,
            purses=count.cars - self._before,
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
        cars, posts, audit = count.cars, count.posts, self.audit
        change = float(cars[tally.ENERGY_KWH]) - self._start_kwh
        moved = cars[tally.STORED_KWH] - cars[tally.DRAWN_KWH] - cars[tally.DRIVEN_KWH]
        audit.energy(change - float(moved), float(cars[tally.ENERGY_KWH]))
        grid = self._model.grid
        load = float(grid.demand.actual_mw[now]) + count.charge_mw - count.discharge_mw
        weather = float(grid.renewables.wind_mw[now] + grid.renewables.solar_mw[now])
        plants = outcome.coal_mw + outcome.gas_mw + outcome.import_mw + outcome.other_mw
        audit.energy(plants + weather + outcome.unserved_mw - outcome.spilled_mw - load, load)
        audit.limit("state of charge", float(cars[tally.OUT_OF_BOUNDS]))
        audit.limit("energy in grid storage", float(grid.system.out_of_bounds))
        audit.limit("power", float(posts[tally.OUT_OF_LIMITS]))
        audit.limit("one car, one charger", float(posts[tally.MISPLUGGED]))
        audit.limit("one car, one charger", abs(float(posts[tally.OCCUPIED] - cars[tally.PLUGGED])))

    def _record(self, now: int, count: Count, outcome: Outcome) -> None:
        model, grid = self._model, self._model.grid
        weight, hours = model.spec.weight, model.spec.step_hours
        cars, posts, n = count.cars, count.posts, len(model.cars)
        change = cars - self._before
        into_batteries = float(change[tally.STORED_KWH] - change[tally.DRAWN_KWH]) * weight / 1000.0
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
            cars_driving=weight * cars[tally.DRIVING],
            cars_idle=weight * (n - cars[tally.DRIVING] - cars[tally.PLUGGED]),
            cars_plugged=weight * cars[tally.PLUGGED],
            cars_charging=weight * posts[tally.CHARGING],
            cars_discharging=weight * posts[tally.DISCHARGING],
            cars_queueing=weight * cars[tally.QUEUEING],
            cars_enrolled=weight * cars[tally.ENROLLED],
            mean_soc=cars[tally.SOC] / n,
            up_available_mw=weight * posts[tally.UP_KW] / 1000.0,
            down_available_mw=weight * posts[tally.DOWN_KW] / 1000.0,
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
        )
