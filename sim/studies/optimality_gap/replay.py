"""The same cars and days for every policy: sessions recorded once, replayed under each.

A car leaves a controlled session with what it was promised, whatever the policy did in between. So the
next session begins with the same energy, and sessions can be recorded once and replayed one by one.
A replay is a small Mesa model of those sessions alone: the operator, the chargers and the cars are
those of the city, the drivers do what the record says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents import starting
from sim.agents.car import Car
from sim.agents.charger import Charger
from sim.agents.city_state import CityState
from sim.agents.driver import Driver
from sim.agents.fleet_flows import FLOWS
from sim.agents.kernels import list_active
from sim.agents.limits import Limits
from sim.agents.meter import Homes
from sim.agents.operator import GridOperator
from sim.agents.scheduling import note_all
from sim.agents.world import World, contract_traits
from sim.dispatch.oracle import Sessions
from sim.grid.clock import Clock
from sim.grid.supply_side import SupplySide
from sim.model import CityModel
from sim.rules.battery import battery_side_kw, grid_side_kw
from sim.rules.gate import FULL_ENOUGH_KWH
from sim.scenario.schema import Scenario
from sim.state.agent_sets import RowAgentSet
from sim.state.blocks import blocks, over_blocks
from sim.state.row_model import RowModel
from sim.state.row_tables import RowTable

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Record:
    """Controlled sessions of a run, and everything around them.

    Attributes
    ----------
    spec : Scenario
        As the arm sees it.
    grid : SupplySide
    clock, horizon : Clock
    home : Homes
    drivers, cars, chargers : records, shape (n_sessions,)
        Rows as they stood when each session began.
    series, pools, town, day_kind, figures
        Of the world, see :class:`sim.agents.world.World`.
    start, stop : ndarray of int, shape (n_sessions,)
        First step at the charger, first step away.
    not_controlled_mw : ndarray, shape (n_steps,)
        Power of all cars that nobody controls.
    """

    spec: Scenario
    grid: SupplySide
    clock: Clock
    horizon: Clock
    home: Homes
    world: Any
    drivers: Any
    cars: Any
    chargers: Any
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    not_controlled_mw: Array

    def until(self, step: int) -> Record:
        """Only the sessions that begin before a step."""
        begun = self.start < step
        rows = {name: getattr(self, name)[begun] for name in ("drivers", "cars", "chargers", "start", "stop")}
        return replace(self, **rows)


def record(spec: Scenario, replication: int = 0) -> Record:
    """Run a scenario (as one arm sees it), charging at once, and note every controlled session."""
    free = spec.model_copy(
        update={"operator": spec.operator.model_copy(update={"policy": "immediate", "settings": {}})}
    )
    model = CityModel(free, replication=replication)
    rows: list[tuple[Any, Any, Any, int]] = []
    not_controlled: list[float] = []
    while not model.finished:
        stored_kwh = model.world.cars["energy_kwh"].copy()
        model.step()
        rows += _begun(model.world, model.step_index - 1, stored_kwh)
        not_controlled.append(model.not_controlled_mw)
    drivers, cars, chargers = (np.array([row[k] for row in rows]) for k in range(3))
    start = np.array([row[3] for row in rows], dtype=np.int64)
    stop = np.minimum(drivers["depart_step"].astype(np.int64), len(model.clock))
    return Record(
        spec, model.grid, model.clock, model.horizon, model.home, model.world, drivers, cars, chargers, start,
        stop, np.array(not_controlled),
    )  # fmt: skip


def _begun(world: World, step: int, stored_kwh: Array) -> list[tuple[Any, Any, Any, int]]:
    """Rows of the controlled sessions that began in a step, with the energy that was stored before it."""
    charger_rows = np.flatnonzero(
        (world.chargers["since_step"] == step) & (world.chargers["controlled"] == 1)
    )
    found = []
    for charger_row in charger_rows[world.chargers["car"][charger_rows] >= 0]:
        row = int(world.chargers["car"][charger_row])
        car = world.cars[row].copy()
        car["energy_kwh"] = stored_kwh[row]
        found.append((world.drivers[row].copy(), car, world.chargers[charger_row].copy(), step))
    return found


ROUNDING_KWH = 1e-6


def _losses(world: Any) -> tuple[float, float]:
    figures = world.figures[0]
    return float(figures["fixed_loss"]), float(figures["proportional_loss"])


@dataclass(frozen=True)
class Course:
    """What the controlled cars did under a policy in the window.

    Attributes
    ----------
    drawn_mw, fed_mw : ndarray, shape (n_steps,)
    wear_yuan : float
        Wear of the owners' own cells by what is fed in, at the scale of the city.
    end_kwh : ndarray
        Energy at the end of each session.
    short_kwh : float
        Missing from promises.
    """

    drawn_mw: Array
    fed_mw: Array
    wear_yuan: float
    end_kwh: Array
    short_kwh: float


class Replay(RowModel):
    """Recorded sessions under one policy.

    Charging is immediate until the window begins, so that all policies start alike; whoever stays
    beyond the window is taken to leave when it ends.

    Parameters
    ----------
    recorded : Record
    spec : Scenario
        The recorded scenario with the operator and the contract to try.
    window : tuple of int
        First step, and the step after the last one.
    """

    def __init__(self, recorded: Record, spec: Scenario, window: tuple[int, int]):
        super().__init__(rng=spec.seed)
        self.spec, self.recorded, self.window = spec, recorded, window
        self.grid, self.home, self.clock = recorded.grid, recorded.home, recorded.clock
        self.step_index = 0
        n = len(recorded.start)
        figures = recorded.world.figures.copy()
        for trait, value in contract_traits(spec.participation.form).items():
            figures[trait] = value
        self.stop = np.minimum(recorded.stop, window[1])
        self.start = np.where(recorded.start < window[1], recorded.start, self.stop)
        rows = {
            Driver: self._columns(recorded.drivers, {"depart_step": self.stop}),
            Car: self._columns(
                recorded.cars, {"account": np.arange(n), "charger": -1, "power_kw": 0.0, "kwh_per_step": 0.0}
            ),
            Charger: self._columns(recorded.chargers, {"car": -1, "power_kw": 0.0, "stated_step": self.stop}),
        }
        tables = {cls: RowTable(cls, n, values) for cls, values in rows.items()}
        for cls, table in tables.items():
            self.add_table(cls, table)
        self.world = recorded.world._replace(
            drivers=tables[Driver].records,
            cars=tables[Car].records,
            chargers=tables[Charger].records,
            accounts=tables[Car].entries,
            wake=np.zeros(n, np.int32),
            activity=np.zeros(n, np.uint8),
            active=np.zeros(n, np.int32),
            n_active=np.zeros((len(blocks(n)), 2), np.int64),
            flows=np.zeros((len(blocks(n)), FLOWS)),
            figures=figures,
        )
        self._promise()
        city = CityState(
            spec=spec,
            key=figures["key"][0],
            clock=recorded.clock,
            horizon=recorded.horizon,
            drivers=tables[Driver],
            cars=tables[Car],
            chargers=tables[Charger],
            world=self.world,
            grid=recorded.grid,
            limits=Limits(np.zeros(0), np.full(1, np.inf)),  # each session has a charger of its own
            homes=recorded.home,
            sale_sites=np.zeros(1),
        )
        self.operator = GridOperator(self, city)
        self.start_kwh = np.zeros(n)
        self._controlled_mw = 0.0

    @staticmethod
    def _columns(records: Any, changed: dict[str, Any]) -> dict[str, Any]:
        names = [name for name in records.dtype.names if name != "custom"]
        return {name: records[name] for name in names} | changed

    def _promise(self) -> None:
        """Owe what full power could reach in the stay as it is in this window."""
        cars, drivers, f = self.world.cars, self.world.drivers, self.world.figures[0]
        hours = (self.stop - self.start) * self.spec.step_hours
        for row in range(len(self.start)):
            target = float(drivers[row]["target_soc"] * cars[row]["capacity_kwh"])
            cars[row]["owed_kwh"] = min(target, starting.reachable_kwh(cars[row], float(hours[row]), f))

    @property
    def chargers(self) -> RowAgentSet:
        """Chargers, one for each session."""
        return self.kind(Charger)

    @property
    def cars(self) -> RowAgentSet:
        """Cars, one for each session."""
        return self.kind(Car)

    def step(self) -> None:
        """One step: sessions end and begin, chargers follow the operator, cars move energy."""
        now = self.step_index
        cars, chargers = self.world.cars, self.world.chargers
        ends = np.flatnonzero((self.stop == now) & (chargers["car"] >= 0))
        chargers["car"][ends] = cars["charger"][ends] = -1
        for name in ("power_kw", "low_kw", "high_kw", "controlled"):
            chargers[name][ends] = 0
        cars["power_kw"][ends] = 0.0
        begins = np.flatnonzero((self.start == now) & (self.stop > now))
        chargers["car"][begins] = cars["charger"][begins] = begins
        chargers["since_step"][begins] = now
        over_blocks(note_all, len(cars), now, self.world)
        over_blocks(list_active, len(cars), now, self.world)
        if now == self.window[0]:
            self.start_kwh = cars["energy_kwh"].copy()
        self.chargers.do("offer")
        net_mw = self.grid.net_load_mw(now) + float(self.recorded.not_controlled_mw[now])
        if now >= self.window[0]:
            self.operator.step()
            self.operator.coordinate(net_mw, self._controlled_mw)
        else:
            self.operator.observe()
        self.chargers.do("step")
        self.cars.do("step")
        self.operator.forecast.observe(
            now, self.grid.net_load_mw(now), float(self.recorded.not_controlled_mw[now])
        )
        self._controlled_mw = float(np.subtract(*self.power_mw()))
        self.step_index += 1

    def power_mw(self) -> tuple[float, float]:
        """Power drawn and fed in by converters at work, at the scale of the city [MW]."""
        cars = self.world.cars
        power = np.where((cars["charger"] >= 0) & (cars["converting"] == 1), cars["power_kw"], 0.0)
        mw = self.spec.weight / 1000.0
        return mw * float(power[power > 0].sum()), -mw * float(power[power < 0].sum())

    def _wear_yuan(self) -> float:
        """Wear by what is fed in during a step, at the scale of the city [yuan]."""
        cars, own_wear = self.world.cars, self.world.figures[0]["own_wear"]
        fed_kw = np.where(cars["charger"] >= 0, np.maximum(0.0, -cars["power_kw"]), 0.0)
        return self.spec.weight * self.spec.step_hours * float(fed_kw @ own_wear[cars["is_nmc"]])

    def _pays(self, inside: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Steps of the window in which each owner may gain by discharging, shape (n, n_steps).

        Energy is bought back in the cheapest step of the stay that is left: no policy finds a cheaper one.
        """
        (first, last), series, f = self.window, self.world.series, self.world.figures[0]
        if f["compensates"]:
            return np.ones((len(inside), last - first), dtype=bool)
        paid = (series["feed_in_price"] + series["event_premium"])[first:last]
        pays = np.zeros((len(inside), last - first), dtype=bool)
        for place, row in enumerate(inside):
            begin, stop = max(self.start[row], first), self.stop[row]
            buy = series["price"][begin:stop, self.world.chargers[row]["kind"]]
            rebuy = np.minimum.accumulate(buy[::-1])[::-1] / f["round_trip"]
            cost = rebuy + f["own_wear"][self.world.cars[row]["is_nmc"]] + f["owner_margin"]
            here = slice(begin - first, stop - first)
            pays[place, here] = paid[here] >= cost
        return pays

    def run(self) -> Course:
        """Step through the window."""
        drawn, fed, wear_yuan = [], [], 0.0
        while self.step_index < self.window[1]:
            self.step()
            if self.step_index > self.window[0]:
                power = self.power_mw()
                drawn.append(power[0])
                fed.append(power[1])
                wear_yuan += self._wear_yuan()
        cars, inside = self.world.cars, self.stop > self.window[0]
        short = np.maximum(0.0, cars["owed_kwh"] - cars["energy_kwh"] - FULL_ENOUGH_KWH)[inside]
        return Course(
            np.array(drawn), np.array(fed), wear_yuan, cars["energy_kwh"].copy(), float(short.sum())
        )

    def sessions(self, end_kwh: Array) -> Sessions:
        """Sessions of the window for the exact programme, which must end with the energy given."""
        world, f = self.world, self.world.figures[0]
        first, last = self.window
        inside = np.flatnonzero((self.stop > first) & (self.start < last) & (self.stop > self.start))
        cars, drivers, losses = world.cars[inside], world.drivers[inside], _losses(world)
        rating = cars["session_kw"].astype(float)
        sells = np.array(
            [
                starting.may_discharge(world.drivers[row], world.cars[row], world.chargers[row], f)
                for row in inside
            ]
        )
        into = np.array([battery_side_kw(kw, kw, *losses) / kw for kw in rating])
        out = np.array([grid_side_kw(-kw, kw, *losses) / -kw for kw in rating])
        owed = np.minimum(cars["owed_kwh"], end_kwh[inside])
        steps = self.stop[inside] - np.maximum(self.start[inside], first)
        lost = _lost_at_part_load(
            owed - self.start_kwh[inside], rating, into, losses, self.spec.step_hours, steps
        )
        full = np.array([starting.full_kwh(world.cars[row], f) for row in inside])
        taper = np.array([starting.taper_h(world.cars[row], f) for row in inside])
        energy, hours = self.start_kwh[inside] - lost, self.spec.step_hours
        owed = np.minimum(owed, _reachable_kwh(energy, rating * into * hours, full, taper, hours, steps))
        return Sessions(
            start=np.maximum(self.start[inside], first) - first,
            stop=self.stop[inside] - first,
            energy_kwh=energy,
            owed_kwh=np.maximum(owed, 0.0),
            floor_kwh=np.minimum(drivers["reserve_soc"] * cars["capacity_kwh"], owed),
            charge_kw=rating,
            feed_in_kw=np.where(sells, rating, 0.0),
            full_kwh=full,
            taper_h=taper,
            efficiency=into,
            feed_in_efficiency=out,
            wear_yuan_per_kwh=f["own_wear"][cars["is_nmc"]],
            pays=self._pays(inside),
        )

    def arrivals_seen(self) -> Array:
        """Sessions that began, by step, as the operator counted them."""
        return self.operator.arrivals.seen


def _reachable_kwh(
    energy: Array, step_kwh: Array, full: Array, taper_h: Array, hours: float, steps: Any
) -> Array:
    """Energy at the end of stays at full power, as the programme's steps allow it [kWh]."""
    reached, keeps = energy.copy(), np.exp(-hours / taper_h)
    for step in range(int(np.max(steps, initial=0))):
        next_kwh = np.minimum(reached + step_kwh, full - keeps * (full - reached))
        reached = np.where(step < steps, np.maximum(reached, next_kwh), reached)
    return np.maximum(energy, reached - ROUNDING_KWH)


def _lost_at_part_load(
    missing_kwh: Array,
    rating_kw: Array,
    efficiency: Array,
    losses: tuple[float, float],
    hours: float,
    steps: Any,
) -> Array:
    """Energy [kWh] that a session loses in the one step of charging that a converter uses in part.

    The exact programme knows rated efficiency only. Every session that is not filled to the minute has
    such a step, charging at once as well as any other course.
    """
    fixed, proportional = losses
    per_step = efficiency * rating_kw * hours
    part = np.mod(missing_kwh, per_step)
    drawn = (part + fixed * rating_kw * hours) / (1.0 - proportional)
    spare = steps > missing_kwh / per_step + 1.0
    has_part = (missing_kwh > 0.0) & (part > FULL_ENOUGH_KWH) & spare
    return np.where(has_part, drawn * efficiency - part, 0.0)
