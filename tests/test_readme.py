"""What the README and the page on policies say is true: commands, code, figures."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections import Counter

import pandas as pd
import pytest

from sim.runs.sweeps.plan import load_sweep
from sim.scenario import ScenarioError, load_scenario
from sim.scenario.tariff_book import pay_regimes
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROSE = " ".join(README.split())
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)


def block(language: str) -> str:
    return next(text for name, text in BLOCKS if name == language)


def test_figures_in_prose_are_those_of_the_reference_results():
    script = script_of("make_prose")
    policies = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    for page, name in ((README, "figures"), (policies, "unplugging"), (policies, "rebound")):
        begin, end = script.MARKS[name]
        assert f"{begin}\n{getattr(script, name)()}\n{end}" in page
    harm, call = (
        script.effects_of("mass-unplug")[arm]["peak_shaving_mw"] for arm in ("v2g-unplug", "v2g-unplug-call")
    )
    assert harm["ci95"][0] < 0.0 < harm["ci95"][1], "not settled"
    assert call["ci95"][0] < 0.0
    night = script.effects_of("tariff-rebound")
    one_way, two_way = (night[arm]["rebound_mw"]["ci95"] for arm in ("tou", "tou-v2g"))
    assert 0.0 < one_way[0] < one_way[1] < two_way[0], "a little above the old peak, and far above it"
    assert script.median(night["tou"]) == pytest.approx(script.median(night["tou-staggered"]), abs=0.05)


def test_it_counts_verdicts_and_grades_as_they_were_kept():
    kept = {
        name: json.loads((ROOT / "results" / "reference" / f"{name}.json").read_text())
        for name in ("claims", "check")
    }
    verdicts = Counter(claim["answer"]["verdict"] for claim in kept["claims"]["claims"])
    told = [verdicts[name] for name in ("holds", "holds only if", "does not hold", "undefined", "not judged")]
    assert sum(told) == 30
    assert "{} hold, {} hold only if, {} do not hold, {} are undefined, {} are inputs".format(*told) in PROSE
    grades = Counter(row["grade"] for row in kept["check"])
    graded = sum(grades[name] for name in ("pass", "near", "fail"))
    assert f"{grades['pass']} of {graded} pass" in PROSE


def test_the_page_on_the_grid_shows_the_kept_rows():
    script = script_of("make_grid_table")
    page = (ROOT / "docs" / "grid.md").read_text(encoding="utf-8")
    for name, text in (
        ("check", script.check_table()),
        ("commitment", script.commitment_lines()),
        ("places", script.places_table()),
    ):
        assert f"<!-- {name} table -->\n{text}\n<!-- end of {name} table -->" in page
    rows = pd.read_csv(script.REFERENCE / "grid_check.csv").set_index(["place", "figure"])
    for figure in ("annual_consumption", "record_summer", "record_winter"):
        row = rows.loc[("shanghai", figure)]
        assert abs(row["model"] / row["published"] - 1.0) < 0.03, figure
    for figure in ("coal_share", "gas_share", "import_share"):
        row = rows.loc[("shanghai", figure)]
        assert abs(row["model"] - row["published"]) < 2.0, figure
    gaps = pd.read_csv(script.REFERENCE / "commitment.csv")
    known = gaps[gaps["outages"] == "expected"]
    assert known["gap_pct"].median() < 1.0, "on most days the schedule itself is near the cheapest"
    assert (known["gap_pct"] < 5.0).all(), "on the tightest ones not by far"


def test_its_scenario_is_in_order_and_its_mistake_is_told_as_shown(tmp_path):
    path = tmp_path / "my.yaml"
    text = block("yaml").replace("scenarios/base", str(ROOT / "scenarios" / "base"))
    path.write_text(text)
    assert load_scenario(path).participation.enrolled_share == 0.35
    path.write_text(text.replace("enrolled_share", "enroled_share"))
    with pytest.raises(ScenarioError) as error:
        load_scenario(path)
    shown = re.search(r"my\.yaml:5: .*?allowed: ", README).group()
    assert shown in str(error.value)


def test_what_it_links_to_is_there():
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README):
        assert (ROOT / target).exists(), target
    for scenario in re.findall(r"scenarios/[\w/-]+\.yaml", README):
        assert (ROOT / scenario).is_file(), scenario


def script_of(name):
    sys.path.insert(0, str(ROOT / "docs"))  # the scripts share a module beside them
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    script = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(script)
    finally:
        sys.path.remove(str(ROOT / "docs"))
    return script


def test_the_regime_table_is_that_of_the_kept_rows_and_holds_every_regime():
    script = script_of("make_regime_table")
    page = (ROOT / "docs" / "money.md").read_text(encoding="utf-8")
    assert f"{script.BEGIN}\n{script.table()}\n{script.END}" in page
    rows = pd.read_csv(script.ROWS).set_index("regime")
    assert set(pay_regimes()) <= set(rows.index)
    assert (rows["mean_yuan"] < 200.0).all(), "the article's night"
    regulated = rows.loc[["guangdong", "jiangsu-home", "shanghai", "nio-points"]]
    assert (regulated["mean_yuan"] < regulated["pencil_yuan"]).all()


def test_what_a_referee_found_is_told_from_stored_results():
    script = script_of("make_referee_tables")
    page = (ROOT / "docs" / "fooled.md").read_text(encoding="utf-8")
    for mark, text in script.BLOCKS.items():
        assert f"<!-- {mark} -->\n{text()}\n<!-- end of {mark} -->" in page


def test_the_gap_table_is_that_of_the_kept_rows_and_coordination_leads_it():
    script = script_of("make_gap_table")
    page = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    assert f"{script.BEGIN}\n{script.table()}\n{script.END}" in page
    rows = pd.read_csv(script.ROWS).set_index(["policy", "form", "forecasts"])
    cost = rows.loc[("coordinated, cost", "two_way", "perfect")]
    assert cost["saved_pct"] > 95.0
    assert rows.loc[("coordinated, cost", "two_way", "own")]["saved_pct"] > 90.0
    by_price = rows[[name.startswith(("tou", "price")) for name, *_ in rows.index]]
    assert cost["saved_yuan"] > by_price["saved_yuan"].max()


def test_the_tariff_on_the_page_on_money_is_in_order(tmp_path):
    page = (ROOT / "docs" / "money.md").read_text(encoding="utf-8")
    path = tmp_path / "mine.yaml"
    path.write_text(re.search(r"```yaml\n(.*?)```", page, re.DOTALL).group(1))
    market = load_scenario(path).market
    tariff = market.tariff(market.tariff_at_home)
    assert tariff.prices(12, 0)[20 * 60] == 1.2  # sharp on a workday evening of December
    assert tariff.prices(12, 1)[20 * 60] == 0.617
    assert tariff.prices(8, 0, 2)[3 * 60] == 0.487


def test_the_habits_that_matter_are_those_of_the_sweep():
    script = script_of("make_behaviour_table")
    page = (ROOT / "docs" / "people.md").read_text(encoding="utf-8")
    assert f"{script.BEGIN}\n{script.table()}\n{script.END}" in page
    plan = load_sweep(ROOT / "scenarios" / "sweeps" / "behaviour.yaml").sweep
    assert list(script.OUTCOMES) == list(plan.outcomes)
    total = pd.read_csv(script.INDICES).query("index == 'total'").set_index(["outcome", "parameter"])["value"]
    assert set(total.index.get_level_values("parameter")) == set(plan.parameters)
    for outcome, habit in (("coal_system_displaced_pct", "reserve_soc"), ("peak_cut_mw", "timer_share")):
        assert total[outcome].idxmax() == habit
    assert total.xs("plug_in_response_to_pay", level="parameter").max() == 0.0
