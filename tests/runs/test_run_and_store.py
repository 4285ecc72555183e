"""Runs: paired, repeatable, written whole or not at all."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import sim
from sim.accounting.owners import OWNER_COLUMNS
from sim.accounting.tables import FLEXIBILITY_COLUMNS, SYSTEM_COLUMNS
from sim.runs.audited import AuditError, audited
from sim.runs.files import whole_or_nothing
from sim.runs.run import prepare, simulate, tables_from_result
from sim.runs.store import read_result, read_summary, write_result
from sim.scenario import ScenarioError
from tests.conftest import ROOT, SCENARIOS, small

#: The contract of DESIGN sections 8 and 9: other tools read these names.
SYSTEM_CONTRACT = [
    "arm",
    "replication",
    "time",
    "demand_mw",
    "wind_mw",
    "solar_mw",
    "ev_charge_mw",
    "ev_discharge_mw",
    "net_load_mw",
    "coal_mw",
    "gas_mw",
    "import_mw",
    "other_mw",
    "unserved_mw",
    "spilled_mw",
    "price_yuan_per_mwh",
    "co2_t",
    "coal_tce",
    "cars_driving",
    "cars_idle",
    "cars_plugged",
    "cars_charging",
    "cars_discharging",
    "cars_queueing",
    "mean_soc",
    "up_available_mw",
    "down_available_mw",
    "reserve_margin_mw",
]
OWNERS_CONTRACT = [
    "arm",
    "replication",
    "car",
    "driver",
    "home_district",
    "model",
    "archetype",
    "enrolled",
    "v2g_capable",
    "km",
    "driven_kwh",
    "charged_kwh",
    "discharged_kwh",
    "charging_cost_yuan",
    "feed_in_revenue_yuan",
    "event_revenue_yuan",
    "penalty_yuan",
    "wear_cost_yuan",
    "net_cost_yuan",
    "sessions",
    "plugged_h",
    "min_soc",
    "end_soc",
    "en_route_charges",
    "promise_shortfall_kwh",
    "capacity_loss_pct",
]
ARM_CONTRACT = [
    "peak_net_load_mw",
    "peak_time",
    "peak_demand_mw",
    "energy_charged_mwh",
    "energy_discharged_mwh",
    "losses_mwh",
    "coal_mwh",
    "coal_tce",
    "co2_t",
    "unserved_mwh",
    "max_ramp_mw_per_h",
    "min_reserve_margin_mw",
    "generation_cost_yuan",
    "owner_net_cost_yuan_per_day",
    "promise_shortfalls",
    "en_route_charges",
    "mean_end_soc",
]
EFFECT_CONTRACT = [
    "peak_shaving_mw",
    "peak_shaving_pct",
    "coal_displaced_mwh",
    "coal_displaced_tce",
    "coal_displaced_pct",
    "peak_hours_coal_displaced_mwh",
    "co2_avoided_t",
    "generation_cost_saved_yuan",
    "stability",
    "owner_earnings_yuan_per_day",
    "owner_earnings_yuan_per_discharge_session",
    "household_bill_change_pct",
    "soc_carry_over_mwh",
    "avoided_capacity_mw",
]
DIST = {"mean", "sd", "p05", "p25", "median", "p75", "p95", "p99", "max", "n"}


@pytest.fixture(scope="module")
def folder(small_result, tmp_path_factory) -> Path:
    return write_result(small_result, tmp_path_factory.mktemp("results") / "small").folder


def test_folder_holds_what_the_contract_says(folder):
    assert {path.name for path in folder.iterdir()} == {
        "summary.json", "manifest.json", "scenario.yaml", "system.parquet", "owners.parquet",
        "units.parquet", "flexibility.parquet", "owner_days.parquet", "stories.parquet", "inputs",
    }  # fmt: skip
    assert list(folder.parent.iterdir()) == [folder], "no scratch is left behind"


def test_tables(folder):
    system, owners = pd.read_parquet(folder / "system.parquet"), pd.read_parquet(folder / "owners.parquet")
    assert list(system.columns[: len(SYSTEM_CONTRACT)]) == SYSTEM_CONTRACT
    assert list(owners.columns[: len(OWNERS_CONTRACT)]) == OWNERS_CONTRACT
    assert len(system) == 3 * 96
    assert len(owners) == 3 * 400
    assert set(system["arm"]) == {"uncontrolled", "smart", "v2g"}
    assert not system.isna().any().any()
    assert not owners.isna().any().any()


def test_the_supply_side_warms_up_with_the_cars(finished_model):
    """Units, stores and what cars usually draw have a past when recording begins."""
    model = finished_model()
    warmup = model.clock.warmup_steps
    assert warmup > 0
    assert model.grid.system.ran[:warmup].any(axis=1).all()


@pytest.mark.parametrize(
    ("name", "columns"),
    [("system", SYSTEM_COLUMNS), ("owners", OWNER_COLUMNS), ("flexibility", FLEXIBILITY_COLUMNS)],
)
def test_columns_carry_unit_and_meaning(folder, name, columns):
    schema = pq.read_schema(folder / f"{name}.parquet")
    for column, (unit, meaning) in columns.items():
        assert schema.field(column).metadata == {b"unit": unit.encode(), b"description": meaning.encode()}


def test_summary_contract(folder):
    summary = read_summary(folder)
    assert list(summary) == ["scenario", "title", "reference", "fleet", "arms", "effects", "audit"]
    assert set(summary["fleet"]) == {"cars", "simulated", "enrolled"}
    for figures in summary["arms"].values():
        assert set(ARM_CONTRACT) <= set(figures)
        assert set(figures["owner_net_cost_yuan_per_day"]) == DIST
    assert set(summary["effects"]) == {"smart", "v2g"}
    for figures in summary["effects"].values():
        assert set(EFFECT_CONTRACT) <= set(figures)
        assert set(figures["owner_earnings_yuan_per_day"]) == DIST
        assert set(figures["owner_earnings_yuan_per_discharge_session"]) == DIST
    assert set(summary["audit"]) == {
        "energy_balance_max_rel_error", "money_balance_max_rel_error", "limit_violations", "passed",
    }  # fmt: skip


def test_manifest(folder):
    facts = json.loads((folder / "manifest.json").read_text())
    assert facts["version"] == sim.__version__
    assert re.fullmatch(r"[0-9a-f]{64}", facts["scenario_sha256"])
    assert facts["car_steps"] == 3 * 400 * 192
    assert facts["packages"]["mesa"]
    for key in ("seed", "started", "wall_seconds", "peak_memory_mb", "audit"):
        assert key in facts


def test_a_result_reads_back(folder, small_result):
    again = read_result(folder)
    assert again.summary == json.loads(json.dumps(small_result.summary))
    assert again.spec == small_result.spec
    assert len(again.owners) == len(small_result.owners)


def test_effects_can_be_recomputed_from_the_folder(folder, small_result):
    """The same code judges a fresh run and an old folder."""
    from sim.effects.comparison import compare
    from sim.runs.setting import setting_of

    old = read_result(folder)
    reference, arm = (tables_from_result(old, name) for name in ("uncontrolled", "v2g"))
    assert compare(reference, arm, setting_of(old.spec.for_arm("v2g"))) == {
        key: value
        for key, value in small_result.summary["effects"]["v2g"].items()
        if key not in ("response_to_pay", "parts")  # these look at several arms
    }


def test_resolved_scenario_runs_to_the_same_summary(folder):
    assert simulate(prepare(folder / "scenario.yaml")).summary == read_summary(folder)


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    again = write_result(simulate(prepare(small())), tmp_path / "again").folder
    assert (again / "summary.json").read_bytes() == (folder / "summary.json").read_bytes()


def test_another_seed_gives_another_city(small_result):
    other = simulate(prepare(small(), seed=8)).summary
    assert other["arms"]["v2g"]["peak_net_load_mw"] != small_result.summary["arms"]["v2g"]["peak_net_load_mw"]


def test_arms_share_their_trips(small_result):
    frames = {arm: tables_from_result(small_result, arm).owners for arm in small_result.summary["arms"]}
    for frame in frames.values():
        for column in ("driver", "km", "trips", "archetype", "model"):
            assert frame[column].equals(frames["uncontrolled"][column])


def test_replications_carry_intervals():
    result = simulate(prepare(small(), replications=3, sample=100 / 1_510_000))
    effect = result.summary["effects"]["v2g"]["peak_shaving_mw"]
    assert set(effect) == {"mean", "ci95", "n"}
    assert effect["n"] == 3
    assert effect["ci95"][0] < effect["mean"] < effect["ci95"][1]
    median = result.summary["effects"]["v2g"]["owner_earnings_yuan_per_day"]["median"]
    assert set(median) == {"mean", "ci95", "n"}
    assert len(result.summary["arms"]["v2g"]["peak_time"]) == 3
    assert set(result.system["replication"]) == {0, 1, 2}
    assert len(set(result.owners.groupby("replication")["km"].sum())) > 1, "each replication is another city"


def test_only_some_arms():
    result = simulate(prepare(small(), arms=["v2g", "uncontrolled"], sample=50 / 1_510_000))
    assert list(result.summary["arms"]) == ["uncontrolled", "v2g"]


def test_owner_rows_can_be_thinned(tmp_path):
    result = simulate(prepare(small(outputs__owner_rows=150)))
    owners = pd.read_parquet(write_result(result, tmp_path / "thin").folder / "owners.parquet")
    assert len(owners) == 3 * 134
    facts = json.loads((tmp_path / "thin" / "manifest.json").read_text())
    assert facts["owner_rows"] == {"every": 3, "of_simulated_cars": 400}


def test_a_failed_audit_is_not_written(small_result, monkeypatch, tmp_path):
    from dataclasses import replace

    broken = replace(small_result, summary=small_result.summary | {"audit": {"passed": False}})
    with pytest.raises(AuditError, match="nothing was written"):
        audited(broken)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_failure_while_writing_leaves_the_earlier_result(folder, small_result, tmp_path):
    place = write_result(small_result, tmp_path / "mine").folder
    before = contents(place)

    def full_disk(result, scratch):
        (scratch / "half").write_text("half")
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_result(small_result, place, full_disk)
    assert contents(place) == before
    assert list(tmp_path.iterdir()) == [place]


def test_a_result_replaces_an_earlier_one_whole(small_result, tmp_path):
    place = tmp_path / "mine"
    write_result(small_result, place)
    (place / "old.txt").write_text("from an earlier run")
    write_result(small_result, place)
    assert not (place / "old.txt").exists()
    assert list(tmp_path.iterdir()) == [place]


def test_a_foreign_folder_is_not_replaced(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_text("meow")
    with pytest.raises(ScenarioError, match="not a result"), whole_or_nothing(tmp_path / "photos"):
        raise AssertionError("must not get here")


def test_from_python(tmp_path):
    result = sim.run(small(), out=tmp_path / "r", arms=["uncontrolled", "v2g"], sample=50 / 1_510_000)
    assert result.folder == tmp_path / "r"
    assert result.summary["audit"]["passed"]
    assert {"arm", "net_load_mw"} <= set(result.system.columns)
    again = sim.run(small(), settings={"fleet.sample": 50 / 1_510_000}, arms=["uncontrolled"])
    assert again.folder is None
    assert again.summary["effects"] == {}


def test_running_out_of_ideas_for_a_folder_is_told_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("mine")
    monkeypatch.setattr("sim.api.simulate", lambda *_: pytest.fail("worked before it looked"))
    with pytest.raises(ScenarioError, match="is a file"):
        sim.run(small(), out=tmp_path / "taken")


def test_threads_give_the_same_bytes_in_processes_of_their_own(tmp_path):
    """The bytes of summary.json do not depend on how many threads did the work."""
    summaries = []
    for threads in ("1", "2"):
        environment = os.environ | {"V2GCITY_THREADS": threads, "PYTHONPATH": str(ROOT)}
        folder = tmp_path / threads
        code = (
            "from sim.state import blocks\nblocks.BLOCK_BITS = 6\n"
            "from tests.conftest import small\nimport sim\n"
            f"sim.run(small(), out={str(folder)!r})\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=ROOT)
        summaries.append((folder / "summary.json").read_bytes())
    assert summaries[0] == summaries[1]


@pytest.mark.slow
def test_ctrl_c_leaves_the_earlier_result(tmp_path):
    """Interrupted in the middle: exit 130, one line, the earlier result untouched, no scratch."""
    command = [
        sys.executable,
        "-m",
        "sim",
        "run",
        str(SCENARIOS / "quickstart.yaml"),
        "--arms",
        "uncontrolled",
        "--out",
        str(tmp_path / "r"),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([*command, "--quiet"], check=True, env=environment)
    before = {path: path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()}
    process = subprocess.Popen(
        [*command, "--days", "200"],
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert "% done" in process.stderr.readline()  # it is under way
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (
        errors.strip().splitlines()[-1]
        == "interrupted; nothing was written, an earlier result stays in place"
    )
    assert "Traceback" not in errors
    assert {path: path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()} == before
    assert list(tmp_path.iterdir()) == [tmp_path / "r"]
