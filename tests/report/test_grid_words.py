"""What the report says of the grid: bounds, coal that rises, adequacy, the article's fifteen percent."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from sim import run
from sim.effects.stability import DEFINITIONS
from sim.effects.supply import supply_effects
from sim.report.grid_figures import stability, year
from sim.report.grid_words import (
    adequacy_sentences,
    bound_sentence,
    fuel_sentences,
    may_reach,
    parts_sentence,
    reaches,
    stability_sentences,
)
from sim.report.words import findings
from sim.studies.article.reference_lines import ARTICLE
from tests.conftest import small
from tests.effects.test_adequacy import night_and_peak


def test_coal_that_rises_is_said_to_rise():
    """Thermal night, cleaner peak: V2G must increase coal, and the report says so."""
    text = " ".join(fuel_sentences("v2g", supply_effects(*night_and_peak())))
    assert "Arm 'v2g' INCREASES coal power in the city, by 115 MWh" in text
    assert "115 MWh more in the others" in text
    assert "The average would make the change" in text


def test_the_bound_stands_next_to_the_result(small_result):
    effect = small_result.summary["effects"]["v2g"]
    text = bound_sentence("v2g", effect)
    assert f"{effect['peak_bound']['half_plugged_pct']:.2f}% of the peak of demand" in text
    assert f"'v2g' reaches {effect['peak_shaving_mw']:,.0f} MW" in text
    assert text in findings(small_result)
    share = effect["peak_bound"]["plugged_share"]
    assert f"{100.0 * share:.0f}% of them were plugged in" in text
    assert effect["peak_shaving_mw"] < effect["peak_bound"]["as_plugged_mw"]


def test_waiting_and_feeding_in_are_told_apart(small_result):
    effects = small_result.summary["effects"]
    parts = effects["v2g"]["parts"]
    assert effects["smart"]["parts"] is None
    for name, split in parts.items():
        assert split["delay"] == effects["smart"][name]
        assert abs(split["delay"] + split["discharge"] - effects["v2g"][name]) < 1e-6 * max(
            1.0, abs(split["delay"])
        )
    assert "waiting alone makes the peak" in parts_sentence("v2g", effects["v2g"])[0]
    assert parts_sentence("smart", effects["smart"]) == []


def test_a_claim_is_reached_by_all_of_an_interval_or_only_perhaps():
    sure, wide, below = ({"mean": mean, "ci95": ends, "n": 4} for mean, ends in
                         ((60.0, [58.0, 62.0]), (43.0, [1.0, 85.0]), (9.0, [4.0, 16.0])))  # fmt: skip
    assert [reaches(each, 15.0) for each in (sure, wide, below, 15.0, 14.9)] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert [may_reach(each, 15.0) for each in (sure, wide, below, 15.0, 14.9)] == [
        False,
        True,
        False,
        False,
        False,
    ]


def test_the_fifteen_percent_are_answered_for_every_definition(small_result):
    assert stability_sentences(small_result) == [], "a report knows no article by itself"
    handed = replace(small_result, against=ARTICLE)
    for text, arm in zip(stability_sentences(handed), small_result.summary["effects"], strict=True):
        found = small_result.summary["effects"][arm]["stability"]
        known = [key for key in DEFINITIONS if found[key] is not None]
        assert f"Of {len(known)} that could be meant, in arm '{arm}'" in text
        assert ("none of them reaches it" in text) == all(found[key] < 15.0 for key in known)


def test_adequacy_is_told_with_its_assumption(small_result):
    text = adequacy_sentences("v2g", small_result.summary["effects"]["v2g"])[0]
    assert "MW of firm capacity" in text
    assert "the others are taken as sure" in text
    assert "of 300 MW" in text


def test_figures_have_their_finding_in_the_title(small_result):
    assert stability(small_result)[1].endswith("definitions of stability"), (
        "a report knows no article by itself"
    )
    figure, title = stability(replace(small_result, against=ARTICLE))
    assert "15% more stable" in title
    assert figure.axes
    assert year(small_result) is None, "a day has no months"


def test_a_bar_is_as_long_as_its_figure_or_ends_at_the_axis_with_an_arrow(small_result):
    """No bar stops short of its figure on an axis that goes on."""
    summary = copy.deepcopy(small_result.summary)
    found = summary["effects"]["v2g"]["stability"]
    keys = [key for key in DEFINITIONS if found[key] is not None]
    for key, value in zip(keys, (85.0, -2300.0, 12.0, 62.5), strict=False):
        found[key] = value
    figure, _ = stability(replace(small_result, summary=summary, against=ARTICLE))
    ax = figure.axes[0]
    low, high = ax.get_xlim()
    bars = [patch.get_x() + patch.get_width() for patch in ax.patches]
    arrows = [line for line in ax.lines if line.get_marker() in "<>"]
    for key, bar in zip(keys, bars, strict=True):
        assert bar == pytest.approx(min(max(found[key], low), high)), key
    assert len(arrows) == sum(not low <= found[key] <= high for key in keys) == 1
    assert arrows[0].get_xdata()[0] == low
    told = [text.get_text() for text in ax.texts]
    assert any(text.startswith("-2,300.0%") for text in told)


def test_a_city_in_which_nobody_has_signed_up_still_has_a_report(tmp_path):
    result = run(small(participation__enrolled_share=0.0, outputs__figures=True), tmp_path / "none")
    assert result.summary["effects"]["v2g"]["peak_bound"]["as_plugged_mw"] is None
    assert (tmp_path / "none" / "report.html").is_file()
