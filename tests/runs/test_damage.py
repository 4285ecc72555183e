"""Files that are damaged, foreign, newer or in use: a line says which, and what to do; the rest goes on."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import sim
from sim.agents.own_code import OwnCode
from sim.cli import main
from sim.data.catalogue import PLACES, SHANGHAI
from sim.runs.checkpoint import GOING_ON, KEY, OWNER, Checkpoint
from sim.runs.keys import draw_key, run_key
from sim.runs.run import prepare, simulate
from sim.runs.store import NoFigureError, read_result, write_result
from sim.scenario import ScenarioError, load_scenario
from tests.conftest import SCENARIOS, small

FEW = {"fleet__sample": 60 / 1_510_000}


@pytest.fixture(scope="module")
def whole(small_result, tmp_path_factory):
    folder = tmp_path_factory.mktemp("damage") / "whole"
    write_result(small_result, folder)
    return folder


@pytest.fixture
def folder(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "r")


# ------------------------------------------------------------------------------------- results
@pytest.mark.parametrize("name", [
    "summary.json", "manifest.json", "scenario.yaml", "system.parquet", "owners.parquet", "units.parquet",
    "flexibility.parquet", "owner_days.parquet", "stories.parquet",
])  # fmt: skip
@pytest.mark.parametrize("how", ["half", "empty", "foreign", "folder"])
def test_a_damaged_result_is_told_by_the_name_of_the_file(folder, name, how):
    path = folder / name
    content = path.read_bytes()
    path.unlink()
    if how == "folder":
        path.mkdir()
    else:
        foreign = b"[1, 2]" if name.endswith(".json") else b"PAR1 and so on PAR1"
        path.write_bytes({"half": content[: len(content) // 2], "empty": b"", "foreign": foreign}[how])
    for command in (["owner", str(folder), "--car", "best"], ["export", str(folder), "--to", "pypsa"]):
        outcome = CliRunner().invoke(main, command)
        if name == "scenario.yaml" and how == "half" and outcome.exit_code == 0:
            continue  # half of its keys are a scenario too
        assert outcome.exit_code == 2, (command, outcome.output)
        (line,) = outcome.stderr.splitlines()
        assert name.split(".")[0] in line, line


def test_a_result_of_a_later_version_is_not_read(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"version": "99.0"}))
    with pytest.raises(ScenarioError, match=r"made by v2gcity 99\.0, which is newer than this one"):
        read_result(folder)


def test_a_table_without_a_column_is_of_another_version(folder):
    pd.read_parquet(folder / "system.parquet").drop(columns="net_load_mw").to_parquet(
        folder / "system.parquet"
    )
    with pytest.raises(
        ScenarioError, match=r"system\.parquet: is of another version .*'net_load_mw' is missing"
    ):
        read_result(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_number_that_is_none_is_never_written(small_result, tmp_path, value, monkeypatch):
    system = small_result.system.copy()
    system.loc[5, "coal_mw"] = value
    from dataclasses import replace

    with pytest.raises(NoFigureError, match=r"system\.coal_mw is (nan|inf) in row 5"):
        write_result(replace(small_result, system=system), tmp_path / "r")
    summary = {**small_result.summary, "arms": {"v2g": {"peak_mw": value}}}
    with pytest.raises(NoFigureError, match=r"summary\.arms\.v2g\.peak_mw"):
        write_result(replace(small_result, summary=summary), tmp_path / "r")
    assert not (tmp_path / "r").exists()


# ------------------------------------------------------------------------------------- keys
def own_place(tmp_path, old="", new=""):
    place = tmp_path / "mycity"
    if not place.exists():
        shutil.copytree(PLACES / SHANGHAI, place)
    text = (place / "units.csv").read_text(encoding="utf-8")
    (place / "units.csv").write_text(text.replace(old, new, 1), encoding="utf-8")
    return load_scenario({"city": {"place": str(place)}, "fleet": {"cars": 60}})


def test_an_edited_table_is_another_run(tmp_path):
    before = own_place(tmp_path)
    after = own_place(tmp_path, ",350.0,", ",340.0,")
    assert run_key(before)["scenario"] != run_key(after)["scenario"]
    assert draw_key(before, 0) != draw_key(after, 0)
    back = own_place(tmp_path, ",340.0,", ",350.0,")
    assert draw_key(back, 0) == draw_key(before, 0)
    Checkpoint(tmp_path / "kept", before)
    with pytest.raises(ScenarioError, match="another scenario, or other tables of its place"):
        Checkpoint(tmp_path / "kept", after)


def test_edited_code_of_ones_own_is_another_run(tmp_path):
    spec = small(**FEW)
    keys = []
    for body in ("None", "0.0", "None"):
        (tmp_path / "mine.py").write_text(
            f"import sim\nclass P(sim.Policy):\n    def wish(self, moment):\n        return {body}\n"
        )
        sys.modules.pop("mine", None)
        from sim.agents.own_code import code_in

        keys.append(draw_key(spec, 0, code_in(tmp_path, ["mine:P"])))
    sys.modules.pop("mine", None)
    assert keys[0] != keys[1]
    assert keys[0] != draw_key(spec, 0)

    class Idle(sim.Driver):
        """As any driver."""

    assert OwnCode(agents={Idle: range(3)}).digest != OwnCode(agents={Idle: range(4)}).digest != ""


def test_a_result_runs_again_from_its_own_folder_wherever_it_is(tmp_path):
    """Tables of an own place travel with the result; their digests stand in its manifest."""
    spec = own_place(tmp_path, ",350.0,", ",340.0,")
    result = write_result(simulate(prepare(spec, days=1, settings=["time.warmup_days=1"])), tmp_path / "r")
    shutil.rmtree(tmp_path / "mycity")
    moved = shutil.move(tmp_path / "r", tmp_path / "elsewhere")
    back = read_result(tmp_path / "elsewhere")
    again = simulate(back.spec)
    assert again.summary == result.summary
    manifest = json.loads((tmp_path / "elsewhere" / "manifest.json").read_text())
    assert set(manifest["inputs_sha256"]) == {
        path.stem for path in (tmp_path / "elsewhere" / "inputs").iterdir()
    }
    assert str(tmp_path) not in (tmp_path / "elsewhere" / "scenario.yaml").read_text(), moved


# ------------------------------------------------------------------------------- checkpoints
def kept_run(tmp_path):
    command = [
        "run",
        str(SCENARIOS / "quickstart.yaml"),
        "--out",
        str(tmp_path / "r"),
        "--checkpoint",
        "--quiet",
    ]
    return [*command, "--sample", "0.0001", "--set", "time.warmup_days=1", "--set", "outputs.figures=false"]


def stopped(tmp_path, monkeypatch):
    """A run that has been stopped in its second arm."""
    from sim.runs import checkpoint

    seen = []

    def after_step(self, arm, replication, state, before=checkpoint.Checkpoint.after_step):
        seen.append(arm)
        self.asked_to_stop = seen.count("smart") == 40
        before(self, arm, replication, state)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.Checkpoint, "after_step", after_step)
        assert CliRunner().invoke(main, kept_run(tmp_path)).exit_code == 130
    return tmp_path / "r.checkpoint"


@pytest.mark.parametrize(("name", "remedy"), [
    (GOING_ON, "that run is made again"), ("done-uncontrolled-0.state", "that run is made again"), (KEY, "the run starts afresh"),
])  # fmt: skip
def test_a_damaged_checkpoint_says_what_to_remove_and_loses_no_more(tmp_path, monkeypatch, name, remedy):
    folder = stopped(tmp_path, monkeypatch)
    path = folder / name
    path.write_bytes(path.read_bytes()[:-3])
    outcome = CliRunner().invoke(main, kept_run(tmp_path))
    assert outcome.exit_code == 2, outcome.output
    (line,) = outcome.stderr.splitlines()
    assert name in line
    assert remedy in line
    if name == KEY:
        shutil.rmtree(folder)
    else:
        path.unlink()
    assert CliRunner().invoke(main, kept_run(tmp_path)).exit_code == 0
    fresh = simulate(prepare(read_result(tmp_path / "r").spec))
    assert fresh.summary == read_result(tmp_path / "r").summary
    assert not folder.exists()


def test_two_runs_do_not_share_a_checkpoint(tmp_path, monkeypatch):
    import psutil

    folder = stopped(tmp_path, monkeypatch)
    waiting = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        other = psutil.Process(waiting.pid)
        (folder / OWNER).write_text(json.dumps({"process": other.pid, "since": other.create_time()}))
        outcome = CliRunner().invoke(main, kept_run(tmp_path))
        assert outcome.exit_code == 2
        assert f"is in use by another run (process {other.pid})" in outcome.stderr
        (folder / OWNER).write_text(json.dumps({"process": other.pid, "since": other.create_time() - 5.0}))
        assert CliRunner().invoke(main, kept_run(tmp_path)).exit_code == 0, (
            "that process is another one by now"
        )
    finally:
        waiting.communicate(b"")


def test_a_checkpoint_holds_no_code(tmp_path, monkeypatch):
    folder = stopped(tmp_path, monkeypatch)
    files = list(folder.iterdir())
    assert len(files) == 4
    for path in files:
        assert path.read_bytes().startswith((b"v2gcity state", b"{")), path


def test_what_was_only_begun_is_gone_on_with(tmp_path):
    """A kill, or a full disk, between the first file and the next leaves a folder that is ours."""
    from sim.runs.sweeps.run_store import RunStore

    kept, store = tmp_path / "kept", tmp_path / "runs"
    kept.mkdir(), store.mkdir()
    (kept / OWNER).write_text("{}")
    (kept / f".{KEY}.1.part").write_text("{")
    (store / ".half").write_text("")
    assert Checkpoint(kept, small(**FEW)).is_fresh
    assert RunStore(store).get(["a"]) == {}
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.txt").write_text("mine")
    for kind in (RunStore, lambda folder: Checkpoint(folder, small(**FEW))):
        with pytest.raises(ScenarioError, match="holds files that are no"):
            kind(tmp_path / "foreign")


@pytest.mark.parametrize("key", ["grid.wind_mw", "grid.solar_mw", "grid.peak_demand_mw"])
@pytest.mark.parametrize("value", [0.0, 1e6, 1e9])
def test_figures_of_a_world_without_a_peak_or_with_nothing_but_one_are_numbers(key, value, tmp_path):
    try:
        spec = small(**FEW, **{key.replace(".", "__"): value})
        result = simulate(prepare(spec))
    except ScenarioError:
        return  # demand below zero, say: refused in a line
    assert write_result(result, tmp_path / "r").summary["audit"]["passed"]
