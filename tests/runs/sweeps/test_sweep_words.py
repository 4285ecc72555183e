"""What the figures of a sweep say of what they show: a range, and whether it may be chance."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import sim
from sim.report.sweep_figures import FIGURES
from sim.report.sweep_terminal import sweep_table
from sim.report.sweep_words import perhaps_chance_at, short
from sim.runs.sweeps.sweep import read_sweep
from tests.runs.sweeps.conftest import GRID

TORNADO = """\
design: {kind: tornado}
parameters:
  enrolled: {path: participation.enrolled_share, low: 0.1, high: 0.35, title: share enrolled}
  power: {path: chargers.bidirectional_kw, low: 3.3, high: 11.0, unit: kW}
"""


@pytest.fixture
def swept(sweep_file, tmp_path):
    def run(body):
        sim.sweep(sweep_file(body), tmp_path / "out", workers=0)
        return read_sweep(tmp_path / "out")

    return run


def with_intervals(result, means, lows):
    """The headline with given means; intervals reach as far above as below."""
    points = result.points.copy()
    mine = points["outcome"] == "peak_cut_mw"
    points.loc[mine, "mean"], points.loc[mine, "low"] = means, lows
    points.loc[mine, "high"] = [2 * mean - low for mean, low in zip(means, lows, strict=True)]
    return replace(result, points=points)


@pytest.mark.parametrize(("lows", "told"), [
    ([50.0] * 6, "Peak cut from 90 to 300 MW"),
    ([-20.0, -5.0, 50.0, -70.0, 60.0, 80.0], "Peak cut from 90 to 300 MW; at 3 of 6 points it may be chance"),
    ([-1.0] * 6, "Peak cut from 90 to 300 MW, which may be chance at every point"),
])  # fmt: skip
def test_a_range_says_at_how_many_points_it_may_be_chance(swept, capsys, lows, told):
    result = with_intervals(swept(GRID), [90.0, 120.0, 150.0, 200.0, 250.0, 300.0], lows)
    title = FIGURES["curves"](result)[1]
    assert title == told
    assert ("chance" in FIGURES["heat_map"](result)[1]) == ("chance" in told)
    sweep_table(result)
    assert ("holds zero" in capsys.readouterr().out) == ("chance" in told)


def test_the_largest_move_may_be_chance(swept):
    result = swept(TORNADO + "replications: 2\n")
    indices = result.indices.copy()
    mine = (indices["outcome"] == "peak_cut_mw") & (indices["parameter"] == "enrolled")
    for low, told in (
        (10.0, "moves peak cut [MW] most"),
        (-10.0, "moves peak cut [MW] most, which may be chance"),
    ):
        indices.loc[mine, ["value", "low", "high"]] = [5000.0, low, 9990.0]
        title = FIGURES["tornado"](replace(result, indices=indices))[1]
        assert title == f"Share enrolled {told}"


def test_without_intervals_nothing_is_said_of_chance():
    none = pd.DataFrame({"mean": [1.0, -2.0], "low": [float("nan")] * 2, "high": [float("nan")] * 2})
    assert perhaps_chance_at(none) == ""
    assert [short(-0.0), short(12345.6), short(1.23456)] == ["0", "12,346", "1.23"]
