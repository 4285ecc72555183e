"""Pilots as scenarios: every published figure has a model's figure beside it."""

from __future__ import annotations

import pandas as pd
import pytest

from sim.data.catalogue import rows
from sim.runs.run import prepare, simulate
from sim.scenario import ScenarioError
from sim.scenario.shipped import find_scenario
from sim.studies.pilots import MEASURES, pilots_table
from tests.conftest import ROOT, SCENARIOS

PILOTS = SCENARIOS / "pilots"


def test_every_pilot_has_a_scenario_and_a_measure():
    pilots = {row["pilot"] for row in rows("pilots")}
    assert pilots == set(MEASURES) == {path.stem for path in PILOTS.glob("*.yaml")}


def test_a_pilot_is_found_by_its_name_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_scenario("pilots/wuxi-fast-posts") == PILOTS / "wuxi-fast-posts.yaml"
    with pytest.raises(ScenarioError, match="did you mean 'pilots/wuxi-fast-posts'"):
        find_scenario("wuxi-fast-posts")


def test_figures_of_a_pilot_are_those_of_its_run():
    """Half an hour at 60 kW or less: no car gives more, and what it gives is paid at the price of the call."""
    spec = prepare(
        PILOTS / "wuxi-fast-posts.yaml", settings={"fleet.sample": 1000 / 1_510_000, "time.warmup_days": 1}
    )
    result = simulate(spec)
    found = MEASURES["wuxi-fast-posts"](result)
    assert 5.0 < found["kwh_per_car"] <= 30.0
    assert found["kw_per_car"] == pytest.approx(2.0 * found["kwh_per_car"])
    owners = result.owners
    paid, sold = (owners.groupby("arm")[name].sum() for name in ("event_revenue_yuan", "sold_in_calls_kwh"))
    assert sold["uncontrolled"] == 0.0 < sold["v2g"], "the reference has no call"
    assert result.summary["effects"]["v2g"]["co2_avoided_t"] != 0.0
    paid = owners["event_revenue_yuan"].sum()
    assert paid == pytest.approx(5.0 * owners["sold_in_calls_kwh"].sum())


def test_the_table_puts_model_beside_published(monkeypatch):
    measures = {name: (lambda found: lambda result: found)(
        {row["figure"]: 1.0 for row in rows("pilots") if row["pilot"] == name}
    ) for name in MEASURES}  # fmt: skip
    monkeypatch.setattr("sim.studies.pilots.MEASURES", measures)
    monkeypatch.setattr("sim.studies.pilots.simulate", lambda spec: None)
    monkeypatch.setattr("sim.studies.pilots.audited", lambda result: result)
    table = pilots_table(PILOTS)
    assert len(table) == len(rows("pilots"))
    assert (table["model"] == 1.0).all()


def test_stored_figures_are_those_of_the_table_of_pilots():
    """Figures that check the model are near what was published, but for Guangzhou's first resident, a best case."""
    stored = pd.read_csv(ROOT / "results" / "reference" / "pilots.csv")
    assert list(stored["use"]) == [row["use"] for row in rows("pilots")]
    assert list(stored["figure"]) == [row["figure"] for row in rows("pilots")]
    checked = stored[(stored["use"] == "check") & (stored["pilot"] != "guangzhou-events")]
    assert ((checked["model"] / checked["value"]).between(2 / 3, 3 / 2)).all()
    bounds = stored[stored["use"] == "bound"]
    assert (bounds["model"] >= bounds["value"]).all()
