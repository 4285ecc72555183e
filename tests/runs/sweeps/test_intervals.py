"""Means, intervals, indices: against known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.runs.sweeps.design import points_of
from sim.runs.sweeps.intervals import (
    differences,
    figure_at,
    figures_in,
    is_narrow,
    point_table,
    spread,
    steepness,
)
from sim.runs.sweeps.plan import load_sweep
from sim.runs.sweeps.sensitivity import indices

SUMMARY = {
    "arms": {
        "v2g": {
            "peak": 3.0,
            "at": "19:00",
            "none": None,
            "several": {"mean": 2.0, "ci95": [1.0, 3.0], "n": 4},
        }
    }
}


def test_figures_are_found_by_their_path():
    assert figure_at(SUMMARY, "arms.v2g.peak") == 3.0
    assert np.isnan(figure_at(SUMMARY, "arms.v2g.none"))
    assert figure_at(SUMMARY, "arms.v2g.several") == 2.0
    for path in ("arms.v2g.at", "arms.v2g", "arms.smart.peak", "arms.v2g.peak.more"):
        with pytest.raises(KeyError):
            figure_at(SUMMARY, path)
    assert {"arms.v2g.peak", "arms.v2g.none"} <= set(figures_in(SUMMARY))
    assert "arms.v2g.at" not in figures_in(SUMMARY)


def runs_of(values) -> pd.DataFrame:
    """A frame of runs from values by point and draw."""
    return pd.DataFrame([
        {"point": point, "replication": draw, "x": float(point), "y": value}
        for point, row in enumerate(values) for draw, value in enumerate(row)
    ])  # fmt: skip


def test_mean_and_interval_by_hand():
    table = point_table(runs_of([[1.0, 2.0, 3.0], [4.0, 4.0, 4.0]]), ["x"], ["y"])
    first, second = table.iloc[0], table.iloc[1]
    assert (first["mean"], first["sd"], first["n"]) == (2.0, 1.0, 3)
    assert first["high"] - first["mean"] == pytest.approx(4.302653 / np.sqrt(3.0), rel=1e-6)
    assert (second["low"], second["high"]) == (4.0, 4.0)


def test_without_replications_there_is_no_interval():
    row = point_table(runs_of([[1.0]]), ["x"], ["y"]).iloc[0]
    assert row["mean"] == 1.0
    assert np.isnan([row["low"], row["high"], row["sd"]]).all()


def test_a_figure_that_is_null_in_some_draws_is_counted_in_the_others():
    found = spread(np.array([1.0, np.nan, 3.0]))
    assert (found["mean"], found["n"]) == (2.0, 2)
    assert np.isnan(spread(np.array([np.nan]))["mean"])


def test_what_draws_share_falls_out_of_a_difference():
    rng = np.random.default_rng(3)
    shared = rng.normal(0.0, 100.0, 8)
    values = np.array([shared, shared + 5.0 + rng.normal(0.0, 0.1, 8)])
    difference = differences(runs_of(values), ["y"]).iloc[1]
    assert difference["mean"] == pytest.approx(5.0, abs=0.3)
    assert difference["high"] - difference["low"] < 1.0
    alone = point_table(runs_of(values), ["x"], ["y"]).iloc[1]
    assert alone["high"] - alone["low"] > 50.0


def test_narrow_enough():
    values = np.array([99.0, 100.0, 101.0])
    assert is_narrow(values, half_width=3.0, relative=None)
    assert not is_narrow(values, half_width=2.0, relative=None)
    assert is_narrow(values, None, relative=0.03)
    assert not is_narrow(values[:2], half_width=1e9, relative=None), "two values cannot tell"
    for n, narrow in ((7, False), (8, True)):
        assert is_narrow(np.zeros(n), half_width=1.0, relative=None) == narrow, "few that agree prove nothing"
        assert is_narrow(np.full(n, np.nan), half_width=1.0, relative=None) == narrow


def test_intervals_of_skewed_small_samples_cover():
    """Nominal 95% intervals of four to eight lognormal draws hold the true mean in 90% to 99% of cases."""
    rng = np.random.default_rng(11)
    for n in (4, 8):
        held = 0
        for _ in range(2000):
            found = spread(rng.lognormal(0.0, 0.4, n))
            held += found["low"] <= np.exp(0.08) <= found["high"]
        assert 0.90 <= held / 2000 <= 0.99


DESIGN = """\
parameters:
  strong: {path: participation.enrolled_share, low: 0.0, high: 1.0}
  weak: {path: participation.reserve_soc, low: 0.0, high: 1.0}
  none: {path: chargers.home_share_bev, low: 0.0, high: 1.0}
"""


def frame_of(plan) -> pd.DataFrame:
    """Outcomes that follow from the parameters by a known rule: 4 strong + weak."""
    points = points_of(plan)
    runs = pd.DataFrame([{"point": number, "replication": 0, **point} for number, point in enumerate(points)])
    runs["peak_cut_mw"] = 4.0 * runs["strong"] + runs["weak"]
    runs["charged_mwh"] = 7.0
    return runs


def values(found: pd.DataFrame, index: str) -> pd.Series:
    some = found[(found["outcome"] == "peak_cut_mw") & (found["index"] == index)]
    return some.set_index("parameter")["value"]


def test_sobol_finds_the_shares_of_a_sum(sweep_file):
    plan = load_sweep(sweep_file("design: {kind: sobol, size: 256}\n" + DESIGN))
    found = indices(plan, frame_of(plan))
    for index in ("first", "total"):
        assert values(found, index)["strong"] == pytest.approx(16 / 17, abs=0.03)
        assert values(found, index)["weak"] == pytest.approx(1 / 17, abs=0.03)
        assert values(found, index)["none"] == pytest.approx(0.0, abs=0.01)
    assert found[found["outcome"] == "charged_mwh"]["value"].isna().all(), "nothing varies, nothing is shared"
    assert (found["low"].dropna() <= found["high"].dropna()).all()


def test_morris_finds_the_slopes(sweep_file):
    plan = load_sweep(sweep_file("design: {kind: morris, size: 10}\n" + DESIGN))
    found = indices(plan, frame_of(plan))
    assert list(values(found, "mu_star")) == pytest.approx([4.0, 1.0, 0.0], abs=1e-9)
    assert list(values(found, "sigma")) == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)


def test_a_tornado_swings_about_the_scenario_as_it_stands(sweep_file):
    plan = load_sweep(sweep_file("design: {kind: tornado}\n" + DESIGN))
    runs = pd.DataFrame([
        {"point": point, "replication": draw, "peak_cut_mw": 10.0 * draw + value, "charged_mwh": 7.0}
        for draw in range(3) for point, value in enumerate([5.0, 1.0, 6.0, 4.0, 5.5, 5.0, 5.0])
    ])  # fmt: skip
    found = indices(plan, runs)
    assert list(values(found, "at_low")) == [-4.0, -1.0, 0.0]
    assert list(values(found, "at_high")) == [1.0, 0.5, 0.0]
    assert (found["low"] == found["value"]).all(), "draws share everything: no width is left"


def test_a_latin_hypercube_ranks(sweep_file):
    plan = load_sweep(sweep_file("design: {kind: latin-hypercube, size: 60}\n" + DESIGN))
    found = values(indices(plan, frame_of(plan)), "rank_correlation")
    assert found["strong"] > 0.9
    assert abs(found["none"]) < 0.35
    runs = frame_of(plan)
    value, low, high = steepness(runs, "strong", "peak_cut_mw")
    assert low <= value <= high


def test_a_design_that_is_not_complete_gives_no_indices(sweep_file):
    plan = load_sweep(sweep_file("design: {kind: sobol, size: 8}\n" + DESIGN))
    assert indices(plan, frame_of(plan).iloc[:-1]).empty
