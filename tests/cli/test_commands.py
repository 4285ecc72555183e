"""The commands of the contract."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import subprocess
import sys

import pandas as pd
import pytest
from click.testing import CliRunner

from sim import CityModel, __version__
from sim.cli import main
from sim.cli_errors import ending_at_ctrl_c
from sim.runs.store import write_result
from sim.step_plan import STEP_PARTS
from tests.conftest import ROOT, SCENARIOS


def invoke(*arguments: object):
    outcome = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert outcome.exit_code == 0, outcome.output
    return outcome


@pytest.fixture
def scenario(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.yaml"
    path.write_text(
        "title: My city\ntime: {start: 2025-08-27, days: 1, warmup_days: 1}\n"
        "fleet: {cars: 1_510_000, sample: 0.0001, v2g_capable: 1.0}\n"
    )
    return path


def test_an_interrupt_that_something_swallows_ends_the_run_with_its_step():
    before, seen = signal.getsignal(signal.SIGINT), []
    with ending_at_ctrl_c(lambda *of: seen.append(of)) as after_step:
        after_step("v2g", 0, 1, 96)
        with contextlib.suppress(KeyboardInterrupt):  # as a finaliser does
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            after_step("v2g", 0, 2, 96)
    assert seen == [("v2g", 0, 1, 96)]
    assert signal.getsignal(signal.SIGINT) is before


def test_run_writes_a_folder_and_says_where(scenario, tmp_path):
    outcome = invoke("run", scenario)
    folder = tmp_path / "results" / "mine"
    assert f"report: {folder / 'report.html'}" in outcome.stdout
    assert "My city" in outcome.stdout
    assert "audit passed" in outcome.stdout
    assert (folder / "report.html").stat().st_size > 200_000
    assert json.loads((folder / "summary.json").read_text())["scenario"] == "mine"


def test_run_plan_prints_the_order_of_a_step_as_data(scenario, tmp_path):
    outcome = invoke("run", scenario, "--plan", "--days", 1, "--arms", "uncontrolled,v2g", "--quiet")
    table = pd.read_csv(io.StringIO(outcome.stdout))
    assert list(table["arm"].unique()) == ["uncontrolled", "v2g"]
    for _, arm in table.groupby("arm"):
        assert list(arm["part"]) == [part.name for part in STEP_PARTS]
        assert list(arm["order"]) == list(range(1, len(STEP_PARTS) + 1))
        assert arm["share"].sum() == pytest.approx(1.0, abs=1e-4)
        assert (arm["seconds"] > 0.0).all()
        assert arm["does"].str.len().min() > 20
    assert not (tmp_path / "results").exists()


def test_every_part_of_a_step_is_a_method_of_the_model():
    model = CityModel("quickstart", arm="v2g", fleet__cars=100, fleet__sample=1.0)
    assert list(model.plan["seconds"]) == [0.0] * len(STEP_PARTS)
    for part in STEP_PARTS:
        assert callable(getattr(model, f"_{part.name}"))
    model.step()
    assert (
        model.plan.set_index("part")["seconds"]
        .drop([part.name for part in STEP_PARTS if part.recorded])
        .min()
        > 0
    )


def test_run_takes_the_options_of_the_contract(scenario, tmp_path):
    options = ["--out", "there", "--set", "grid.wind_mw=2000", "--set", "outputs.figures=false", "--seed", 5]
    options += [
        "--days",
        2,
        "--sample",
        0.00005,
        "--replications",
        2,
        "--arms",
        "uncontrolled,v2g",
        "--quiet",
    ]
    outcome = invoke("run", scenario, *options)
    assert outcome.output == ""
    manifest = json.loads((tmp_path / "there" / "manifest.json").read_text())
    summary = json.loads((tmp_path / "there" / "summary.json").read_text())
    assert manifest["seed"] == 5
    assert summary["fleet"]["simulated"] == 76
    assert list(summary["effects"]) == ["v2g"]
    assert summary["effects"]["v2g"]["peak_shaving_mw"]["n"] == 2
    assert "wind_mw: 2000" in (tmp_path / "there" / "scenario.yaml").read_text()
    assert not (tmp_path / "there" / "report.html").exists()


@pytest.mark.parametrize("name", ["quickstart", "shanghai-summer", "shanghai-winter"])
def test_validate_shipped(name):
    outcome = invoke("validate", SCENARIOS / f"{name}.yaml")
    assert "in order" in outcome.stdout
    assert "uncontrolled, smart, v2g" in outcome.stdout


def test_schema():
    assert json.loads(invoke("schema").stdout)["title"] == "v2gcity scenario"


def test_scenarios_lists_what_ships():
    text = invoke("scenarios").stdout
    assert "shanghai-summer\n" in text
    assert "record heat" in text
    assert "base" not in text


def test_data_prints_every_parameter_with_its_source():
    text = invoke("data", SCENARIOS / "shanghai-summer.yaml").stdout
    line = next(line for line in text.splitlines() if line.startswith("chargers.one_way_efficiency"))
    assert line.split() == ["chargers.one_way_efficiency", "0.933", "-", "S63", "derived"]
    line = next(line for line in text.splitlines() if line.startswith("market.regime"))
    assert line.split()[-2:] == ["A", "assumption"]
    assert "Global Energy Monitor" in text
    assert "S63  Schram et al." in text
    assert "v2g: operator.policy = coordinated" in text


def test_compare_puts_results_side_by_side(small_result, tmp_path):
    for name in ("a", "b"):
        write_result(small_result, tmp_path / name)
    text = invoke("compare", tmp_path / "a", tmp_path / "b").stdout
    assert "effects.v2g.peak_shaving_mw" in text
    assert "audit.passed" in text


def test_version_and_module():
    outcome = subprocess.run(
        [sys.executable, "-m", "sim", "--version"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert outcome.stdout == f"v2gcity, version {__version__}\n"


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom sim.cli import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0\n"
        "heavy = {'mesa', 'numba', 'pandas', 'numpy', 'matplotlib', 'pydantic', 'pvlib', 'solara', 'dask'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_import_sim_is_light():
    code = "import sys, sim\nassert not {'mesa', 'numba', 'pandas', 'numpy'} & set(sys.modules)\n"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_everything_public_can_be_had():
    import sim

    for name in sim.__all__:
        assert getattr(sim, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sim.nothing
    assert "CityModel" in dir(sim)


def test_every_command_of_the_contract_has_help():
    for name in ("run", "validate", "schema", "scenarios", "data", "compare"):
        assert "Usage:" in invoke(name, "--help").stdout
