"""Sweeps from file to tables: nothing run twice, nothing lost, failures told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.runs import pool
from sim.runs.run import simulate
from sim.runs.sweeps import one_run, sweep
from sim.runs.sweeps.plan import load_sweep
from sim.runs.sweeps.run_store import RunStore
from sim.runs.sweeps.sweep import Sweeping, read_sweep
from sim.scenario import ScenarioError, load_scenario
from tests.runs.sweeps.conftest import GRID, HEAD, write_sweep

QUICK = "design: {kind: list}\nparameters:\n  enrolled: {path: participation.enrolled_share, values: [0.1, 0.35]}\n"


def swept(path: Path, out: Path, *options: str, workers: int = 0) -> str:
    result = CliRunner().invoke(
        main, ["sweep", str(path), "--out", str(out), "--workers", str(workers), *options]
    )
    assert result.exit_code == 0, result.output
    return result.output


def stored(folder: Path) -> dict[str, str]:
    """When each run of a store was finished."""
    return {path.stem: json.loads(path.read_text())["finished"] for path in (folder / "runs").glob("*.json")}


def test_runs_are_those_of_the_scenario(sweep_file, tmp_path):
    """Each figure of the table equals that of a run by hand, draw by draw."""
    path = sweep_file(QUICK + "replications: 2\n")
    runs = sim.sweep(path, workers=0)
    assert list(runs.columns) == [
        "point",
        "replication",
        "enrolled",
        "peak_cut_mw",
        "charged_mwh",
        "status",
        "key",
    ]
    spec = load_scenario(tmp_path / "city.yaml", {"participation.enrolled_share": 0.35, "replications": 2})
    by_hand = simulate(spec, draws=[1]).summary
    row = runs[(runs["point"] == 1) & (runs["replication"] == 1)].iloc[0]
    assert row["peak_cut_mw"] == by_hand["effects"]["v2g"]["peak_shaving_mw"]
    assert row["charged_mwh"] == by_hand["arms"]["v2g"]["energy_charged_mwh"]
    both = simulate(spec).summary["effects"]["v2g"]["peak_shaving_mw"]
    assert runs[runs["point"] == 1]["peak_cut_mw"].mean() == pytest.approx(both["mean"])


def test_what_is_finished_is_not_run_again_and_two_sweeps_share(sweep_file, tmp_path):
    path = sweep_file(GRID)
    swept(path, tmp_path / "out" / "one")
    first = stored(tmp_path / "out" / "runs")
    assert len(first) == 6
    said = swept(path, tmp_path / "out" / "again")
    assert "6 are kept from before" in said
    other = tmp_path / "other.yaml"
    other.write_text(
        path.read_text()
        .replace("[3.3, 6.6, 11.0]", "[6.6, 7.0]")
        .replace("scenario:", "name: other\nscenario:")
    )
    assert "2 are kept from before" in swept(other, tmp_path / "out" / "other")
    now = stored(tmp_path / "out" / "runs")
    assert len(now) == 8
    assert all(now[key] == when for key, when in first.items())
    for table in ("runs.parquet", "points.parquet"):
        assert (tmp_path / "out/one" / table).read_bytes() == (tmp_path / "out/again" / table).read_bytes()


def test_the_folder_can_be_read_back_run_again_and_drawn_again(sweep_file, tmp_path):
    out = tmp_path / "out" / "one"
    swept(sweep_file(GRID + "front: {benefit: peak_cut_mw, cost: charged_mwh}\nreplications: 3\n"), out)
    names = {path.name for path in out.iterdir()}
    assert names == {
        "runs.parquet",
        "points.parquet",
        "sweep.yaml",
        "scenario.yaml",
        "sweep.json",
        "figures",
        "report.html",
        "inputs",
    }
    assert {path.stem for path in (out / "figures").iterdir()} == {"curves", "heat_map", "front"}
    back = read_sweep(out)
    pd.testing.assert_frame_equal(back.points, pd.read_parquet(out / "points.parquet"))
    before = (out / "report.html").read_text()
    assert "https://" not in before.replace("https://github.com", "")
    result = CliRunner().invoke(main, ["sweep-report", str(out)])
    assert result.exit_code == 0, result.output
    assert (out / "report.html").read_text() == before
    swept(out / "sweep.yaml", tmp_path / "out" / "two")
    assert (tmp_path / "out/two/runs.parquet").read_bytes() == (out / "runs.parquet").read_bytes()


@pytest.mark.parametrize(
    ("design", "figure"),
    [
        ("tornado", "tornado"),
        ("sobol, size: 4", "variance"),
        ("morris, size: 3", "screening"),
        ("latin-hypercube, size: 6", "correlations"),
    ],
)
def test_every_design_ends_in_a_report(design, figure, sweep_file, tmp_path):
    body = (
        f"design: {{kind: {design}}}\nparameters:\n"
        "  enrolled: {path: participation.enrolled_share, low: 0.1, high: 0.35}\n"
        "  reserve: {path: participation.reserve_soc, range: data}\n"
    )
    swept(sweep_file(body), tmp_path / "out" / "one")
    assert (tmp_path / "out/one/figures" / f"{figure}.png").is_file()
    found = pd.read_parquet(tmp_path / "out/one/indices.parquet")
    assert set(found["parameter"]) == {"enrolled", "reserve"}


def test_an_outcome_that_is_none_is_told_after_the_first_run(sweep_file, tmp_path):
    path = sweep_file()
    path.write_text(path.read_text().replace("peak_shaving_mw", "peak_shavings_mw"))
    result = CliRunner().invoke(
        main, ["sweep", str(path), "--out", str(tmp_path / "out/one"), "--workers", "0"]
    )
    assert result.exit_code == 2
    assert (
        f"{path}:3: outcomes.peak_cut_mw: 'effects.v2g.peak_shavings_mw' is no figure of the summary, did you mean "
        "'effects.v2g.peak_shaving_mw'?" in result.stderr
    )
    assert len(stored(tmp_path / "out" / "runs")) == 1, "the run itself is good"
    assert not (tmp_path / "out" / "one").exists()


@pytest.fixture
def failing(monkeypatch):
    """Runs with 40% enrolled fail as long as the list holds something."""
    broken, real = [True], one_run._simulated

    def sometimes(task):
        if broken and json.loads(task.scenario)["participation"]["enrolled_share"] == 0.35:
            raise ValueError("no luck today")
        return real(task)

    monkeypatch.setattr(one_run, "_simulated", sometimes)
    return broken


def test_a_failed_run_is_told_the_rest_goes_on_and_it_can_be_tried_again(sweep_file, tmp_path, failing):
    path, out = sweep_file(GRID), tmp_path / "out" / "one"
    command = ["sweep", str(path), "--out", str(out), "--workers", "0"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert (
        "3 of 6 runs failed, the first (point 3): ValueError: no luck today; --retry-failed makes them again"
        in result.stderr
    )
    runs = pd.read_parquet(out / "runs.parquet")
    assert list(runs["status"]) == ["done"] * 3 + ["failed"] * 3
    assert runs["peak_cut_mw"].isna().sum() == 3
    assert "no luck today" in (out / "report.html").read_text()
    failing.clear()
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1, "failed runs are not made again unasked"
    result = CliRunner().invoke(main, [*command, "--retry-failed"])
    assert result.exit_code == 0, result.output
    assert set(pd.read_parquet(out / "runs.parquet")["status"]) == {"done"}


def test_a_sweep_of_which_every_run_fails_still_says_so(sweep_file, tmp_path, monkeypatch):
    def fails(task):
        raise MemoryError

    monkeypatch.setattr(one_run, "_simulated", fails)
    out = tmp_path / "out" / "one"
    for design in ("grid", "list", "tornado", "sobol, size: 2", "latin-hypercube, size: 2"):
        values = "low: 0.1, high: 0.3" if design[0] in "tsl" and design != "list" else "values: [0.1, 0.3]"
        body = f"design: {{kind: {design}}}\nparameters:\n  enrolled: {{path: participation.enrolled_share, {values}}}\n"
        body += "  reserve: {path: participation.reserve_soc, " + values + "}\n"
        result = CliRunner().invoke(
            main, ["sweep", str(sweep_file(body)), "--out", str(out), "--workers", "0"]
        )
        assert result.exit_code == 1, result.output
        assert "MemoryError" in result.stderr
        assert "Runs that failed" in (out / "report.html").read_text()


def test_ctrl_c_keeps_what_is_finished(sweep_file, tmp_path, monkeypatch):
    real, made = one_run._simulated, []

    def third_is_interrupted(task):
        made.append(task.key)
        if len(made) == 3:
            raise KeyboardInterrupt
        return real(task)

    with monkeypatch.context() as patch:
        patch.setattr(one_run, "_simulated", third_is_interrupted)
        command = ["sweep", str(sweep_file(GRID)), "--out", str(tmp_path / "out/one"), "--workers", "0"]
        result = CliRunner().invoke(main, command)
    assert result.exit_code == 130
    assert "interrupted; 2 of 6 runs are kept" in result.stderr
    assert not (tmp_path / "out" / "one").exists()
    assert "2 are kept from before" in swept(tmp_path / "mine.yaml", tmp_path / "out" / "one")


def test_replications_until_the_interval_is_narrow(sweep_file, tmp_path):
    body = QUICK + "replications: auto\nprecision: {half_width: %s, least: 3, most: 8}\n"
    store = RunStore(tmp_path / "runs")

    head = HEAD.replace("effects.v2g.peak_shaving_mw", "arms.uncontrolled.energy_charged_mwh")

    def counts(half_width: float) -> list[int]:
        going = Sweeping(load_sweep(sweep_file(body % half_width, head)), store)
        with one_run.runner(0, None) as make:
            result = going.run(make, lambda count: None)
        return list(result.runs.groupby("point").size())

    assert counts(1e9) == [3, 3]
    assert counts(1e-9) == [8, 8]
    found = counts(400.0)
    assert all(3 <= n <= 8 for n in found)


@pytest.mark.slow
def test_two_processes_give_the_same_tables(sweep_file, tmp_path):
    path = sweep_file(GRID)
    swept(path, tmp_path / "a" / "one")
    swept(path, tmp_path / "b" / "one", workers=2)
    for table in ("runs.parquet", "points.parquet"):
        assert (tmp_path / "a/one" / table).read_bytes() == (tmp_path / "b/one" / table).read_bytes()
    assert len({json.loads(p.read_text())["worker"] for p in (tmp_path / "b/runs/runs").glob("*.json")}) == 2


def start_sweep(path: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "sim", "sweep", str(path), "--out", str(out), "--quiet", *options]
    with said(out).open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)


def said(out: Path) -> Path:
    """What a sweep that was started has printed."""
    out.parent.mkdir(parents=True, exist_ok=True)
    return out.with_suffix(".log")


def wait_for(condition, what: str, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


def children(pid: int) -> list[int]:
    """Processes below a process."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        if f"\nPPid:\t{pid}\n" in text:
            found += [int(status.parent.name), *children(int(status.parent.name))]
    return found


Process = subprocess.Popen[bytes]
MANY = GRID.replace("[0.1, 0.35]", "[0.1, 0.2, 0.3, 0.35]") + "replications: 2\n"
ON_ONE_WORKER = pytest.mark.xdist_group("many")  # the undisturbed sweep is made once


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The table of the sweep :data:`MANY` to which nothing happened."""
    folder = tmp_path_factory.mktemp("undisturbed")
    swept(write_sweep(folder, MANY), folder / "a" / "one")
    return (folder / "a" / "one" / "runs.parquet").read_bytes()


@pytest.mark.slow
@ON_ONE_WORKER
def test_kill_9_of_a_worker_and_of_the_main_process_loses_nothing(sweep_file, undisturbed, tmp_path):
    path, out, store = sweep_file(MANY), tmp_path / "a" / "one", tmp_path / "a" / "runs"
    main_process = start_sweep(path, out, "--workers", "2")
    wait_for(lambda: len(stored(store)) >= 3, "three runs")
    worker = {
        int(json.loads(p.read_text())["worker"].rsplit(":", 1)[1]) for p in (store / "runs").glob("*.json")
    }
    os.kill(worker.pop(), signal.SIGKILL)
    before = len(stored(store))
    wait_for(lambda: len(stored(store)) >= before + 3, "runs after the loss of a worker")
    left = children(main_process.pid)
    main_process.kill()
    main_process.wait()
    kept = stored(store)
    assert 6 <= len(kept) < 24
    wait_for(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in left),
        "workers to end with their master",
        30.0,
    )
    swept(path, out)
    assert stored(store).items() >= kept.items(), "finished runs are not made again"
    assert (out / "runs.parquet").read_bytes() == undisturbed


@contextmanager
def cluster(folder: Path, n: int) -> Iterator[tuple[str, Process, list[Process]]]:
    """Address of a Dask cluster of processes of its own, its scheduler and its workers."""
    file = folder / "scheduler.json"
    options = ["--scheduler-file", str(file), "--no-dashboard"]
    tool = [sys.executable, "-m"]
    scheduler = subprocess.Popen(
        [*tool, "distributed.cli.dask_scheduler", *options, "--host", "127.0.0.1", "--port", "0"]
    )
    wait_for(file.is_file, "the scheduler")
    worker = [*tool, "distributed.cli.dask_worker", *options, "--nthreads", "1", "--no-nanny"]
    all_of_them = [subprocess.Popen(worker) for _ in range(n)]
    try:
        yield json.loads(file.read_text())["address"], scheduler, all_of_them
    finally:
        for process in (*all_of_them, scheduler):
            process.kill()
            process.wait()


@pytest.mark.slow
@ON_ONE_WORKER
def test_a_cluster_that_loses_a_worker_gives_the_same_tables(sweep_file, undisturbed, tmp_path):
    path = sweep_file(MANY)
    with cluster(tmp_path, 2) as (address, _, made):
        going = start_sweep(path, tmp_path / "a" / "one", "--scheduler", address)
        store = tmp_path / "a" / "runs"
        wait_for(lambda: len(stored(store)) >= 4, "four runs")
        made[0].kill()
        assert going.wait(timeout=240) == 0, said(tmp_path / "a" / "one").read_text()
        assert len(stored(store)) == 24
    assert (tmp_path / "a/one/runs.parquet").read_bytes() == undisturbed


@pytest.mark.slow
@ON_ONE_WORKER
def test_a_cluster_that_dies_is_told_in_a_line_and_nothing_finished_is_lost(
    sweep_file, undisturbed, tmp_path
):
    path, out, store = sweep_file(MANY), tmp_path / "a" / "one", tmp_path / "a" / "runs"
    with cluster(tmp_path, 1) as (address, scheduler, _):
        going = start_sweep(path, out, "--scheduler", address)
        wait_for(lambda: len(stored(store)) >= 3, "three runs")
        scheduler.kill()
        assert going.wait(timeout=240) == 1, said(out).read_text()
    (line,) = said(out).read_text().splitlines()
    kept = stored(store)
    assert line.startswith("stopped: ")
    assert f"{len(kept)} of 24 runs are kept in " in line
    assert line.endswith("the same command goes on from there")
    assert not out.exists()
    swept(path, out)
    assert {key: stored(store)[key] for key in kept} == kept, "what was finished is not made again"
    assert (out / "runs.parquet").read_bytes() == undisturbed


@pytest.mark.slow
def test_a_run_that_kills_its_worker_is_told_and_the_rest_goes_on(sweep_file, tmp_path, monkeypatch):
    """Workers are processes of their own: the run is made deadly by an environment variable they inherit."""
    path, out = sweep_file(GRID), tmp_path / "a" / "one"
    deadly = tmp_path / "deadly.py"
    deadly.write_text(
        "import os, sim\n"
        "class Deadly(sim.Policy):\n"
        "    name = 'deadly'\n"
        "    def plan(self, *args, **kwargs): os._exit(9)\n"
        "    def signal(self, *args, **kwargs): os._exit(9)\n"
    )
    path.write_text(
        path.read_text().replace(
            GRID,
            "parameters:\n  policy: {path: arms.v2g.operator.policy, values: [peak-shave, 'deadly:Deadly', coordinated]}\n",
        )
    )
    going = start_sweep(path, out, "--workers", "2", "--code", str(tmp_path))
    assert going.wait(timeout=240) == 1, said(tmp_path / "a" / "one").read_text()
    runs = pd.read_parquet(out / "runs.parquet")
    assert list(runs["status"]) == ["done", "failed", "done"]
    assert "the process that made this run died" in (out / "report.html").read_text()


def test_a_cluster_that_is_not_there(sweep_file, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "PATIENCE_S", 3.0)
    for address, message in (
        ("tcp://127.0.0.1:9", "--scheduler: tcp://127.0.0.1:9: "),
        ("nowhere", "--scheduler: nowhere: "),
    ):
        result = CliRunner().invoke(
            main, ["sweep", str(sweep_file()), "--out", str(tmp_path / "o/x"), "--scheduler", address]
        )
        assert result.exit_code == 2
        assert message in result.stderr.splitlines()[-1]


def test_workers_and_cluster_exclude_each_other(sweep_file):
    result = CliRunner().invoke(
        main, ["sweep", str(sweep_file()), "--workers", "2", "--scheduler", "tcp://x:1"]
    )
    assert result.exit_code == 2
    assert "name one" in result.stderr


def test_a_folder_of_something_else_is_refused_before_any_run(sweep_file, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(ScenarioError, match="holds files that are not a sweep"):
        sim.sweep(sweep_file(), tmp_path / "full", workers=0)
    assert not (tmp_path / "runs").exists()


def test_time_left_is_the_median_of_late_runs():
    count = sweep.Count(total=30, kept=5, made=5, seconds=[60.0, 1.0, 1.0, 2.0, 1.0])
    assert count.left == 20
    assert count.seconds_left(2) == 10.0
    assert sweep.Count(total=3).seconds_left(2) is None
    assert np.isfinite(count.seconds_left(1))
