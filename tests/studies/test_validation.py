"""The report card: every published figure is recomputed, and graded by its tolerance."""

import math

import numpy as np
import pytest
from rich.console import Console

from sim.data.catalogue import rows
from sim.report.check_page import count_line, plain, show_card, write_card
from sim.runs.run import prepare
from sim.studies.validation import report_card as card_of
from sim.studies.validation.observed import watch
from sim.studies.validation.report_card import FAIL, NEAR, PASS, SHOWN, Row
from tests.conftest import RIDE_HAILING

pytestmark = pytest.mark.xdist_group("check")  # one worker makes the runs


def row(model, published=10.0, tolerance=1.0, use="check"):
    return Row("key", "what", "kWh", published, tolerance, use, "S01", "sourced", model, "v2gcity run x")


@pytest.mark.parametrize(("model", "grade"), [
    (10.0, PASS), (11.0, PASS), (8.5, NEAR), (12.0, NEAR), (12.1, FAIL), (math.nan, FAIL),
])  # fmt: skip
def test_grades_follow_the_tolerance(model, grade):
    assert row(model).grade == grade


def test_checks_are_counted_apart_from_calibration():
    line = count_line([row(10.0), row(20.0), row(10.0, use="calibration")])
    assert line == "2 of 3 pass, 0 near, 1 fail; of the 2 that were not used to set the model, 1 pass."


def test_only_cars_that_begin_to_charge_that_day_are_counted():
    settings = {
        "fleet.sample": 300 / 1_510_000,
        "time.step_minutes": 60,
        "time.days": 4,
        "time.warmup_days": 1,
    }
    week = watch(prepare("scenarios/quickstart.yaml", settings=settings), "uncontrolled")
    world = week.model.world
    owners = (world.drivers["archetype"] < RIDE_HAILING) & (world.drivers["home_charger"] >= 0)
    total, each = week.by_car_kw.sum(axis=1), week.home_kw
    drawn = each > 0.0
    by_day = np.split(np.where(drawn, total / np.where(drawn, each, 1.0), 0.0), 4)
    begun = sum(day.max() for day in by_day)
    assert 0.0 < begun <= week.model.city.accounts["sessions"][owners].sum() + 1e-3
    week.model.forget()


@pytest.fixture(scope="module")
def card():
    few = {"CARS": 200, "CARS_AT_CHARGERS": 200, "CARS_OF_SUPPLY": 50}
    hours = {"time.step_minutes": 60, "replications": 1}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in few.items():
            patch.setattr(card_of, name, value)
        patch.setattr(
            card_of,
            "prepare",
            lambda path, settings=None, **more: prepare(path, settings={**(settings or {}), **hours}, **more),
        )
        return card_of.report_card(lambda text: None)


def test_every_published_figure_is_recomputed_with_a_run(card):
    assert [each.key for each in card] == [each["key"] for each in rows("published")]
    for each in card:
        assert math.isfinite(each.model), each.key
        assert each.run, each.key
        assert each.use in ("calibration", "check", "shown")


def test_what_does_not_depend_on_the_sample_passes_here_too(card):
    grades = {each.key: each.grade for each in card}
    for key in ("commute_below_5km", "commute_over_25km", "round_trip", "wear_lfp_10y"):
        assert grades[key] == PASS, key
    assert grades["admd_11_kw"] == SHOWN


def test_the_page_shows_fails_and_how_to_repeat_them(card, tmp_path):
    console = Console(width=150, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    show_card(card, console)
    console.file.close()
    assert "Published figures, recomputed" in console.export_text()
    path = write_card([*card, row(99.0)], tmp_path)
    text = path.read_text()
    assert "fail" in text
    assert "v2gcity run scenarios/shanghai-winter.yaml" in text
    assert "http" not in text.replace("http-equiv", "")
    assert plain(card)[0]["grade"] in (PASS, NEAR, FAIL)
