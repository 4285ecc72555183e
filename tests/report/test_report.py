"""The report: self-contained, true to the figures, and clear where something is missing."""

from __future__ import annotations

import copy
import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from sim.report import style
from sim.report.figures import FIGURES, coal, draw_all, net_load
from sim.report.html import _cards, _head, write_report
from sim.report.owner_figures import earnings
from sim.report.quantities import power
from sim.report.terminal import STEPS_BEFORE_GUESSING, progress_bar
from sim.report.words import findings
from sim.runs.run import prepare, simulate
from sim.studies.article.reference_lines import ARTICLE
from tests.conftest import small


@pytest.fixture(scope="module")
def page(small_result, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    return folder, write_report(small_result, folder).read_text()


class Strict(HTMLParser):
    """Every tag that opens closes, in order."""

    VOID = {"meta", "img", "br", "hr"}  # noqa: RUF012

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_needs_nothing_but_itself(page):
    _, text = page
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    assert "@import" not in text
    assert "<script" not in text
    parser = Strict()
    parser.feed(text)
    assert parser.open == []


def test_all_figures_are_drawn_and_embedded(page, small_result):
    folder, text = page
    drawn = {path.stem for path in (folder / "figures").glob("*.png")}
    assert drawn == set(FIGURES) - {"year"}, "a day has no months"
    assert text.count('src="data:image/png;base64,') == len(drawn)
    assert all(path.stat().st_size > 20_000 for path in (folder / "figures").glob("*.png"))


def test_titles_say_the_finding(small_result, tmp_path):
    titles = draw_all(small_result, tmp_path)
    cut = small_result.summary["effects"]["v2g"]["peak_shaving_mw"]
    assert f"by {power(cut)}" in titles["net_load"]
    assert ("cuts" if cut >= 0 else "raises") in titles["net_load"]
    median = small_result.summary["effects"]["v2g"]["owner_earnings_yuan_per_day"]["median"]
    assert f"{round(median, 1) + 0.0:.1f} yuan a day" in titles["earnings"]
    assert "%" in titles["coal"]


def test_a_peak_that_rises_has_its_interval_the_right_way_round(small_result, monkeypatch):
    """Told by its size: 50 MW more, between 190 less and 280 more."""
    risen = {"mean": -50.0, "ci95": [-280.0, 190.0], "n": 4}
    monkeypatch.setitem(small_result.summary["effects"]["v2g"], "peak_shaving_mw", risen)
    title = net_load(small_result)[1]
    assert "raises the net-load peak by 50 MW (95% interval -190 to 280 MW)" in title
    assert title.endswith("which may be chance")
    assert "raises the peak of net load" in " ".join(findings(small_result))
    assert "(95% interval -190 to 280 MW), which may be chance" in " ".join(findings(small_result))


def test_words_are_those_of_the_figures(small_result):
    text = " ".join(findings(small_result))
    summary = small_result.summary
    assert f"{summary['fleet']['simulated']:,} cars were simulated" in text
    assert f"{abs(summary['effects']['v2g']['peak_shaving_mw']):,.0f} MW" in text
    assert "one draw of the city" in text
    assert ("between the two" in text) or ("does not lie between" in text)


def test_it_says_why_smart_does_not_lie_between(small_result):
    arms = {name: dict(figures) for name, figures in small_result.summary["arms"].items()}
    for arm, peak in (("uncontrolled", 100.0), ("smart", 105.0), ("v2g", 90.0)):
        arms[arm]["peak_net_load_mw"] = peak
    told = " ".join(findings(replace(small_result, summary=small_result.summary | {"arms": arms})))
    assert "does not lie between the two: its peak is 5.0 MW above the uncontrolled one" in told
    arms["smart"]["peak_net_load_mw"], arms["v2g"]["peak_net_load_mw"] = 90.0, 95.0
    told = " ".join(findings(replace(small_result, summary=small_result.summary | {"arms": arms})))
    assert "its peak is 5.0 MW below that of feeding in" in told


def test_assumptions_stand_in_the_report_by_confidence(page):
    _, text = page
    assert re.search(r"<details open><summary>assumption \(\d+\)</summary>", text)
    assert "chargers.one_way_efficiency" in text
    assert "S63" in text
    assert "Global Energy Monitor" in text
    assert "CC BY 4.0" in text


def test_the_charging_shape_stands_in_the_report(page):
    _, text = page
    assert re.search(r"correlation \d\.\d\d, normalised RMSE \d\.\d\d", text)


def test_a_city_without_chargers_says_so(tmp_path):
    nothing = {
        "chargers.home_share_bev": 0.0, "chargers.home_share_phev": 0.0, "chargers.home_share_ride_hailing": 0.0,
        "chargers.work_access_share": 0.0, "chargers.public_posts_per_car": 0.0,
    }  # fmt: skip
    result = simulate(prepare(small(), settings=nothing))
    assert any("nobody can plug in" in text for text in findings(result))
    assert "nobody can plug in" in write_report(result, tmp_path).read_text()


def test_one_arm_alone_has_a_report(tmp_path):
    result = simulate(prepare(small(), arms=["uncontrolled"]))
    text = write_report(result, tmp_path).read_text()
    assert "Net load peaks at" in text
    assert {path.stem for path in (tmp_path / "figures").glob("*.png")} == {
        "net_load",
        "fleet_day",
        "charging_shape",
    }


def test_a_rest_day_alone_has_no_workday_shape(tmp_path):
    import datetime as dt

    result = simulate(prepare(small(time__start=dt.date(2025, 8, 30)), arms=["uncontrolled"]))
    assert "charging_shape" not in draw_all(result, tmp_path)


def test_replications_show_intervals(tmp_path):
    result = simulate(prepare(small(), replications=2, sample=60 / 1_510_000))
    told = " ".join(findings(result))
    assert "95% interval" in told
    page = write_report(result, tmp_path).read_text()
    low, high = result.summary["effects"]["v2g"]["peak_shaving_mw"]["ci95"]
    assert f"<i>{low:,.0f} to {high:,.0f}</i>" in page
    assert f"<i>{-high / 1000.0:+,.2f} to {-low / 1000.0:+,.2f}</i>" in page


def test_an_effect_that_may_be_chance_is_called_so(small_result):
    summary = copy.deepcopy(small_result.summary)
    effect = summary["effects"]["v2g"]
    effect["peak_shaving_mw"] = {"mean": 50.0, "ci95": [-20.0, 120.0], "n": 4}
    effect["coal_displaced_pct"] = {"mean": 0.1, "ci95": [0.05, 0.15], "n": 4}
    effect["coal_displaced_tce"] = {"mean": 9.0, "ci95": [4.0, 14.0], "n": 4}
    told = findings(replace(small_result, summary=summary))
    peak = next(sentence for sentence in told if sentence.startswith("Arm 'v2g' lowers the peak"))
    assert peak.endswith("(95% interval -20 to 120 MW), which may be chance.")
    coal = next(sentence for sentence in told if sentence.startswith("Arm 'v2g' burns"))
    assert "chance" not in coal


#: What a firm kilowatt costs where a run stands for a year.
A_YEAR_OF_FIRM_POWER = {
    "cars": 131.0, "stationary_battery": 371.0, "gas_peaker": 325.0, "demand_response": 300.0,
}  # fmt: skip


def test_a_firm_kilowatt_is_told_with_what_its_buyer_pays(small_result):
    summary = copy.deepcopy(small_result.summary)
    effect = summary["effects"]["v2g"]
    effect["firm_power_yuan_per_kw_year"] = A_YEAR_OF_FIRM_POWER
    effect["pay_for_firm_power_yuan_per_kw_year"] = 3821.0
    told = " ".join(findings(replace(small_result, summary=summary)))
    assert "for its buyer, who pays the owners, it costs 3,821." in told


def test_names_are_escaped(small_result, tmp_path):
    nasty = small_result.spec.model_copy(update={"title": "<script>alert(1)</script>"})
    text = write_report(replace(small_result, spec=nasty), tmp_path).read_text()
    assert "<script>" not in text


def test_time_left_does_not_count_the_compiling(small_result, monkeypatch, capsys):
    clock = iter([0.0, *[30.0] * STEPS_BEFORE_GUESSING, *(30.0 + 11.0 * step for step in range(1, 3))])
    monkeypatch.setattr("sim.report.terminal.time.perf_counter", lambda: next(clock))
    with progress_bar(small_result.spec, quiet=False) as progress:
        for step in range(STEPS_BEFORE_GUESSING + 2):
            progress("v2g", 0, step + 1, 100)
    steps_left = 3 * 100 - STEPS_BEFORE_GUESSING - 1
    assert f"about {11.0 * steps_left:.0f} s left" in capsys.readouterr().err.splitlines()[0]


def test_no_line_shares_its_colour_with_another(small_result):
    """Six arms of one's own have five colours: net load is not drawn then."""
    assert net_load(small_result) is not None
    names = ["uncontrolled", *(f"regime-{number}" for number in range(6))]
    summary = {**small_result.summary, "arms": {key: {} for key in names}}
    assert net_load(replace(small_result, summary=summary)) is None
    figure = style.new_figure(11, 4)
    style.headline(figure, "x" * 130, "")
    assert figure.get_suptitle().startswith("x")
    assert figure._suptitle.get_fontsize() < 11


def test_another_place_says_what_is_its_own_and_what_is_shanghais(small_result, tmp_path):
    city = small_result.spec.city.model_copy(update={"place": "california"})
    elsewhere = replace(small_result, spec=small_result.spec.model_copy(update={"city": city}))
    head = _head(elsewhere)
    assert "Shanghai's are the map, names of districts" in html.unescape(head)
    assert "人民币" in head
    assert "沿用上海" not in _head(small_result)


def test_the_title_of_earnings_is_true_of_its_figures(small_result, monkeypatch):
    """One in twenty earns more than 7.6 where they earn more than 7.62, and not more than 8."""
    earned = small_result.summary["effects"]["v2g"]["owner_earnings_yuan_per_day"]
    for p95, told in ((7.62, "7.6"), (7.68, "7.6"), (0.04, "0.0")):
        monkeypatch.setitem(earned, "p95", p95)
        assert earnings(small_result)[1].endswith(f"one in twenty more than {told}")


def test_nothing_is_neither_more_nor_less(small_result, monkeypatch):
    """What rounds to nothing has no sign and no direction, in sentences, titles, cards and bars."""
    effect = small_result.summary["effects"]["v2g"]
    nothing = {
        "peak_shaving_mw": 0.01, "coal_displaced_tce": -0.2, "coal_displaced_pct": -0.001,
        "coal_system_displaced_tce": 0.1, "coal_system_displaced_pct": 0.001, "coal_elsewhere_displaced_tce": 0.3, "co2_avoided_t": -0.4, "generation_cost_saved_yuan": 900.0,
    }  # fmt: skip
    for key, value in nothing.items():
        monkeypatch.setitem(effect, key, value)
    told = next(text for text in findings(small_result) if text.startswith("Arm 'v2g' burns"))
    assert "burns just as much coal in the whole system (0.00%): just as much in the city (0.00%" in told
    assert "and just as much elsewhere for imports" in told
    assert "makes supply just as dear" in told
    assert any(text.startswith("Arm 'v2g' leaves the peak") for text in findings(small_result))
    assert coal(small_result)[1].endswith("the city's plants just as much"), (
        "a report knows no article by itself"
    )
    figure, title = coal(replace(small_result, against=ARTICLE))
    assert (
        "burns just as much coal, imports included, the city's plants just as much; the article says" in title
    )
    assert "0.00%" in [text.get_text() for text in figure.axes[0].texts]
    assert "leaves the net-load peak" in net_load(small_result)[1]
    page = _cards(small_result)
    assert not re.search(r"[-+]0(\.0+)?(?=[ %])", page)


def test_every_part_of_the_fuel_says_where_it_may_be_chance(small_result, monkeypatch):
    effect = small_result.summary["effects"]["v2g"]
    unsure = {"mean": 900.0, "ci95": [-200.0, 2000.0], "n": 4}
    for key in ("coal_elsewhere_displaced_tce", "co2_avoided_t", "generation_cost_saved_yuan"):
        monkeypatch.setitem(effect, key, unsure)
    told = next(text for text in findings(small_result) if text.startswith("Arm 'v2g' burns"))
    assert told.count("which may be chance") == 3


def test_nothing_is_told_of_a_year_unless_the_run_stands_for_one(small_result, monkeypatch):
    effect = small_result.summary["effects"]["v2g"]
    told = " ".join(findings(small_result))
    assert "Nothing is said of a year: the run stands for less." in told
    assert "a year in chargers" not in told
    monkeypatch.setitem(effect, "firm_power_yuan_per_kw_year", A_YEAR_OF_FIRM_POWER)
    monkeypatch.setitem(effect, "pay_for_firm_power_yuan_per_kw_year", 3821.0)
    told = " ".join(findings(small_result))
    assert "Year after year, a firm kilowatt from the cars costs 131 yuan a year" in told
    assert "Nothing is said of a year" not in told
