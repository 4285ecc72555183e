"""Points of a sweep: combinations of parameter values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.runs.sweeps.plan import ParameterSection, Plan, in_schema, relocated
from sim.scenario import Scenario, ScenarioError, load_scenario
from sim.scenario.schema import leaf_fields

MOST_POINTS = 100_000

#: A point of a sweep: the value of every parameter by name. Values of keys that move together may be lists.
Point = dict[str, Any]


def points_of(plan: Plan) -> list[Point]:
    """All points of a sweep, in an order that depends on the file alone.

    The first point of a tornado is the unchanged scenario, where every parameter is None.

    Raises
    ------
    ScenarioError
        If a range has no ends, or there would be too many points.
    """
    sweep, names = plan.sweep, list(plan.sweep.parameters)
    kind = sweep.design.kind
    if kind == "list":
        columns = [sweep.parameters[name].values or [] for name in names]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    if kind == "tornado":
        base: Point = dict.fromkeys(names)
        return [base, *(base | {name: end} for name in names for end in _both_ends(plan, name))]
    if kind == "grid":
        axes = [_axis(plan, name) for name in names]
        _refuse_too_many(plan, math.prod(len(axis) for axis in axes))
        return [dict(zip(names, row, strict=True)) for row in itertools.product(*axes)]
    unit = unit_points(plan)
    _refuse_too_many(plan, len(unit))
    columns = [
        [_at(plan, name, float(share)) for share in unit[:, number]] for number, name in enumerate(names)
    ]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def unit_points(plan: Plan) -> NDArray[np.float64]:
    """Points of a random or screening design in the unit cube, shape (n points, n parameters)."""
    design, k = plan.sweep.design, len(plan.sweep.parameters)
    size = design.size or 0
    if design.kind == "latin-hypercube":
        from scipy.stats import qmc

        return np.asarray(qmc.LatinHypercube(k, rng=np.random.default_rng(design.seed)).random(size))
    problem = problem_of(list(plan.sweep.parameters))
    if design.kind == "sobol":
        from SALib.sample import sobol

        return np.asarray(sobol.sample(problem, size, calc_second_order=False, seed=design.seed))
    from SALib.sample import morris

    return np.asarray(morris.sample(problem, size, num_levels=design.levels, seed=design.seed))


def problem_of(names: Sequence[str]) -> dict[str, Any]:
    """Parameter space in SALib's format: the unit cube."""
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def scenarios_of(plan: Plan, points: Sequence[Point]) -> list[Scenario]:
    """Checked scenarios of all points.

    Raises
    ------
    ScenarioError
        For keys that do not exist, values that are not allowed and keys without effect on any arm, with the
        line of the sweep file that sets them.
    """
    _refuse_keys_without_effect(plan)
    places = {
        path: plan.place("parameters", name, "values" if parameter.values is not None else "path")
        for name, parameter in plan.sweep.parameters.items()
        for path in parameter.paths
    }
    found = []
    for point in points:
        settings = settings_of(plan, point)
        try:
            found.append(load_scenario(plan.base, settings) if settings else plan.base)
        except ScenarioError as error:
            raise relocated(error, places, plan.place("parameters")) from None
    return found


def settings_of(plan: Plan, point: Point) -> dict[str, Any]:
    """Keys of the scenario that a point sets."""
    settings: dict[str, Any] = {}
    for name, value in point.items():
        paths = plan.sweep.parameters[name].paths
        if value is None and plan.sweep.design.kind == "tornado":
            continue
        each = value if isinstance(value, list) and len(paths) > 1 else [value] * len(paths)
        settings |= dict(zip(paths, each, strict=True))
    return settings


def shown(plan: Plan, name: str, value: Any) -> Any:
    """A parameter's value for tables: its label if it has one, else a number or a text."""
    parameter = plan.sweep.parameters[name]
    if parameter.labels is not None and parameter.values is not None and value is not None:
        return parameter.labels[parameter.values.index(value)]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return " & ".join(str(each) for each in value) if isinstance(value, list) else str(value)


def _axis(plan: Plan, name: str) -> list[Any]:
    parameter = plan.sweep.parameters[name]
    if parameter.values is not None:
        return parameter.values
    return [_at(plan, name, float(share)) for share in np.linspace(0.0, 1.0, parameter.levels or 2)]


def _both_ends(plan: Plan, name: str) -> list[Any]:
    parameter = plan.sweep.parameters[name]
    return parameter.values or [_at(plan, name, 0.0), _at(plan, name, 1.0)]


def _at(plan: Plan, name: str, share: float) -> Any:
    """Value of a parameter at a share of its range, or the corresponding one of its values."""
    parameter = plan.sweep.parameters[name]
    if parameter.values is not None:
        return parameter.values[min(int(share * len(parameter.values)), len(parameter.values) - 1)]
    low, high = plan.ends(name)
    if parameter.scale == "log":
        value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    else:
        value = low + share * (high - low)
    value = min(max(float(f"{value:.12g}"), low), high)
    return round(value) if _is_whole(parameter) else value


def _is_whole(parameter: ParameterSection) -> bool:
    """Whether a key of the scenario takes integers."""
    info = dict(leaf_fields()).get(in_schema(parameter.paths[0]))
    return info is not None and info.annotation is int


def _refuse_too_many(plan: Plan, count: int) -> None:
    if count > MOST_POINTS:
        raise ScenarioError.single(
            plan.place("design"), "design", f"gives {count:,} points; at most {MOST_POINTS:,} are allowed"
        )


def _refuse_keys_without_effect(plan: Plan) -> None:
    """Raise an error for keys that every arm overrides, because varying them has no effect."""
    arms = plan.base.arms
    for name, parameter in plan.sweep.parameters.items():
        for path in parameter.paths:
            if arms and all(_sets(overrides, path.split(".")) for overrides in arms.values()):
                raise ScenarioError.single(
                    plan.place("parameters", name, "path"),
                    f"parameters.{name}.path",
                    f"every arm sets '{path}' for itself; name the arm, such as arms.{list(arms)[-1]}.{path}",
                )


def _sets(overrides: Any, path: Sequence[str]) -> bool:
    for key in path:
        if not isinstance(overrides, dict) or key not in overrides:
            return False
        overrides = overrides[key]
    return True
