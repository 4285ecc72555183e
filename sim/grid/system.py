"""Operation of the supply side: commitment, unit output and storage, step by step."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.grid.clock import Clock
from sim.grid.commitment import FAR_AWAY, schedule
from sim.grid.contracts import Contracts
from sim.grid.neighbours import Lines, Neighbours
from sim.grid.plants import COAL, GAS, Plants
from sim.grid.storage import level_by_storage
from sim.grid.supply import (
    Dispatch,
    dispatch_units,
    import_room_mw,
    operating_stack,
    set_bounds,
    units_under_contract,
)
from sim.grid.usual_day import UsualDay
from sim.scenario.grid import GridSection

Array = NDArray[np.float64]

LOOK_AHEAD_H = 36  # horizon of the schedule: beyond the next morning, so that it does not end at night
REPLAN_H = 6  # between two schedules, each with the failures and repairs known by then
USUAL_OUTPUT = 0.75  # share of available capacity, before the first step


class Capacity(NamedTuple):
    """Units and lines that can run.

    Attributes
    ----------
    available : ndarray, shape (n_steps, n)
        Share of each unit.
    serviced_mw : ndarray, shape (n_steps,)
        Capacity on planned maintenance, at its mean availability.
    lines_mw : ndarray, shape (n_steps,)
        Capability of the lines.
    missing_import_mw : ndarray, shape (n_steps,)
        Contracted imports that do not arrive because the lines that bring them are out.
    on_single_lines_mw : ndarray, shape (n_steps,)
        Contracted imports that only lines of their own can bring.
    """

    available: Array
    serviced_mw: Array
    lines_mw: Array
    missing_import_mw: Array
    on_single_lines_mw: Array


class Outcome(NamedTuple):
    """How the load of one step was met. Power in MW, rates per MWh, the rest for one hour of the step."""

    coal_mw: float
    gas_mw: float
    import_mw: float
    other_mw: float
    unserved_mw: float
    spilled_mw: float
    price_yuan_per_mwh: float
    cost_yuan_per_h: float
    coal_tce_per_h: float
    co2_t_per_h: float
    coal_elsewhere_tce_per_h: float
    marginal_coal_tce_per_mwh: float
    marginal_co2_t_per_mwh: float
    marginal_coal_elsewhere_tce_per_mwh: float
    reserve_margin_mw: float
    online_reserve_mw: float
    coal_on_mw: float
    gas_on_mw: float
    starts: int
    contract_mw: float
    import_limit_mw: float
    storage_mw: float
    storage_missing_mwh: float


@dataclass(frozen=True)
class State:
    """Units and stores after a step; arrays of shape (n,), the last one of as many as there are stores.

    Attributes
    ----------
    output_mw : ndarray
    is_on : ndarray of bool
    unchanged_h : ndarray
        For how long each unit has been on or off.
    held_mwh : ndarray
        Energy in each store.
    """

    output_mw: Array
    is_on: NDArray[np.bool_]
    unchanged_h: Array
    held_mwh: Array


class PowerSystem:
    """Units, lines and storage of a place, scheduled every six hours and dispatched in every step.

    Parameters
    ----------
    grid : GridSection
    plants : Plants
    lines : Lines
    clock : Clock
        With its horizon, as all arrays by step: schedules extend beyond the end of the run.
    contracts : Contracts
    neighbours : Neighbours
    capacity : Capacity
    expected_net_load_mw : ndarray, shape (n_steps,)
        Demand less wind and solar as expected, without cars.

    Attributes
    ----------
    is_on : ndarray of bool, shape (n_steps, n)
        The schedule, as far as it has been made.
    called : ndarray of bool, shape (n_steps, n)
        Units called in addition because reserve was short.
    state : State
        After the latest step.
    ran : ndarray of bool, shape (n_steps, n)
        Units that were on.
    course_mw : ndarray of float32, shape (n_steps, n)
        Output of every unit in every step.
    latest : Outcome
        Of the latest step; there is none before the first.
    """

    def __init__(
        self,
        grid: GridSection,
        plants: Plants,
        lines: Lines,
        clock: Clock,
        contracts: Contracts,
        neighbours: Neighbours,
        capacity: Capacity,
        expected_net_load_mw: Array,
    ):
        self._grid, self.plants, self._clock, self._contracts = grid, plants, clock, contracts
        self._neighbours, self._capacity = neighbours, capacity
        self._available = available = capacity.available
        self._expected_mw = expected_net_load_mw
        self._stack = operating_stack(plants, lines)
        self._given = np.zeros(len(self._stack.unit))
        self._contract_mw = np.zeros(len(plants.mw))
        self._usual_cars = UsualDay(clock.steps_per_day)
        self._storage_mw = np.zeros((len(grid.storage), len(clock)))
        self._planned_at, self._planned_end = -1, 0
        self.is_on, self.ran = np.zeros(available.shape, dtype=bool), np.zeros(available.shape, dtype=bool)
        self.called = np.zeros(available.shape, dtype=bool)
        self.course_mw = np.zeros(available.shape, dtype=np.float32)
        self.latest: Outcome
        self.state = State(
            output_mw=USUAL_OUTPUT * plants.mw * available[0],
            is_on=available[0] > 0.0,
            unchanged_h=np.full(len(plants.mw), FAR_AWAY),
            held_mwh=np.array([0.5 * store.energy_mwh for store in grid.storage]),
        )

    def meet(self, step: int, demand_mw: float, weather_mw: float, cars_mw: float) -> Outcome:
        """Meet the load of the next step.

        Parameters
        ----------
        step : int
        demand_mw, weather_mw, cars_mw : float
            Demand without cars, available wind and solar, and the net draw of the cars.
        """
        self._plan_if_due(step)
        self._usual_cars.note(step, cars_mw)
        hours, load = self._clock.step_hours, demand_mw + cars_mw
        on = self._running(step, step)
        self._bound(step, on, FAR_AWAY if step == 0 else hours)
        storage = self._storage_as_held(self._storage_mw[:, step])
        state = int(self._neighbours.state[step])
        met = self._dispatch(step, step, state, load, weather_mw, storage)
        if met.unserved_mw > 0.0 and len(storage):
            storage = self._storage_helps(storage, met.unserved_mw)
            met = self._dispatch(step, step, state, load, weather_mw, storage)
        self.latest = self._close(step, met, on, load, weather_mw, storage)
        return self.latest

    @property
    def out_of_bounds(self) -> int:
        """Number of stores with energy below zero or above capacity."""
        full = np.array([store.energy_mwh for store in self._grid.storage])
        slack = 1e-9 * np.maximum(1.0, full)
        held = self.state.held_mwh
        return int(np.count_nonzero((held < -slack) | (held > full + slack)))

    def prices_yuan_per_mwh(self, step: int, net_load_mw: Array) -> Array:
        """Expected marginal cost of energy in the steps ahead, from the schedule of the units.

        Parameters
        ----------
        step : int
            Which has not been met yet.
        net_load_mw : ndarray, shape (n,)
            Expected net load from this step on. Units and lines are assumed to remain as available as now;
            hours beyond the schedule repeat its last day.
        """
        self._plan_if_due(step)
        ahead, per_day = np.arange(step, step + len(net_load_mw)), self._clock.steps_per_day
        scheduled = np.where(ahead < self._planned_end, ahead, ahead - per_day)
        prices = np.empty(len(ahead))
        for k, (when, like) in enumerate(zip(ahead, scheduled, strict=True)):
            self._bound(step, self._running(step, int(like)), FAR_AWAY)
            storage, state = self._storage_mw[:, like], int(self._neighbours.expected[when])
            met = self._dispatch(int(when), step, state, float(net_load_mw[k]), 0.0, storage)
            prices[k] = met.price_yuan_per_mwh
        return prices

    # ------------------------------------------------------------------------ hours ahead
    def _plan_if_due(self, step: int) -> None:
        """Make a new schedule every six hours, on the first call when due."""
        if step % round(REPLAN_H / self._clock.step_hours) == 0 and step != self._planned_at:
            self._plan(step)
            self._planned_at = step

    def _plan(self, step: int) -> None:
        """Schedule storage and units on expected net load, including the usual load of the cars."""
        per_hour = round(1.0 / self._clock.step_hours)
        coming = slice(step, step + LOOK_AHEAD_H * per_hour)
        imports = self._contracts.import_mw[coming] * self.arriving(step)
        usual = self._usual_cars.at(np.arange(coming.start, coming.stop))
        net = self._expected_mw[coming] + usual - self._contracts.other_mw[coming]
        stores, hours = self._grid.storage, self._clock.step_hours
        gas = self._contracts.gas_mw[coming]
        plan = level_by_storage(net - imports, stores, self.state.held_mwh, hours)
        self._planned_end = coming.stop
        self._storage_mw[:, coming] = plan
        hourly = (net - plan.sum(axis=0)).reshape(LOOK_AHEAD_H, per_hour).mean(axis=1)
        contract = imports.reshape(LOOK_AHEAD_H, per_hour).mean(axis=1)
        gas = gas.reshape(LOOK_AHEAD_H, per_hour).max(axis=1)
        of_units = np.zeros((LOOK_AHEAD_H, len(self.plants.mw)))
        for hour in range(LOOK_AHEAD_H):
            units_under_contract(self.plants, self._available[step], float(gas[hour]), of_units[hour])
        around = self._neighbours.expected[coming].reshape(LOOK_AHEAD_H, per_hour).max(axis=1)
        lines = self._stack._replace(import_capability_mw=float(self._capacity.lines_mw[step]))
        state = self.state
        on = schedule(
            self.plants, lines, self._available[step], state.output_mw, state.is_on, state.unchanged_h,
            self._off_until(step), hourly, contract, of_units, around, self._grid.reserve_share,
        )  # fmt: skip
        self.is_on[coming] = np.repeat(on, per_hour, axis=0)
        if step == 0:
            self.state = replace(self.state, is_on=self.is_on[0].copy())

    def _off_until(self, step: int) -> NDArray[np.int64]:
        """First hour ahead in which each unit that is off can be on.

        A unit must have been off for its start time. If it was neither ordered by the last schedule nor
        called, it needs that time from now. Before the first schedule all units count as ordered.
        """
        start_h, state = self.plants.start_h, self.state
        hour, per_hour = np.ceil(np.maximum(0.0, start_h - state.unchanged_h)), 1.0 / self._clock.step_hours
        if step > 0:
            ahead = slice(step, step + round(LOOK_AHEAD_H * per_hour))
            ordered = self.is_on[ahead] | self.called[ahead]
            first = np.where(ordered.any(axis=0), np.ceil(ordered.argmax(axis=0) / per_hour), LOOK_AHEAD_H)
            hour = np.maximum(hour, np.minimum(first, np.ceil(start_h)))
        free = state.is_on | self.plants.must_run
        off_until: NDArray[np.int64] = np.where(free, 0, hour).astype(np.int64)
        return off_until

    # -------------------------------------------------------------------------- one step
    def _running(self, step: int, like: int) -> NDArray[np.bool_]:
        """Units on in a step that is scheduled like another one; sets what they deliver under contract."""
        able = self._available[step]
        units_under_contract(self.plants, able, float(self._contracts.gas_mw[like]), self._contract_mw)
        ordered = self.is_on[like] | self.called[like] | self.plants.must_run | (self._contract_mw > 0.0)
        on: NDArray[np.bool_] = ordered & (able > 0.0)
        return on

    def _bound(self, step: int, on: NDArray[np.bool_], hours: float) -> None:
        state = self.state
        set_bounds(
            self._stack, self.plants, on, self._available[step], self._contract_mw, state.output_mw,
            state.is_on, hours,
        )  # fmt: skip

    def arriving(self, step: int) -> float:
        """Share of the contracted imports that the lines bring, as they are in a step."""
        contracted = float(self._contracts.import_mw[step])
        return 1.0 - float(self._capacity.missing_import_mw[step]) / max(contracted, 1e-9)

    def _dispatch(
        self, step: int, lines_at: int, state: int, load_mw: float, weather_mw: float, storage_mw: Array
    ) -> Dispatch:
        stack = self._stack._replace(import_capability_mw=float(self._capacity.lines_mw[lines_at]))
        must_take = weather_mw + float(self._contracts.other_mw[step]) + float(storage_mw.sum())
        contract = float(self._contracts.import_mw[step]) * self.arriving(lines_at)
        met: Dispatch = dispatch_units(stack, load_mw, must_take, contract, state, self._given)
        return met

    def _storage_as_held(self, planned_mw: Array) -> Array:
        """Storage power limited to what the stored energy and the free capacity allow."""
        hours, given = self._clock.step_hours, planned_mw.copy()
        for k, store in enumerate(self._grid.storage):
            held = float(self.state.held_mwh[k])
            room = max(0.0, store.energy_mwh - held) / store.efficiency
            given[k] = min(max(given[k], -room / hours), max(0.0, held) / hours)
        return given

    def _storage_helps(self, storage_mw: Array, unserved_mw: float) -> Array:
        """Storage power when load would be unserved: additional discharge until it is met."""
        given = storage_mw.copy()
        for k, store in enumerate(self._grid.storage):
            most = min(store.power_mw, float(self.state.held_mwh[k]) / self._clock.step_hours)
            more = min(unserved_mw, max(0.0, most - float(given[k])))
            given[k] += more
            unserved_mw -= more
        return given

    def _close(
        self,
        step: int,
        met: Dispatch,
        on: NDArray[np.bool_],
        load_mw: float,
        weather_mw: float,
        storage_mw: Array,
    ) -> Outcome:
        """Update units and stores, count starts, and call more units if reserve is short."""
        hours, plants, contracts = self._clock.step_hours, self.plants, self._contracts
        able = plants.mw * self._available[step]
        before, units = self.state, self._stack.unit >= 0
        started = on & ~before.is_on
        output_mw = np.zeros(len(plants.mw))
        output_mw[self._stack.unit[units]] = self._given[units]
        self.ran[step], self.course_mw[step] = on, output_mw
        stores = self._grid.storage
        efficiency = np.array([store.efficiency for store in stores])
        gained_mwh = (efficiency * np.maximum(0.0, -storage_mw) - np.maximum(0.0, storage_mw)) * hours
        self.state = State(
            output_mw=output_mw,
            is_on=on,
            unchanged_h=np.where(on != before.is_on, hours, before.unchanged_h + hours),
            held_mwh=before.held_mwh + gained_mwh,
        )
        other_mw = float(contracts.other_mw[step]) + float(storage_mw.sum())
        lines_mw, contracted_mw = float(self._capacity.lines_mw[step]), float(contracts.import_mw[step])
        contract_mw = min(contracted_mw * self.arriving(step), lines_mw)
        arrives = contract_mw / max(contracted_mw, 1e-9)
        stack = self._stack._replace(import_capability_mw=lines_mw)
        import_limit_mw = contract_mw + import_room_mw(stack, contract_mw, int(self._neighbours.state[step]))
        supply_mw = import_limit_mw + weather_mw + other_mw
        reserve_mw = supply_mw + float(able[on].sum()) - load_mw
        wanted = self._grid.reserve_share * (load_mw - weather_mw - other_mw)
        if reserve_mw < wanted:
            self._call_units(step, wanted - reserve_mw)
        sizes = (started * able) / hours
        return Outcome(
            coal_mw=met.coal_mw,
            gas_mw=met.gas_mw,
            import_mw=met.import_mw,
            other_mw=other_mw,
            unserved_mw=met.unserved_mw,
            spilled_mw=met.spilled_mw,
            price_yuan_per_mwh=met.price_yuan_per_mwh,
            cost_yuan_per_h=met.cost_yuan_per_h
            + contracts.total("cost", step, arrives)
            + float(sizes @ plants.start_yuan_per_mw),
            coal_tce_per_h=met.coal_tce_per_h + float(sizes @ plants.start_tce_per_mw),
            co2_t_per_h=met.co2_t_per_h
            + contracts.total("co2", step, arrives)
            + float(sizes @ plants.start_co2_t_per_mw),
            coal_elsewhere_tce_per_h=met.coal_elsewhere_tce_per_h + contracts.total("tce", step, arrives),
            marginal_coal_tce_per_mwh=met.marginal_coal_tce_per_mwh,
            marginal_co2_t_per_mwh=met.marginal_co2_t_per_mwh,
            marginal_coal_elsewhere_tce_per_mwh=met.marginal_coal_elsewhere_tce_per_mwh,
            reserve_margin_mw=supply_mw + float(able.sum()) - load_mw,
            online_reserve_mw=reserve_mw,
            coal_on_mw=float(able[on & (plants.fuel == COAL)].sum()),
            gas_on_mw=float(able[on & (plants.fuel == GAS)].sum()),
            starts=int(np.count_nonzero(started)),
            contract_mw=contract_mw,
            import_limit_mw=import_limit_mw,
            storage_mw=float(storage_mw.sum()),
            storage_missing_mwh=-float((gained_mwh / efficiency).sum()),
        )

    def _call_units(self, step: int, missing_mw: float) -> None:
        """Start units that are off, cheapest first, until the reserve will be restored.

        A unit is on after its start time and for its minimum up time; units called earlier count towards the
        reserve.
        """
        hours, plants = self._clock.step_hours, self.plants
        able = plants.mw * self._available[step]
        coming = self.called[step + 1 :].any(axis=0) & ~self.state.is_on
        missing_mw -= float(able[coming].sum())
        for row in np.flatnonzero(~self.state.is_on & ~coming & (able > 0.0)):
            if missing_mw <= 0.0:
                return
            if self.state.unchanged_h[row] < plants.start_h[row]:
                continue
            begin = step + max(1, math.ceil(plants.start_h[row] / hours))
            self.called[begin : begin + max(1, math.ceil(plants.minimum_up_h[row] / hours)), row] = True
            missing_mw -= float(able[row])
