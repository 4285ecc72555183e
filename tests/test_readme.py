"""What the README and the page on policies say is true: commands, code, figures."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections import Counter

import pandas as pd
import pytest

from sim.report.quantities import more_than
from sim.scenario import ScenarioError, load_scenario
from sim.scenario.tariff_book import pay_regimes
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROSE = " ".join(README.split())
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)


def block(language: str) -> str:
    return next(text for name, text in BLOCKS if name == language)


@pytest.fixture(scope="module")
def effects():
    return json.loads((ROOT / "results" / "reference" / "shanghai-summer.json").read_text())["effects"]


def test_its_figures_are_those_of_the_reference_result(effects):
    v2g, smart = effects["v2g"], effects["smart"]
    peak, coal = v2g["peak_shaving_mw"], v2g["coal_displaced_pct"]
    low, high = (end / 1000.0 for end in peak["ci95"])
    assert f"{peak['mean'] / 1000.0:.2f} GW (95% interval {low:.2f} to {high:.2f})" in PROSE
    assert f"which is {v2g['peak_shaving_pct']['mean']:.1f}%" in PROSE
    earned = v2g["owner_earnings_yuan_per_day"]
    assert f"median owner earns {earned['median']['mean']:.1f} yuan a day" in PROSE
    assert f"one in twenty earns more than {more_than(earned['p95']['mean'], 1)}" in PROSE
    assert coal["ci95"][1] < 0.0, "more coal, and not by chance"
    assert f"({-coal['mean']:.2f}% more, interval {-coal['ci95'][1]:.2f}% to {-coal['ci95'][0]:.2f}%" in PROSE
    assert f"worth {v2g['adequacy']['elcc_mw']['mean']:.0f} MW of firm capacity" in PROSE
    assert f"CO2 rises by {-round(v2g['co2_avoided_t']['mean'], -2):,.0f} t" in PROSE
    assert smart["peak_shaving_mw"]["ci95"][0] < 0.0
    assert f"lowers the peak by {smart['peak_shaving_mw']['mean']:.0f} MW, which may be chance" in PROSE


def test_its_year_is_that_of_the_reference_result():
    year = json.loads((ROOT / "results" / "reference" / "shanghai-year.json").read_text())["effects"]["v2g"]
    assert f"burns {-year['coal_displaced_pct']:.2f}% more coal in the city" in PROSE
    assert f"then earns {year['owner_earnings_yuan_per_day']['median']:.1f} yuan a day" in PROSE


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
    for figure in ("coal_share", "import_share"):
        row = rows.loc[("shanghai", figure)]
        assert abs(row["model"] - row["published"]) < 5.0, figure
    gaps = pd.read_csv(script.REFERENCE / "commitment.csv")
    known = gaps[gaps["outages"] == "expected"]
    assert (known["gap_pct"] < 1.0).all(), "the schedule itself is within a percent of the cheapest"


def test_its_python_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(compile(block("python"), "README.md", "exec"), names)
    assert names["model"].finished


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


def test_the_page_on_policies_shows_the_reference_result():
    page = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    reference = json.loads((ROOT / "results" / "reference" / "tariff-rebound.json").read_text())["effects"]

    def cell(figure):
        low, high = figure["ci95"]
        return f"{figure['mean']:,.0f} ({low:,.0f} to {high:,.0f})"

    for name, effect in reference.items():
        cells = [cell(effect[key]) for key in ("largest_rise_mw", "rebound_mw", "peak_shaving_mw")]
        assert f"| `{name}` | {' | '.join(cells)} |" in page
    for name in ("tou", "tou-staggered"):
        earned = reference[name]["owner_earnings_yuan_per_day"]["median"]["mean"]
        assert f"({earned:.2f} yuan a day)" in page
    assert reference["tou"]["rebound_mw"]["ci95"][0] < 0.0 < reference["tou-v2g"]["rebound_mw"]["ci95"][0]


def test_the_page_on_policies_shows_what_a_mass_unplugging_does():
    page = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    effects = json.loads((ROOT / "results" / "reference" / "mass-unplug.json").read_text())["effects"]
    for arm, effect in effects.items():
        cut, earned = effect["peak_shaving_mw"], effect["owner_earnings_yuan_per_day"]["median"]["mean"]
        low, high = cut["ci95"]
        assert f"| `{arm}` | {cut['mean']:,.0f} ({low:,.0f} to {high:,.0f}) | {earned:.2f} |" in page
    harm = effects["v2g-unplug"]["peak_shaving_mw"]
    assert harm["mean"] < 0.0 < harm["ci95"][1], "in most draws, not settled"
    assert effects["v2g-unplug-call"]["peak_shaving_mw"]["ci95"][0] < 0.0


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
