"""The store of runs: whole or absent, shared, gathered without loss."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from sim.cli import main
from sim.runs.sweeps import run_store
from sim.runs.sweeps.one_run import DONE, FAILED, Entry
from sim.runs.sweeps.run_store import RunStore
from sim.scenario import ScenarioError
from tests.runs.sweeps.conftest import write_sweep


def entry(key: str, status: str = DONE) -> Entry:
    return Entry(
        key=key, scenario="{}", replication=0, version="0", code="c", status=status, error="", finished="now",
        summary='{"x": 1}', wall_seconds=0.1, car_steps=1.0, worker="w",
    )  # fmt: skip


def test_what_is_put_is_found_by_everyone(tmp_path):
    one, other = RunStore(tmp_path / "runs"), RunStore(tmp_path / "runs")
    one.put(entry("a"))
    assert other.get(["a", "b"]) == {"a": entry("a")}


def test_gathering_keeps_every_run_and_pandas_reads_it(tmp_path, monkeypatch):
    monkeypatch.setattr(run_store, "FEW", 3)
    store = RunStore(tmp_path / "runs")
    for round_ in range(3):
        for number in range(5):
            store.put(entry(f"{round_}{number}"))
        store.gather()
    assert not list((tmp_path / "runs" / "runs").iterdir())
    files = list((tmp_path / "runs" / "gathered").glob("*.parquet"))
    assert len(files) == 1, "small files are gathered again"
    frame = pd.read_parquet(files[0])
    assert len(frame) == 15
    assert json.loads(frame["summary"].iloc[0]) == {"x": 1}
    assert len(store.get(frame["key"])) == 15
    assert store.get([]) == {}


def test_few_loose_runs_are_left_alone(tmp_path):
    store = RunStore(tmp_path / "runs")
    store.put(entry("a"))
    store.gather()
    assert len(list((tmp_path / "runs" / "runs").iterdir())) == 1


@pytest.mark.parametrize("later", [DONE, FAILED])
def test_done_beats_failed(tmp_path, monkeypatch, later):
    monkeypatch.setattr(run_store, "FEW", 1)
    store = RunStore(tmp_path / "runs")
    store.put(entry("a", FAILED if later == DONE else DONE))
    store.gather()
    store.put(entry("a", later))
    assert store.get(["a"])["a"].status == DONE
    store.gather()
    assert store.get(["a"])["a"].status == DONE


def test_a_kill_between_gathering_and_cleaning_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(run_store, "FEW", 1)
    store = RunStore(tmp_path / "runs")
    store.put(entry("a"))

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_store.Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            store.gather()
    store.put(entry("b"))
    store.gather()
    assert set(store.get(["a", "b"])) == {"a", "b"}


def test_a_run_made_again_while_others_gather_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(run_store, "FEW", 1)
    store = RunStore(tmp_path / "runs")
    store.put(entry("a", FAILED))
    real = run_store.pq.write_table

    def meanwhile(*args, **kwargs):
        real(*args, **kwargs)
        store.put(entry("a"))

    monkeypatch.setattr(run_store.pq, "write_table", meanwhile)
    store.gather()
    assert store.get(["a"])["a"].status == DONE


def test_half_a_file_is_never_seen(tmp_path, monkeypatch):
    store = RunStore(tmp_path / "runs")
    with monkeypatch.context() as patch:
        patch.setattr(run_store.os, "fsync", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            store.put(entry("a"))
    assert store.get(["a"]) == {}
    store.put(entry("a"))
    assert store.get(["a"]) == {"a": entry("a")}


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ScenarioError, match=r"holds files that are no runs"):
        RunStore(tmp_path)
    with pytest.raises(ScenarioError, match=r"is a file"):
        RunStore(tmp_path / "thesis.txt")


def test_the_key_depends_on_scenario_draw_and_code_alone(sweep_file, monkeypatch):
    from sim.runs import keys
    from sim.runs.sweeps import one_run
    from sim.runs.sweeps.plan import load_sweep
    from sim.scenario import load_scenario

    spec = load_sweep(sweep_file()).base
    key = one_run.task_of(spec, 0).key
    renamed = load_scenario(spec, {"name": "other", "title": "another", "replications": 3})
    assert one_run.task_of(renamed, 0).key == key
    assert one_run.task_of(spec, 1).key != key
    assert one_run.task_of(load_scenario(spec, {"seed": 6}), 0).key != key
    assert one_run.task_of(load_scenario(spec, {"chargers.home_kw": 3.3}), 0).key != key
    monkeypatch.setattr(keys, "code_hash", lambda: "other code")
    assert one_run.task_of(spec, 0).key != key


def test_entries_have_a_schema_for_every_field():
    assert set(run_store.SCHEMA.names) == {field.name for field in dataclasses.fields(Entry)}


@pytest.fixture(scope="module")
def made_sweep(tmp_path_factory):
    """A small sweep and the command that made it."""
    folder = tmp_path_factory.mktemp("made")
    out = folder / "out" / "one"
    command = ["sweep", str(write_sweep(folder)), "--out", str(out), "--workers", "0", "--quiet"]
    assert CliRunner().invoke(main, command).exit_code == 0
    return out, command


@pytest.mark.xdist_group("made sweep")
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"key": "a"}', b"\xff\xfe", b"PAR1"])
def test_damaged_runs_are_passed_over_and_told_of(made_sweep, tmp_path, content):
    """What can be made again ends nothing; what is whole stays."""
    made, command = made_sweep
    shutil.copytree(made.parent, tmp_path / "out")
    out = tmp_path / "out" / "one"
    command = [str(out) if word == str(made) else word for word in command]
    before = pd.read_parquet(out / "runs.parquet")
    one, *others = sorted((tmp_path / "out" / "runs" / "runs").glob("*.json"))
    kept = {path: path.stat().st_mtime_ns for path in others}
    one.write_bytes(content)
    foreign = tmp_path / "out" / "runs" / "gathered" / "foreign.parquet"
    foreign.write_bytes(content)
    outcome = CliRunner().invoke(main, command)
    assert outcome.exit_code == 0, outcome.output
    told = {Path(line.partition(":")[0]).name for line in outcome.stderr.splitlines()}
    assert told == {one.name, foreign.name}
    assert {path: path.stat().st_mtime_ns for path in others} == kept
    assert json.loads(one.read_bytes())["status"] == "done"
    pd.testing.assert_frame_equal(pd.read_parquet(out / "runs.parquet"), before)
