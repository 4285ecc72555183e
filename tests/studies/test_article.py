"""Claims: verdicts follow from where figures lie, every claim has a judge, every verdict a run."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click import Context
from click.testing import CliRunner
from rich.console import Console
from ruamel.yaml import YAML

from sim.cli import main
from sim.data.catalogue import sources
from sim.report.claims_html import interval_words, write_claims
from sim.report.claims_terminal import show_claims
from sim.runs.reproduce import few
from sim.runs.run import prepare, simulate
from sim.scenario.shipped import scenarios_folder
from sim.studies.article import grid_claims, inverse, judge, runs
from sim.studies.article.answer import FAILS, HOLDS, INPUT, ONLY_IF, UNDEFINED, VERDICTS, Figure
from sim.studies.article.catalogue import claims
from sim.studies.article.judge import JUDGES, Judgement

pytestmark = pytest.mark.xdist_group("claims")  # one worker makes the runs


@pytest.mark.parametrize(("figure", "verdict"), [
    (Figure(9.0), HOLDS),
    (Figure(7.0), FAILS),
    (Figure(9.0, 8.5, 9.5), HOLDS),
    (Figure(9.0, 7.5, 10.5), ONLY_IF),
    (Figure(7.0, 6.5, 7.5), FAILS),
    (Figure(9.0, 8.5, 9.5, (8.1, 12.0)), HOLDS),
    (Figure(9.0, 8.5, 9.5, (2.0, 12.0)), ONLY_IF),
    (Figure(7.0, 6.5, 7.5, (1.0, 12.0)), ONLY_IF),
    (Figure(7.0, 6.5, 7.5, (1.0, 2.0)), FAILS),
    (Figure(None), UNDEFINED),
])  # fmt: skip
def test_a_verdict_needs_the_whole_interval_and_the_whole_spread(figure, verdict):
    found, condition = figure.within(8.0, 100.0)
    assert found == verdict
    assert bool(condition) == (verdict in (ONLY_IF, UNDEFINED))


def test_figures_change_their_unit_with_their_intervals():
    assert Figure(2.0, 1.0, 3.0, (0.0, 4.0)).times(-10.0) == Figure(-20.0, -30.0, -10.0, (-40.0, 0.0))
    assert interval_words(Figure(1.234, 1.0, 2.0, (0.0, 3.0)), "MW") == (
        "1.23 MW, 95% interval over draws 1.00 to 2.00, over uncertain parameters 0.00 to 3.00"
    )
    assert interval_words(Figure(123.4), "MW") == "123 MW, one draw or all alike"


def test_every_claim_has_a_judge_and_a_known_source():
    assert {claim.id.upper() for claim in claims()} == {f"C{name}" for name in JUDGES}
    assert len(claims()) == 30
    for claim in claims():
        for code in claim.source.split("+"):
            assert code in sources(), claim.id


def test_the_price_is_found_where_earnings_reach_the_goal():
    assert inverse._search(lambda price: 40.0 * price - 20.0, 200.0) == pytest.approx(5.5, abs=0.12)
    assert inverse._search(lambda price: 5.0, 200.0) is None


def test_owners_are_left_with_more_at_a_higher_price(monkeypatch):
    monkeypatch.setattr(inverse, "CARS", 200)
    earned = partial(inverse.earned_at, power_kw=7.0)
    low, high = (inverse._left(earned, price, 0.9) for price in (0.3, 8.0))
    assert high > low + 10.0


TINY = {
    "time.step_minutes": 60,
    "fleet.sample": 300 / 1_510_000,
    "time.days": 2,
    "time.warmup_days": 1,
    "replications": 2,
}
ONE = {**TINY, "replications": 1}
WEEK = [{"start": "2025-04-14", "months": list(range(1, 13))}]


SMALL = {
    "summer": TINY,
    "year": {
        "time.step_minutes": 60,
        "fleet.sample": 200 / 1_510_000,
        "time.weeks": WEEK,
        "time.warmup_days": 1,
        "replications": 2,
    },
    "today": ONE,
    "regimes": {**TINY, "time.days": 1},
    "pay": {**ONE, "time.days": 2},
    "unplug": {
        "time.step_minutes": 60,
        "fleet.sample": 300 / 1_510_000,
        "time.warmup_days": 1,
        "replications": 1,
    },
    "china": {"fleet.sample": 300 / 40e6, "time.days": 2, "time.warmup_days": 1, "replications": 2},
    "china-2030": {"fleet.sample": 300 / 100e6, "time.days": 2, "time.warmup_days": 1, "replications": 1},
}
TINY_WANTED = {
    name: runs.Wanted(wanted.scenario, wanted.settings, SMALL[name]) for name, wanted in runs.WANTED.items()
}


def gap_of_two(spec, cars, days, replications):
    """Stands for the comparison with the best possible, which has tests of its own."""
    return pd.DataFrame(
        [
            {
                "policy": f"coordinated, {goal}",
                "form": form,
                "forecasts": of,
                "saved_pct": pct,
                "peak_cut_pct": pct,
            }
            for goal, form, of, pct in (
                ("cost", "two_way", "own", 61.0),
                ("cost", "one_way", "own", 11.0),
                ("cost", "two_way", "perfect", 99.0),
                ("peak", "two_way", "own", 72.0),
            )
        ]
    )


def small_unknowns(folder):
    """Folder with the sweep over the uncertain parameters, of one week and few cars."""
    shipped = scenarios_folder() / "sweeps" / judge.UNKNOWNS
    sweep = YAML(typ="safe").load(shipped)
    sweep["scenario"] = str((shipped.parent / sweep["scenario"]).resolve())
    sweep["settings"] |= {
        key: SMALL["year"][key] for key in ("time.step_minutes", "time.weeks", "fleet.sample")
    }
    (folder / "sweeps").mkdir(parents=True, exist_ok=True)
    YAML(typ="safe").dump(sweep, folder / "sweeps" / judge.UNKNOWNS)
    return folder


@pytest.fixture(scope="module")
def judgement(tmp_path_factory):
    folder = tmp_path_factory.mktemp("claims")
    with pytest.MonkeyPatch.context() as patch:
        for module in (runs, judge):
            patch.setattr(module, "WANTED", TINY_WANTED)
        patch.setattr(judge, "QUICK_POINTS", 3)
        patch.setattr(judge, "scenarios_folder", lambda: small_unknowns(folder / "scenarios"))
        patch.setattr(runs, "gap_table", gap_of_two)
        patch.setattr(judge, "local_workers", lambda: 0)
        patch.setattr(judge, "price_for", lambda *asked: [inverse.Price(7.0, 12.0, None)])
        made = []
        first = judge.judge(folder, True, made.append)
        again = []
        second = judge.judge(folder, True, again.append)
    return first, second, made, again


def test_every_claim_gets_a_verdict_that_rests_on_runs(judgement):
    found = judgement[0]
    assert [each.claim.id for each in found.rows] == [claim.id for claim in claims()]
    for each in found.rows:
        assert each.answer.verdict in VERDICTS
        assert each.answer.text
        if each.answer.verdict in (HOLDS, FAILS):
            assert each.answer.runs, each.claim.id
            assert each.answer.figure is not None or each.claim.id == "C14", each.claim.id
        if each.answer.verdict == ONLY_IF:
            assert each.answer.condition, each.claim.id
        for run in each.answer.runs:
            assert found.commands[run].startswith(("v2gcity run scenarios/", "v2gcity gap scenarios/"))
        if each.claim.testable == "input":
            assert each.answer.verdict == INPUT, each.claim.id


def test_every_printed_command_asks_for_the_run_that_was_made(judgement):
    """What is printed parses on the command line, and to the settings the run was made with."""
    program = Context(main, **main.context_settings)
    for name, command in judgement[0].commands.items():
        words = shlex.split(command)
        verb = main.commands[words[1]]
        given = verb.make_context(words[1], words[2:], parent=program).params
        if words[1] == "run":
            spec = prepare(given["scenario"], settings=given["settings"])
            assert "smart" not in spec.arms or "arms.smart=null" not in words
            if name in runs.WANTED:
                wanted = TINY_WANTED[name].all_settings(quick=True)
                assert spec.resolved() == prepare(given["scenario"], settings=wanted).resolved(), name


def test_measures_are_taken_in_every_draw(judgement):
    """Runs of two draws give an interval, or two that are alike; one draw gives neither."""
    found = {each.claim.id: each.answer.figure for each in judgement[0].rows}
    for claim in ("C10", "C19", "C28"):
        assert found[claim].low < found[claim].value < found[claim].high, claim
    assert (found["C08c"].value, found["C08c"].low) == (0.0, None), "in no draw is anything fed in at night"


def test_no_parameter_is_named_decisive_by_chance(tmp_path):
    """Of 37 parameters that do nothing two pass a test at one in twenty; at its share of that none does."""
    rng = np.random.default_rng(3)
    noise = np.clip(rng.normal(0.0, 1.0 / np.sqrt(80), 37), -0.33, 0.33)
    rows = [("co2", f"p{k}", "rank_correlation", value) for k, value in enumerate([*noise[:-1], 0.6])]
    indices = pd.DataFrame(rows, columns=["outcome", "parameter", "index", "value"])
    unknowns = runs.Unknowns(pd.DataFrame({"co2": np.zeros(80)}), indices, 37)
    assert runs.Bench(tmp_path, True, print, unknowns).decides("co2") == ("p36",)
    assert (np.abs(noise) > 1.96 / np.sqrt(77)).any()


def test_coordination_is_told_as_a_share_of_the_best_possible(judgement):
    answer = next(each.answer for each in judgement[0].rows if each.claim.id == "C25")
    assert answer.verdict == UNDEFINED
    assert "61% of the saving of supply" in answer.text
    assert "72% of the cut of the peak" in answer.text


@pytest.mark.parametrize(("resources", "pay", "verdict"), [
    (100.0, 200.0, HOLDS), (100.0, 3_000.0, ONLY_IF), (900.0, 3_000.0, FAILS),
])  # fmt: skip
def test_cars_replace_batteries_by_what_is_counted(resources, pay, verdict):
    class Bench:
        def effect(self, run, key):
            other = {"stationary_battery": 371.0, "gas_peaker": 325.0, "demand_response": 300.0}
            cars = {"firm_power_yuan_per_kw_year.cars": resources, "pay_for_firm_power_yuan_per_kw_year": pay}
            return Figure(cars[key] if key in cars else other[key.split(".")[1]])

    answer = grid_claims.c27(Bench())
    assert answer.verdict == verdict
    assert bool(answer.condition) == (verdict == ONLY_IF)


def test_there_is_one_of_each_among_the_whole_runs():
    reference = Path(__file__).parents[2] / "results" / "reference" / "claims.json"
    kept = [claim["answer"]["verdict"] for claim in json.loads(reference.read_text())["claims"]]
    assert {HOLDS, FAILS, UNDEFINED} <= set(kept)


def test_what_has_been_run_is_not_run_again_and_says_the_same(judgement):
    first, second, made, again = judgement
    assert (
        sum(text.startswith("running ") for text in made) == len(runs.WANTED) + 2
    )  # and the unknowns, and the gap
    assert not [text for text in again if text.startswith("running ") and "points" not in text]
    assert json.dumps(first.plain(), default=str) == json.dumps(second.plain(), default=str)


def test_runs_made_side_by_side_are_those_made_alone(tmp_path, monkeypatch):
    tiny = {**few(100), "arms.smart": None}
    monkeypatch.setattr(
        runs,
        "WANTED",
        {
            "short": runs.Wanted("quickstart.yaml", tiny),
            "long": runs.Wanted("quickstart.yaml", {**tiny, "replications": 2}),
        },
    )
    monkeypatch.setenv("V2GCITY_THREADS", "2")
    (tmp_path / "gap.csv").write_text("")
    (tmp_path / "gap.json").write_text(json.dumps(runs._gap_mark(runs.GAP_ASKED, b"")))
    said = []
    bench = runs.Bench(tmp_path, False, said.append)
    bench.make_ahead()
    assert [text.split(":")[0] for text in said[:2]] == ["running long", "running short"]
    assert sorted(said[2:]) == ["long is done", "short is done"]
    assert bench["short"].summary == simulate(bench["short"].spec).summary
    bench.make_ahead()
    assert len(said) == 4, "what is there is not made again"


ENDLESS = """
from pathlib import Path
from sim.studies.article import runs
if __name__ == "__main__":
    runs.WANTED = {{name: runs.Wanted("quickstart.yaml", {{"time.days": 30}}) for name in ("one", "two", "three")}}
    runs.Bench(Path("{folder}"), False, lambda text: print(text, flush=True)).make_ahead()
"""


@pytest.mark.parametrize("after_s", [0.0, 0.3, 3.0], ids=["as they begin", "beginning", "at work"])
def test_ctrl_c_ends_runs_side_by_side_at_once(tmp_path, after_s):
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS.format(folder=tmp_path / "runs"))
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env=os.environ | {"V2GCITY_THREADS": "2"},
    ) as process:  # fmt: skip
        told = [process.stdout.readline() for _ in range(4)]
        time.sleep(after_s)
        os.killpg(process.pid, signal.SIGINT)
        try:
            out, error = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert told[0] == "running gap\n"
    assert "done" not in out
    assert error.count("Traceback") == 1, "the one of this script, none of its processes"
    assert error.rstrip().endswith("KeyboardInterrupt")
    deadline = time.monotonic() + 10.0
    while _lives(process.pid):
        assert time.monotonic() < deadline, "a process goes on"
        time.sleep(0.1)


def _lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_page_opens_offline_and_links_to_its_runs(judgement, tmp_path):
    found = judgement[0]
    text = write_claims(found, tmp_path).read_text()
    assert "This is a taste" in text
    for claim in claims():
        assert f'id="{claim.id}"' in text
    for name in runs.WANTED:
        assert f'id="run-{name}"' in text
    assert "<script" not in text
    assert 'src="http' not in text


def test_the_table_fits_a_terminal(judgement, tmp_path):
    with (tmp_path / "out").open("w") as stream:
        console = Console(width=150, record=True, file=stream)
        show_claims(judgement[0], console)
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 150
    assert any("C12" in line for line in lines)


def test_a_page_of_no_claims_says_so(tmp_path):
    empty = Judgement([], [], {}, quick=False)
    assert "This is a taste" not in write_claims(empty, tmp_path).read_text()


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "mine.txt").write_text("mine")
    outcome = CliRunner().invoke(main, ["claims", "--quick", "--out", str(tmp_path)])
    assert outcome.exit_code == 2
    assert "a page of claims" in outcome.output
    assert (tmp_path / "page" / "mine.txt").read_text() == "mine"
