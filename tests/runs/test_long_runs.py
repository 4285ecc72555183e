"""Runs that take long or are large: memory reckoned before, checkpoints, books of a sample, a warm cache."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import psutil
import pytest
from click.testing import CliRunner

import sim.api
from sim.cli import main
from sim.runs import checkpoint as checkpoints
from sim.runs import keys, memory, run
from sim.runs.checkpoint import Checkpoint, Stopped, checkpoint_folder
from sim.runs.run import RunResult, prepare, simulate
from sim.scenario import ScenarioError
from tests.conftest import ROOT, SCENARIOS, SMALL, small

FEW = {"fleet__sample": 60 / 1_510_000}


def assert_same_result(one: RunResult, other: RunResult) -> None:
    assert one.summary == other.summary
    for name in ("system", "owners", "units", "flexibility", "owner_days", "stories"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    assert one.facts["car_steps"] == other.facts["car_steps"]
    assert one.facts["audit"] == other.facts["audit"]


def stopped_at(spec, folder, steps: int) -> None:
    """Run until Ctrl-C after a number of steps, counted over all arms."""
    kept, seen = Checkpoint(folder, spec), 0

    def ask(*_):
        nonlocal seen
        seen += 1
        if seen == steps:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Stopped), kept.stopping_at_a_step():
        simulate(spec, ask, kept)
    assert seen == steps, "the step that was going on is finished, and no other begins"


@pytest.mark.parametrize("steps", [1, 150, 385])
def test_a_stopped_run_goes_on_to_the_identical_result(tmp_path, steps):
    """At the first step, in the recorded day of the first arm, in the warm-up of the third."""
    spec = prepare(small(**FEW))
    stopped_at(spec, tmp_path / "kept", steps)
    went_on, ran = Checkpoint(tmp_path / "kept", spec), []
    assert not went_on.is_fresh
    again = simulate(spec, lambda *where: ran.append(where), went_on)
    assert len(ran) == 3 * 192 - steps, "no step is run twice"
    assert_same_result(simulate(spec), again)


def test_a_year_in_parts_goes_on_in_the_middle_of_a_part(tmp_path):
    weeks = [
        {"start": dt.date(2025, 1, 13), "months": [1, 2, 3, 4, 5, 6]},
        {"start": dt.date(2025, 7, 14), "months": [7, 8, 9, 10, 11, 12]},
    ]
    time_ = {"warmup_days": 1, "weeks": weeks}
    spec = prepare(
        {**SMALL, "time": time_, "fleet": {"cars": 1_510_000, "sample": 60 / 1_510_000}},
        arms=["uncontrolled"],
    )
    stopped_at(spec, tmp_path / "kept", 8 * 96 + 200)
    assert_same_result(simulate(spec), simulate(spec, None, Checkpoint(tmp_path / "kept", spec)))


def test_a_killed_run_goes_on_from_the_last_save(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "SECONDS_BETWEEN_SAVES", 0.0)
    spec = prepare(small(**FEW))

    def die(arm, replication, step, steps):
        if arm == "smart" and step == 30:
            raise MemoryError

    with pytest.raises(MemoryError):
        simulate(spec, die, Checkpoint(tmp_path / "kept", spec))
    ran: list[tuple] = []
    again = simulate(spec, lambda *where: ran.append(where), Checkpoint(tmp_path / "kept", spec))
    assert ran[0][:3] == ("smart", 0, 30)
    assert_same_result(simulate(spec), again)


def test_a_second_ctrl_c_stops_at_once(tmp_path):
    kept = Checkpoint(tmp_path / "kept", small())
    with kept.stopping_at_a_step():
        os.kill(os.getpid(), signal.SIGINT)
        assert kept.asked_to_stop
        with pytest.raises(KeyboardInterrupt) as caught:
            os.kill(os.getpid(), signal.SIGINT)
    assert not isinstance(caught.value, Stopped)


def test_the_checkpoint_of_another_scenario_is_refused(tmp_path):
    Checkpoint(tmp_path / "kept", small())
    Checkpoint(tmp_path / "kept", small())
    with pytest.raises(
        ScenarioError,
        match="kept: is the checkpoint of another scenario, or other tables of its place; remove it",
    ):
        Checkpoint(tmp_path / "kept", small(seed=8))


def test_the_checkpoint_of_another_model_is_refused(tmp_path, monkeypatch):
    Checkpoint(tmp_path / "kept", small())
    monkeypatch.setattr(keys, "code_hash", lambda: "other")
    with pytest.raises(ScenarioError, match="another version of v2gcity or of the libraries"):
        Checkpoint(tmp_path / "kept", small())


def test_a_result_needs_its_checkpoint_no_more(tmp_path):
    sim.run(small(**FEW), out=tmp_path / "r", checkpoint=True)
    assert list(tmp_path.iterdir()) == [tmp_path / "r"]


@pytest.mark.slow
def test_ctrl_c_keeps_the_state_and_the_same_command_goes_on(tmp_path):
    command = [sys.executable, "-m", "sim", "run", str(SCENARIOS / "quickstart.yaml"), "--arms", "uncontrolled",
               "--days", "25", "--set", "outputs.figures=false", "--checkpoint", "--out", str(tmp_path / "r")]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    while not checkpoint_folder(tmp_path / "r").is_dir():
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "the same command goes on from there" in errors.splitlines()[-1]
    assert "Traceback" not in errors
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "going on from" in finished.stderr
    undisturbed = [*command[:-1], str(tmp_path / "whole")]
    subprocess.run(undisturbed, env=environment, capture_output=True, check=True)
    assert (tmp_path / "r" / "summary.json").read_bytes() == (
        tmp_path / "whole" / "summary.json"
    ).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r", "whole"]


def test_a_run_that_does_not_fit_says_so_before_it_starts(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 4e9)
    monkeypatch.setattr(run, "simulate", lambda *_: pytest.fail("worked before it reckoned"))
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(main, ["run", str(SCENARIOS / "china-2025.yaml"), "--checkpoint"])
    assert outcome.exit_code == 2
    found = re.fullmatch(
        r"china-2025: fleet.sample: 40,000,000 simulated cars need about (\d+\.\d) GB of memory, and 3.8 GB "
        r"can be had; the largest sample that fits is (0\.\d+): --sample 0\.\d+\n",
        outcome.output,
    )
    assert found, outcome.output
    assert 6.0 < float(found[1]) < 8.6
    assert not list(tmp_path.iterdir())
    largest = float(found[2])
    memory.check_memory(prepare(SCENARIOS / "china-2025.yaml", sample=largest))
    with pytest.raises(ScenarioError):
        memory.check_memory(prepare(SCENARIOS / "china-2025.yaml", sample=largest + 0.002))


def test_nothing_fits_into_no_memory(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 1e8)
    with pytest.raises(ScenarioError, match=r"0\.1 GB can be had; no sample fits"):
        memory.check_memory(small())


def test_memory_grows_with_cars_and_with_what_they_write():
    whole = memory.memory_need(prepare(SCENARIOS / "china-2025.yaml"))
    half = memory.memory_need(prepare(SCENARIOS / "china-2025.yaml", sample=0.5))
    assert whole.bytes - whole.fixed == pytest.approx(2.0 * (half.bytes - half.fixed), rel=1e-6)
    assert whole.per_car <= 200.0
    everyone = memory.memory_need(
        prepare(SCENARIOS / "china-2025.yaml", settings=["outputs.owner_rows=40000000"])
    )
    assert everyone.per_car > whole.per_car + 192
    plain, told = (
        memory.memory_need(small(outputs__sessions=asked, outputs__trips=asked, time__days=30))
        for asked in (False, True)
    )
    assert told.bytes > plain.bytes + 400 * 30 * 280.0, "sessions and trips are kept"


def test_limits_of_the_process_and_of_its_container_count(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "CONTAINER", tmp_path)
    for name, content in (
        ("max", "9000000"),
        ("current", "3000000"),
        ("stat", "anon 1\ninactive_file 500000"),
    ):
        (tmp_path / f"memory.{name}").write_text(content + "\n")
    monkeypatch.setattr(memory, "_own_limit", lambda: None)
    assert memory.available_bytes() == 6_500_000, "what the container keeps of files can be had"
    monkeypatch.setattr(memory, "_own_limit", lambda: 6_000_000.0)
    assert memory.available_bytes() == 6_000_000
    (tmp_path / "memory.max").write_text("max\n")
    monkeypatch.setattr(memory, "_own_limit", lambda: None)
    assert memory.available_bytes() == pytest.approx(psutil.virtual_memory().available, rel=0.2)


def test_books_of_some_cars_leave_the_city_as_it_is():
    """The same steps and the same totals; only what is read from single owners is a sample."""
    everyone, some = simulate(prepare(small())), simulate(prepare(small(outputs__owner_rows=150)))
    pd.testing.assert_frame_equal(everyone.system, some.system, check_exact=True)
    pd.testing.assert_frame_equal(everyone.units, some.units, check_exact=True)
    assert len(some.owners) == 3 * 134
    sampled = everyone.owners[everyone.owners["car"].isin(some.owners["car"])].reset_index(drop=True)
    for name in ("km", "charged_kwh", "discharged_kwh", "net_cost_yuan", "plugged_h", "end_soc"):
        np.testing.assert_allclose(sampled[name], some.owners[name], rtol=1e-12, atol=1e-12, err_msg=name)
    arms = everyone.summary["arms"], some.summary["arms"]
    for arm in arms[0]:
        for name in ("promise_shortfalls", "en_route_charges", "mean_end_soc"):
            whole, part = (each[arm][name] for each in arms)
            assert part == pytest.approx(whole, rel=1e-9), (arm, name)
    effects = everyone.summary["effects"]["v2g"], some.summary["effects"]["v2g"]
    for name in (
        "peak_shaving_mw",
        "coal_displaced_tce",
        "soc_carry_over_mwh",
        "restored_mwh",
        "avoided_capacity_mw",
    ):
        whole, part = (each[name] for each in effects)
        assert part == pytest.approx(whole, rel=1e-6), name
    assert some.summary["audit"]["passed"]


UNUSUAL = """
from numba.core import event
from sim import CityModel, Driver
from tests.conftest import small
from tests.scenario.test_places import two_districts
class Own(Driver):
    pass
class Listener(event.Listener):
    def on_start(self, started): print("compiles", started.data["dispatcher"].py_func.__qualname__)
    def on_end(self, ended): pass
event.register("numba:compile", Listener())
import pathlib, tempfile
with tempfile.TemporaryDirectory() as folder:
    model = CityModel(small(
        city__place=two_districts(pathlib.Path(folder)), participation__enrolment="choice",
        shocks=[{"kind": "unplug", "at": "2025-08-27 19:00", "hours": 1.0}],
        grid__storage=[{"power_mw": 50.0, "energy_mwh": 200.0}],
    ), arm="v2g")
    model.recruit(Own, range(5))
    model.run_model()
print("done")
"""


@pytest.mark.slow
def test_a_warm_cache_has_nothing_to_compile():
    """Not even for a place of one's own with shocks, choice, storage, and a driver of one's own."""
    outcome = CliRunner().invoke(main, ["warm"])
    assert re.fullmatch(r"all (was compiled already|is compiled now), in .+: \d+ s\n", outcome.output)
    said = subprocess.run(
        [sys.executable, "-c", UNUSUAL], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, cwd=ROOT,
    )  # fmt: skip
    assert said.stdout == "done\n"
