"""Mistakes in sweep files: one line with the place, what is wrong and what is allowed; nothing run."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from sim.cli import main
from sim.runs.run import check
from sim.runs.sweeps.design import points_of, scenarios_of
from sim.runs.sweeps.plan import load_sweep
from sim.scenario import ScenarioError, load_scenario
from sim.scenario.schema import leaf_fields
from tests.conftest import SCENARIOS
from tests.runs.sweeps.conftest import CITY, GRID, HEAD

ONE = "parameters:\n  enrolled: {path: participation.enrolled_share, "

BAD = {
    "misspelt key": ("desing: {kind: grid}\n" + GRID.split("\n", 1)[1], r":5: desing: unknown key, did you mean 'design'\? allowed: .*"),
    "unknown design": (GRID.replace("grid", "gird"), r":5: design\.kind: unknown value 'gird', did you mean 'grid'\? allowed: grid, list, .*"),
    "no such key": (
        GRID.replace("enrolled_share", "enroled_share"),
        r":7: participation\.enroled_share: unknown key, did you mean 'enrolled_share'\? allowed: .*",
    ),
    "value out of range": (
        GRID.replace("0.35]", "1.4]"), r":7: participation\.enrolled_share: must be at most 1, got 1\.4"),
    "value of another type": (
        GRID.replace("0.35]", "much]"), r":7: participation\.enrolled_share: expected a number, got 'much'"),
    "no values": (ONE + "values: []}\n", r":6: parameters\.enrolled: values: at least one is needed"),
    "the same value twice": (ONE + "values: [0.1, 0.1]}\n", r":6: parameters\.enrolled: values: the same value stands twice"),
    "neither values nor range": (
        ONE + "unit: '-'}\n", r":6: parameters\.enrolled: expected either values, or low and high, or range: data"),
    "half a range": (ONE + "low: 0.1, levels: 3}\n", r":6: parameters\.enrolled: a range needs both low and high"),
    "range upside down": (
        ONE + "low: 0.4, high: 0.1, levels: 3}\n", r":6: parameters\.enrolled: low \(0\.4\) must be below high \(0\.1\)"),
    "log of nothing": (
        ONE + "low: 0, high: 0.1, levels: 3, scale: log}\n", r":6: parameters\.enrolled: scale: log needs low and high above 0"),
    "grid over a range without levels": (
        ONE + "low: 0.1, high: 0.4}\n", r":6: parameters\.enrolled\.levels: a grid needs values, or levels of the range, such as 5"),
    "range the data do not have": (
        "design: {kind: tornado}\nparameters:\n  cars: {path: fleet.v2g_capable, range: data}\n",
        r":7: parameters\.cars\.range: the data tables have no range for 'fleet\.v2g_capable'.*; set low and high",
    ),
    "size of a grid": ("design: {kind: grid, size: 8}\n" + GRID.split("\n", 1)[1], r":5: design\.size: a grid design takes its size .*"),
    "design without a size": (
        GRID.replace("kind: grid", "kind: latin-hypercube"), r":5: design\.size: a latin-hypercube design needs a size, such as 64"),
    "no power of two": (
        GRID.replace("kind: grid", "kind: sobol, size: 60"), r":5: design\.size: the base sample of Sobol is a power of two, such as 64"),
    "list of unequal lengths": (
        GRID.replace("kind: grid", "kind: list"), r":5: design\.kind: in a list all parameters need equally many values"),
    "two names for one key": (
        GRID + "  again: {path: chargers.bidirectional_kw, values: [7.0]}\n",
        r":9: parameters\.again\.path: chargers\.bidirectional_kw is varied by 'power' already",
    ),
    "keys that move together, values that do not": (
        "parameters:\n  both: {path: [a.b, c.d], values: [[1, 2], [3]]}\n",
        r":6: parameters\.both: values: each must be one value, or a list of 2, one for each key",
    ),
    "labels that do not fit": (ONE + "values: [0.1, 0.2], labels: [low]}\n", r":6: parameters\.enrolled: labels: expected 2 different ones, .*"),
    "a key that all arms set": (
        GRID + "  policy: {path: operator.policy, values: [valley, level]}\n",
        r":9: parameters\.policy\.path: every arm sets 'operator\.policy' for itself; name the arm, such as arms\.v2g\.operator\.policy",
    ),
    "unknown policy in an arm": (
        GRID + "  policy: {path: arms.v2g.operator.policy, values: [peak-shave, peek-shave]}\n",
        r":9: .*operator\.policy: .*peek-shave.*did you mean 'peak-shave'.*",
    ),
    "automatic without precision": (GRID + "replications: auto\n", r":9: replications\.auto: needs a precision, such as .*"),
    "precision in two ways": (
        GRID + "replications: auto\nprecision: {half_width: 1, relative: 0.1}\n",
        r":10: precision: expected either half_width or relative",
    ),
    "front of something else": (
        GRID + "front: {benefit: peak_cut, cost: charged_mwh}\n",
        r":9: front\.benefit: no outcome 'peak_cut', did you mean 'peak_cut_mw'\? allowed: peak_cut_mw, charged_mwh",
    ),
    "outcome named like a parameter": (GRID.replace("power:", "charged_mwh:"), r":4: outcomes\.charged_mwh: a parameter has this name; .*"),
    "too many points": (
        "parameters:\n" + "".join(f"  p{n}: {{path: {path}, low: 1, high: 2, levels: 1000}}\n" for n, path in enumerate(("chargers.home_kw", "chargers.work_kw"))),
        r":.*: design: gives 1,000,000 points; at most 100,000 are allowed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_mistakes_are_told_in_one_line(name, sweep_file, tmp_path):
    body, expected = BAD[name]
    path = sweep_file(body)
    result = CliRunner().invoke(main, ["sweep", str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2, result.output
    assert re.fullmatch(re.escape(str(path)) + expected, result.stderr.strip()), result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_scenario_that_is_not_there(sweep_file):
    path = sweep_file(head=HEAD.replace("city.yaml", "citty.yaml"))
    with pytest.raises(
        ScenarioError, match=r"mine.yaml:1: scenario: citty.yaml: no such file, did you mean 'city.yaml'\?"
    ):
        load_sweep(path)


def test_a_mistake_in_a_shared_setting_is_told_at_its_line(sweep_file):
    path = sweep_file(GRID + "settings:\n  fleet.carz: 5\n")
    with pytest.raises(ScenarioError, match=r"mine.yaml:10: fleet.carz: unknown key"):
        load_sweep(path)


def test_a_mistake_in_the_scenario_is_told_at_the_scenario(sweep_file):
    with pytest.raises(ScenarioError, match=r"city.yaml:5: participation.enrolled_share: must be at most 1"):
        load_sweep(sweep_file(city=CITY.replace("enrolled_share: 0.3", "enrolled_share: 3")))


@pytest.mark.parametrize("path", sorted((SCENARIOS / "sweeps").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_sweeps_are_in_order(path):
    plan = load_sweep(path)
    points = points_of(plan)
    few = [points[0], points[len(points) // 2], points[-1]]
    for spec in scenarios_of(plan, few):
        check(spec)
    assert plan.sweep.title
    assert plan.sweep.description


@pytest.mark.parametrize("path", sorted((SCENARIOS / "sweeps").glob("*.yaml")), ids=lambda path: path.stem)
def test_annual_outcomes_are_asked_of_years_alone(path):
    """Of a few days nothing annual is told: such an outcome would be empty at every point."""
    plan = load_sweep(path)
    annual = [name for name, key in plan.sweep.outcomes.items() if "year" in str(key)]
    assert not annual or plan.base.time.weeks, annual


#: What the unknowns of a run leave out, and why.
NOT_IN_THIS_SCENARIO = {
    "participation.choice.": "owners do not choose here",
    "participation.event_reservation": "no events",
    "participation.drive_out.": "no calls",
    "chargers.public_fast_bidirectional_kw": "no two-way fast posts",
    "fleet.v2g_partial_share": "every car can feed in here",
    "market.investment.": "no outcome of that sweep is an investment",
    "market.dynamic.": "no dynamic price",
}


def test_the_unknowns_are_the_twenty_least_certain_parameters():
    plan = load_sweep(SCENARIOS / "sweeps" / "unknowns.yaml")
    widths = {}
    for key, info in leaf_fields():
        extra = info.json_schema_extra
        if not isinstance(extra, dict) or extra.get("low") is None or extra.get("high") is None:
            continue
        if any(key.startswith(left_out) for left_out in NOT_IN_THIS_SCENARIO) or not info.default:
            continue
        widths[key] = (extra["high"] - extra["low"]) / abs(info.default)
    least_certain = sorted(widths, key=widths.get, reverse=True)[:20]
    varied = [each.path for each in plan.sweep.parameters.values()]
    assert min(widths[key] for key in varied) >= max(widths[key] for key in widths if key not in varied)
    assert len(varied) == len(least_certain)


def test_a_resolved_scenario_survives_json(sweep_file):
    """Scenarios travel to workers as JSON; dates come back as dates."""
    import json

    spec = load_sweep(sweep_file()).base
    assert load_scenario(json.loads(json.dumps(spec.resolved(), default=str))) == spec
