"""A result recomputed as a referee would: with its tables, pandas, and none of the package's rules."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from sim import run
from tests.conftest import SCENARIOS
from tests.referee import (
    annual_figures,
    boundary_sums,
    coal_and_co2,
    firm_capacity,
    one_owners_bill,
    wear_of_ten_years,
)
from tests.referee.tables import Result, close

HERE = Path(__file__).parent
PAIRED = pytest.mark.xdist_group("referee")  # the result is made once


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("referee") / "day"
    settings = {"fleet.sample": 1200 / 1_510_000, "outputs.figures": False, "outputs.story_cars": 60}
    run(SCENARIOS / "quickstart.yaml", folder, settings=settings)
    return Result(folder)


def test_the_scripts_use_nothing_of_the_package():
    for path in HERE.glob("*.py"):
        if path.name.startswith("test_"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = node.module if isinstance(node, ast.ImportFrom) else None
            names = [named or ""] + [
                each.name for each in getattr(node, "names", []) if isinstance(node, ast.Import)
            ]
            assert not any(name == "sim" or name.startswith("sim.") for name in names), path.name


@PAIRED
def test_coal_and_co2(result):
    for arm in result.summary["arms"]:
        system = result.table("system", arm)
        assert coal_and_co2.energy_balance_error(result, arm) < 1e-12
        city = coal_and_co2.coal_tce(result, arm)
        assert close(
            city[1:].sum(), system["coal_tce"].iloc[1:].sum(), 1e-4
        )  # output is kept in single precision
        elsewhere = coal_and_co2.coal_elsewhere_tce(result, arm)
        assert close(elsewhere.sum(), system["coal_elsewhere_tce"].sum(), 1e-6)


@PAIRED
def test_one_owners_bill(result):
    for arm in result.summary["arms"]:
        bills = one_owners_bill.bills(result, arm)
        assert len(bills) > 8
        assert np.allclose(bills["paid"], bills["model_paid"], atol=1e-4)
        assert np.allclose(bills["received"], bills["model_received"], atol=1e-4)
    assert one_owners_bill.bills(result, "v2g")["received"].sum() > 0.0


@PAIRED
def test_sums_across_boundaries(result):
    for arm, effect in result.summary["effects"].items():
        coal, found = boundary_sums.coal_by_boundary(result, arm), effect["who_gains"]
        assert effect["coal_displaced_tce"] + effect["coal_elsewhere_displaced_tce"] == pytest.approx(
            effect["coal_system_displaced_tce"]
        )
        # The correction for energy at the end is small beside what is corrected here.
        assert abs(sum(coal.values()) - effect["coal_system_displaced_tce"]) < 400.0
        mine = boundary_sums.surplus(result, arm)
        assert mine["wear"] == pytest.approx(found["wear_yuan"])
        parties = found["owners_yuan"] + found["aggregator_yuan"] + found["grid_and_sellers_yuan"]
        assert parties == pytest.approx(found["supply_saved_yuan"] - found["wear_yuan"])
        resources = (
            found["supply_saved_yuan"] - found["wear_yuan"] - found["chargers_yuan"] + found["climate_yuan"]
        )
        assert resources == pytest.approx(found["society_yuan"])


@PAIRED
def test_firm_capacity_by_throwing_dice(result):
    states = firm_capacity.throws(result)
    for arm, effect in result.summary["effects"].items():
        hours = firm_capacity.loss_of_load_hours(result, states, arm)
        assert hours == pytest.approx(effect["adequacy"]["loss_of_load_hours"], rel=0.1)
        assert firm_capacity.firm_mw(result, arm, states) == pytest.approx(
            effect["adequacy"]["elcc_mw"], abs=25.0
        )


@PAIRED
def test_nothing_annual_is_told_of_a_day(result):
    assert annual_figures.days_stood_for(result, result.reference) == pytest.approx(1.0)
    assert annual_figures.told_of_less_than_a_year(result) == []
    assert len(list(annual_figures.annual(result.summary["effects"]))) > 5, "or the search finds nothing"


def test_wear_added_up_day_by_day():
    for cell, pack in (("LFP_250Ah_prismatic", 81.0 * 7.1), ("NMC622_DENSO50Ah", 128.0 * 7.1)):
        assert wear_of_ten_years.yuan_per_kwh(cell, pack) == pytest.approx(
            wear_of_ten_years.published(cell), rel=0.2
        )


@PAIRED
def test_owners_are_charged_about_the_wear_of_ten_years(result):
    wear = result.scenario["fleet"]["wear"]
    pack = wear["pack_price_lfp_usd_per_kwh"] * wear["yuan_per_usd"]
    of_ten_years = wear_of_ten_years.yuan_per_kwh(wear["lfp_cell"], pack)
    assert wear_of_ten_years.charged_in(result, "v2g", "LFP") == pytest.approx(of_ten_years, rel=0.3)
    after = result.table("owners", "v2g")
    assert after["discharged_at_a_loss_kwh"].sum() == 0.0
