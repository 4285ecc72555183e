"""How far every policy is from the best possible, on the same cars and days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.dispatch.oracle import Optimum, generation_cost, optimum
from sim.effects.summary import interval
from sim.grid.clock import HORIZON_DAYS
from sim.grid.supply import Conditions
from sim.scenario import Scenario, ScenarioError
from sim.scenario.schema import merge
from sim.studies.optimality_gap.replay import Course, Record, Replay, record

Array = NDArray[np.float64]

WINDOW_STARTS_H = 4.0  # all have charged, nobody has left: the window holds whole days and their nights
PEAK_FIRST_YUAN_PER_MW = 1e6

COLUMNS = ("policy", "form", "forecasts", "peak_mw", "peak_cut_mw", "saved_yuan", "short_kwh")
ORACLE = "oracle"


@dataclass(frozen=True)
class Trial:
    """One row of the table: a policy in one form, with own or perfect forecasts."""

    name: str
    policy: str
    contract: str
    forecasts: str = "own"
    settings: tuple[tuple[str, Any], ...] = ()


PEAK_FIRST = (("peak_yuan_per_mw", PEAK_FIRST_YUAN_PER_MW),)
#: Of 0.5 to 3%, the share at which own forecasts cut most of the peak, on summer and winter days.
PEAK_IN_DOUBT = (*PEAK_FIRST, ("peak_margin_share", 0.015))
COST_ALONE = (("peak_yuan_per_mw", 0.0),)
BY_COST = (("curve", "marginal_cost"),)

TRIALS = (
    Trial("immediate", "immediate", "one_way"),
    Trial("tou", "tou", "one_way"),
    Trial("tou", "tou", "two_way"),
    Trial("tou-staggered", "tou-staggered", "one_way"),
    Trial("tou-staggered", "tou-staggered", "two_way"),
    Trial("price, tariff", "price", "one_way"),
    Trial("price, tariff", "price", "two_way"),
    Trial("price, marginal cost", "price", "one_way", settings=BY_COST),
    Trial("price, marginal cost", "price", "two_way", settings=BY_COST),
    Trial("valley", "valley", "one_way"),
    Trial("peak-shave", "peak-shave", "two_way"),
    Trial("auction", "auction", "one_way"),
    Trial("auction", "auction", "two_way"),
    Trial("coordinated, as shipped", "coordinated", "two_way"),
    Trial("coordinated, cost", "coordinated", "one_way", settings=COST_ALONE),
    Trial("coordinated, cost", "coordinated", "two_way", settings=COST_ALONE),
    Trial("coordinated, cost", "coordinated", "two_way", "perfect", COST_ALONE),
    Trial("coordinated, peak", "coordinated", "one_way", settings=PEAK_FIRST),
    Trial("coordinated, peak", "coordinated", "two_way", settings=PEAK_IN_DOUBT),
    Trial("coordinated, peak", "coordinated", "two_way", "perfect", PEAK_FIRST),
)


def controlled_alone(spec: Scenario, cars: int, days: int) -> Scenario:
    """The scenario as its first two-way arm sees it, with about so many cars that are controlled.

    Raises
    ------
    ScenarioError
        If no arm lets cars feed in, or the scenario has too few cars.
    """
    if spec.time.weeks:
        raise ScenarioError.single(
            spec.name, "time.weeks", "a year in weeks has no gap; choose one of its weeks"
        )
    arms = [arm for arm in spec.arms if spec.for_arm(arm).participation.contract == "two_way"]
    if not arms:
        raise ScenarioError.single(spec.name, "arms", "a gap needs an arm whose contract is two_way")
    seen = spec.for_arm(arms[0])
    sample = cars / max(1e-9, seen.participation.enrolled_share) / seen.fleet.cars
    if not 0.0 < sample <= 1.0:
        most = int(seen.fleet.cars * seen.participation.enrolled_share)
        raise ScenarioError.single(spec.name, "--cars", f"{cars} is more than the {most} that are enrolled")
    changed = merge(
        seen.model_dump(),
        {
            "fleet": {"sample": sample},
            # Plans look beyond the window, and foresight knows what they see there.
            "time": {"days": days + 1 + HORIZON_DAYS, "end": None},
            "replications": 1,
            # An optimum that knows the truth about departures needs drivers who tell it.
            "participation": {
                "stated_departure_wrong_share": 0.0,
                "stated_departure_spread_minutes": 0.0,
                "stated_departure_margin_minutes": 0.0,
                "override_share": 0.0,
            },
            "market": {"household": {"meter": "own"}},
            # All are judged on one supply curve, so all must control by it: no unit fails by chance.
            "grid": {"outages": "expected", "losses_share": 0.0},
            "shocks": [],
        },
    )
    return Scenario.model_validate(changed)


class Gap:
    """Policies against the optimum on one record of sessions.

    Parameters
    ----------
    spec : Scenario
        See :func:`controlled_alone`.
    days : int
        Length of the window.
    replication : int
        Which draw of the city.
    """

    def __init__(self, spec: Scenario, days: int, replication: int = 0):
        whole = record(spec, replication)
        self.spec = spec
        clock = whole.clock
        first = clock.warmup_steps + round(WINDOW_STARTS_H / clock.step_hours)
        self.window = (first, first + days * clock.steps_per_day)
        self.recorded: Record = whole.until(self.window[1])
        here = slice(*self.window)
        grid = self.recorded.grid
        self.net_mw = np.array([grid.net_load_mw(step) for step in range(*self.window)])
        self.net_mw += self.recorded.not_controlled_mw[here]
        self.stack = grid.stack_at(first)
        self.conditions = [
            Conditions(*each)
            for each in zip(
                grid.imports_ahead_mw(first, here.stop - first).tolist(),
                grid.local_mw[here].tolist(),
                grid.neighbours.state[here].tolist(),
                strict=True,
            )
        ]
        self._baseline = self._replay(TRIALS[0]).run()
        self._arrivals: Array | None = None
        self.cars = len(np.unique(self.recorded.drivers["driver_id"]))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Peak and cost of the optima and of every policy, with what they save against charging at once."""
        before = self._judge(self._baseline)

        def row(name: str, form: str, forecasts: str, course: Any, short_kwh: float) -> dict[str, Any]:
            peak, cost = self._judge(course)
            cut, saved = before[0] - peak, before[1] - cost
            return dict(zip(COLUMNS, (name, form, forecasts, peak, cut, saved, short_kwh), strict=True))

        for goal, peak_price in (("cost", 0.0), ("peak", PEAK_FIRST_YUAN_PER_MW)):
            for contract in ("one_way", "two_way"):
                best = self._optimum(contract, peak_price)
                yield row(f"{ORACLE}, {goal}", contract, "perfect", best, 0.0)
        for trial in TRIALS:
            course = self._replay(trial).run()
            yield row(trial.name, trial.contract, trial.forecasts, course, course.short_kwh)

    def _judge(self, course: Course | Optimum) -> tuple[float, float]:
        """Highest net load [MW], and cost of generation and wear [yuan]."""
        net = self.net_mw + course.drawn_mw - course.fed_mw
        hours = self.spec.step_hours
        cost = generation_cost(self.stack, net, self.conditions, hours)
        return float(net.max()), cost + course.wear_yuan

    def _replay(self, trial: Trial) -> Replay:
        operator = {"policy": trial.policy, "settings": dict(trial.settings)}
        if trial.forecasts == "perfect":
            operator |= {"net_load": "perfect", "arrivals": "perfect"}
        changed = merge(
            self.spec.model_dump(), {"operator": operator, "participation": {"contract": trial.contract}}
        )
        replay = Replay(self.recorded, Scenario.model_validate(changed), self.window)
        if trial.forecasts == "perfect":
            grid, steps = self.recorded.grid, range(len(self.recorded.clock))
            net = np.array([grid.net_load_mw(step) for step in steps]) + self.recorded.not_controlled_mw
            replay.operator.forecast.foretell(net)
            replay.operator.arrivals.foretell(self._arrivals_as_they_come(trial))
        return replay

    def _arrivals_as_they_come(self, trial: Trial) -> Array:
        if self._arrivals is None:
            own = Trial(trial.name, "coordinated", trial.contract)
            rehearsal = self._replay(own)
            rehearsal.run()
            self._arrivals = rehearsal.arrivals_seen()
        return self._arrivals

    def _optimum(self, contract: str, peak_yuan_per_mw: float) -> Any:
        replay = self._replay(Trial("", "immediate", contract))
        course = replay.run()
        return optimum(
            replay.sessions(course.end_kwh),
            self.net_mw,
            self.conditions,
            self.stack,
            self.spec.step_hours,
            self.spec.weight / 1000.0,
            1.0,
            peak_yuan_per_mw,
        )


def gap_table(
    spec: Scenario,
    cars: int,
    days: int,
    replications: int = 1,
    tell: Callable[[str], None] = lambda _: None,
) -> pd.DataFrame:
    """Means over draws of the city, with each policy's share of what the best possible saves.

    Parameters
    ----------
    spec : Scenario
    cars, days, replications : int
        Controlled cars, days that count, draws of the city.
    tell : callable
        Is told what is being done.

    Raises
    ------
    ScenarioError
        If the scenario has no two-way arm or too few cars.
    """
    alone = controlled_alone(spec, cars, days)
    frames = []
    for replication in range(replications):
        gap = Gap(alone, days, replication)
        tell(
            f"draw {replication + 1} of {replications}: {gap.cars} cars in {len(gap.recorded.start)} "
            f"sessions, each standing for {alone.weight:,.0f}"
        )
        frames.append(pd.DataFrame(gap.rows()))
    numbers = [name for name in COLUMNS if frames[0][name].dtype.kind == "f"]
    draws = np.array([frame[numbers].to_numpy() for frame in frames])  # draw, row, figure
    table = frames[0].copy()
    table[numbers] = draws.mean(axis=0)
    places = table.reset_index().set_index(["policy", "form"])["index"]
    for share, figure, best in (
        ("peak_cut_pct", "peak_cut_mw", f"{ORACLE}, peak"),
        ("saved_pct", "saved_yuan", f"{ORACLE}, cost"),
    ):
        values = draws[:, :, numbers.index(figure)]
        of_best = values[:, int(places[best, "two_way"])]
        shares = [_share_of_best(values[:, row], of_best) for row in range(len(table))]
        table[share], table[f"{share}_low"], table[f"{share}_high"] = np.array(shares).T
    return table


def _share_of_best(values: Array, of_best: Array) -> tuple[float, float, float]:
    """What draws reach together of the best possible [%], with its 95% interval by the jackknife."""
    n = len(values)
    share = 100.0 * float(values.sum() / of_best.sum())
    if n == 1:
        return share, np.nan, np.nan
    without = 100.0 * (values.sum() - values) / (of_best.sum() - of_best)
    found = interval((n * share - (n - 1) * without).tolist())
    low, high = found["ci95"]
    return share, float(low), float(high)
