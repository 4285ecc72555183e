"""Designs: which points, in which order."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.runs.sweeps.design import points_of, scenarios_of, settings_of, unit_points
from sim.runs.sweeps.plan import load_sweep

TWO = """\
parameters:
  enrolled: {path: participation.enrolled_share, low: 0.05, high: 0.4}
  power: {path: chargers.bidirectional_kw, low: 1.0, high: 100.0, scale: log}
"""


def test_a_grid_is_every_combination(sweep_file):
    points = points_of(load_sweep(sweep_file()))
    assert points == [{"enrolled": e, "power": p} for e in (0.1, 0.35) for p in (3.3, 6.6, 11.0)]


def test_a_grid_over_a_log_range(sweep_file):
    body = "parameters:\n  power: {path: chargers.bidirectional_kw, low: 1.0, high: 100.0, levels: 3, scale: log}\n"
    assert [point["power"] for point in points_of(load_sweep(sweep_file(body)))] == [1.0, 10.0, 100.0]


def test_a_list_goes_row_by_row_and_keys_may_move_together(sweep_file):
    body = """\
design: {kind: list}
parameters:
  year: {path: [fleet.cars, participation.enrolled_share], values: [[1000000, 0.1], [2000000, 0.4]], labels: ["2025", "2030"]}
  both: {path: [chargers.home_kw, chargers.work_kw], values: [3.3, 7.0]}
"""
    plan = load_sweep(sweep_file(body))
    specs = scenarios_of(plan, points_of(plan))
    found = [
        (s.fleet.cars, s.participation.enrolled_share, s.chargers.home_kw, s.chargers.work_kw) for s in specs
    ]
    assert found == [(1_000_000, 0.1, 3.3, 3.3), (2_000_000, 0.4, 7.0, 7.0)]


def test_a_tornado_starts_from_the_scenario_and_moves_one_thing_at_a_time(sweep_file):
    plan = load_sweep(sweep_file("design: {kind: tornado}\n" + TWO))
    points = points_of(plan)
    assert settings_of(plan, points[0]) == {}
    moved = [settings_of(plan, point) for point in points[1:]]
    assert moved == [
        {"participation.enrolled_share": 0.05},
        {"participation.enrolled_share": 0.4},
        {"chargers.bidirectional_kw": 1.0},
        {"chargers.bidirectional_kw": 100.0},
    ]


@pytest.mark.parametrize(
    ("design", "count"),
    [("latin-hypercube, size: 20", 20), ("sobol, size: 8", 8 * 4), ("morris, size: 6", 6 * 3)],
)
def test_random_designs_fill_the_ranges_and_repeat(design, count, sweep_file):
    plan = load_sweep(sweep_file(f"design: {{kind: {design}}}\n" + TWO))
    points = points_of(plan)
    assert len(points) == count
    assert points == points_of(plan)
    powers = np.log([point["power"] for point in points])
    assert powers.min() >= 0.0
    assert powers.max() <= math.log(100.0) + 1e-12
    assert 0.3 < powers.mean() / math.log(100.0) < 0.7, "spread evenly over the logarithm"
    assert all(0.05 <= point["enrolled"] <= 0.4 for point in points)


def test_a_latin_hypercube_has_one_point_in_each_slice(sweep_file):
    unit = unit_points(load_sweep(sweep_file("design: {kind: latin-hypercube, size: 16}\n" + TWO)))
    for column in unit.T:
        assert sorted(np.floor(column * 16).astype(int)) == list(range(16))


def test_choices_in_a_random_design_come_up_equally_often(sweep_file):
    body = """\
design: {kind: latin-hypercube, size: 40}
parameters:
  policy: {path: arms.v2g.operator.policy, values: [peak-shave, coordinated, auction, price]}
  enrolled: {path: participation.enrolled_share, range: data}
"""
    plan = load_sweep(sweep_file(body))
    points = points_of(plan)
    policies = [point["policy"] for point in points]
    assert {policies.count(policy) for policy in set(policies)} == {10}
    assert plan.ends("enrolled") == (0.05, 0.5)


def test_whole_numbers_stay_whole(sweep_file):
    body = "parameters:\n  cars: {path: fleet.cars, low: 1000000, high: 1000003, levels: 2}\n"
    assert [point["cars"] for point in points_of(load_sweep(sweep_file(body)))] == [1_000_000, 1_000_003]
    assert all(type(point["cars"]) is int for point in points_of(load_sweep(sweep_file(body))))
