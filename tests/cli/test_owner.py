"""What the phone shows in the morning: the command, its sources, and its mistakes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from sim.agents import decision_codes
from sim.cli import main
from sim.effects.night import PAID, RECEIVED, Night, night, window
from sim.report import owner as owner_page
from sim.runs.run import prepare, simulate
from sim.runs.store import read_result, write_result
from sim.runs.story import pick_arm, pick_car
from sim.scenario import ScenarioError
from tests.conftest import SCENARIOS


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Zhang Wei under two regimes, reacting by habit."""
    settings = {"operator.policy": "tou", "outputs.story_cars": 3}
    spec = prepare(
        SCENARIOS / "zhang-wei.yaml", settings=settings, arms=["uncontrolled", "jiangsu-home", "wuhan"]
    )
    place: Path = tmp_path_factory.mktemp("owner") / "zhang-wei"
    write_result(simulate(spec), place)
    return place


def tell(folder: Path, *words: str) -> str:
    done = CliRunner().invoke(main, ["owner", str(folder), *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_one_screen_says_what_why_and_what_it_would_take(folder):
    text = tell(folder, "--car", "zhang-wei")
    assert "Good morning, Zhang Wei." in text
    assert re.search(r"Your car fed in \d+\.\d\d kWh, which paid \d+\.\d\d yuan", text)
    assert "arrives at home, plugs in (home)" in text
    assert re.search(r"0\.850 yuan/kWh is more than buying back, losses and\s+wear come to: 0\.45", text)
    assert "promised for" in text
    assert "kept" in text
    assert "What would make 200 yuan a night true" in text
    assert re.search(r"wuhan +0\.450 +3\.000", text)
    assert len(text.splitlines()) < 60


def test_the_night_is_the_owners_money(folder):
    """Sums of the story from the first to the last step are those of owners.parquet."""
    result = read_result(folder)
    for arm in result.summary["arms"]:
        rows = result.stories[(result.stories["arm"] == arm) & (result.stories["car"] == 0)]
        last, first = rows.iloc[-1], rows.iloc[0]
        owner = result.owners[(result.owners["arm"] == arm) & (result.owners["car"] == 0)].iloc[0]
        assert last["charged_kwh"] - first["charged_kwh"] == pytest.approx(owner["charged_kwh"])
        assert last["discharged_kwh"] == pytest.approx(owner["discharged_kwh"])
        for part, column in {
            "charging": "charging_cost", "penalties": "penalty", "rent": "rental", "feed_in": "feed_in_revenue",
            "events": "event_revenue", "availability": "availability_revenue",
        }.items():  # fmt: skip
            assert last[f"{part}_yuan"] == pytest.approx(owner[f"{column}_yuan"])
        assert last["wear_yuan"] == pytest.approx(owner["wear_cost_yuan"])


def test_days_of_an_owner_sum_to_the_bill(folder):
    result = read_result(folder)
    summed = result.owner_days.groupby(["arm", "car"])["net_yuan"].sum()
    bill = result.owners.set_index(["arm", "car"])["net_cost_yuan"]
    np.testing.assert_allclose(summed, bill.reindex(summed.index), atol=1e-6)


def test_every_reason_of_a_controlled_car_has_words(folder):
    stories = read_result(folder).stories
    assert set(stories["reason"]) <= set(decision_codes.WORDS)
    feeding = stories[stories["doing"] == "feeding in"]
    assert len(feeding) > 0
    assert (feeding["reason"] == decision_codes.SELLS).all()
    sold = feeding["feed_in_yuan_per_kwh"] - feeding["reckoned_yuan_per_kwh"]
    assert (sold > 0.0).all(), "a sale is noted only with a price above what it was held against"


def test_a_car_that_was_not_followed_is_run_again_and_comes_to_the_same_bill(folder):
    result = read_result(folder)
    followed = set(result.stories["car"])
    other = next(car for car in range(500) if car not in followed)
    text = tell(folder, "--car", str(other))
    assert "running the arm again to watch it" in text
    assert f"Good morning, car {other}." in text


@pytest.mark.parametrize("who", ["best", "median", "worst"])
def test_best_median_and_worst(folder, who):
    result = read_result(folder)
    arm = pick_arm(result, None)
    assert arm == "jiangsu-home"
    car, name = pick_car(result, arm, who)
    assert name == f"the {who} owner (car {car})"
    assert f"the {who} owner" in tell(folder, "--car", who)


def test_order_of_best_and_worst(folder):
    from sim.effects.earnings import owner_earnings_yuan
    from sim.runs.run import tables_from_result

    result = read_result(folder)
    earned = owner_earnings_yuan(*(tables_from_result(result, arm) for arm in ("uncontrolled", "wuhan")))
    best, median, worst = (earned[pick_car(result, "wuhan", who)[0]] for who in ("best", "median", "worst"))
    assert best >= median >= worst
    assert best == earned[result.owners[result.owners["arm"] == "wuhan"]["enrolled"].to_numpy()].max()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--car", "zhang-wie"],
            r"--car: zhang-wie: no such car, did you mean 'zhang-wei'\? allowed: a number, .*",
        ),
        (["--car", "4000"], r"--car: 4000: no such car; cars are 0 to 499"),
        (["--car", "0", "--arm", "wuham"], r"--arm: wuham: no such arm, did you mean 'wuhan'\? allowed: .*"),
        (["--car", "0", "--day", "yesterday"], r"--day: yesterday: expected a day such as 2025-08-26"),
        (
            ["--car", "0", "--day", "2025-09-01"],
            r"--day: 2025-09-01: not a recorded day; allowed: 2025-08-26 to 2025-08-27",
        ),
    ],
)
def test_mistakes_are_told_in_one_line(folder, words, message):
    done = CliRunner().invoke(main, ["owner", str(folder), *words])
    assert done.exit_code == 2
    assert re.fullmatch(message, done.output.strip()), done.output


def test_a_folder_that_is_no_result(tmp_path):
    done = CliRunner().invoke(main, ["owner", str(tmp_path), "--car", "0"])
    assert done.exit_code == 2
    assert "is not a result folder" in done.output


def test_a_night_by_hand():
    times = pd.to_datetime(["2025-08-26 12:00", "2025-08-26 18:00", "2025-08-27 00:00", "2025-08-27 12:00"])
    rows = pd.DataFrame(
        {
            "time": times, "charged_kwh": [5.0, 5.0, 6.0, 25.0], "discharged_kwh": [0.0, 0.0, 14.0, 14.0],
            "charging_yuan": [2.0, 2.0, 2.5, 8.0], "feed_in_yuan": [0.0, 0.0, 11.2, 11.2], "penalties_yuan": [0.0, 0.0, 0.0, 0.5],
            "rent_yuan": [0.0] * 4, "events_yuan": [0.0] * 4, "availability_yuan": [0.0] * 4, "wear_yuan": [1.0, 1.0, 1.5, 2.5],
            "compensation_yuan": [0.0, 0.0, 0.0, 0.25], "idle_fees_yuan": [0.0, 0.0, 0.0, 0.75], "soc": [0.8, 0.75, 0.5, 0.9], "shortfalls": [0, 0, 0, 1],
        }
    )  # fmt: skip
    start, end = window(rows, None)
    assert (start, end) == (times[0], times[3])
    found = night(rows, start, end)
    assert (found.charged_kwh, found.fed_in_kwh, found.promises_broken) == (20.0, 14.0, 1)
    # 6.50 paid, 0.75 for a full car at a post, 1.50 worn, 11.20 and 0.25 received, and 0.1 x 60 kWh gained at 0.33 yuan/kWh.
    assert found.neutral_cost_yuan(60.0, 0.33) == pytest.approx(6.5 + 0.75 + 1.5 - 11.2 - 0.25 - 6.0 * 0.33)


def test_the_comparison_does_not_depend_on_which_arm_is_told(folder):
    def rows(arm: str) -> list[str]:
        text = tell(folder, "--car", "zhang-wei", "--arm", arm)
        return re.findall(r"^(?:jiangsu-home|wuhan) .*$", text, re.MULTILINE)

    assert len(rows("wuhan")) == 2
    assert rows("wuhan") == rows("jiangsu-home") == rows("uncontrolled")


def test_each_arm_is_brought_back_at_its_own_price():
    """2 kWh more in the reference at 0.30, 6 kWh less in the arm at 0.45, bills of 5 and 3 yuan."""
    from types import SimpleNamespace as Some

    def of(bill: float, end: float) -> Night:
        money = dict.fromkeys((*PAID, *RECEIVED), 0.0) | {"charging_yuan": bill}
        return Night(0.0, 0.0, money, 0.0, 0.5, end, 0)

    prices = {"base": 0.30, "arm": 0.45}
    told = Some(arm="arm", owner={"capacity_kwh": 100.0})
    result = Some(summary={"reference": "base"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner_page, "_restoring", lambda result, arm, story: prices[arm])
        earned = owner_page._earned(result, told, of(5.0, 0.52), of(3.0, 0.44))
    assert earned == pytest.approx((5.0 - 2 * 0.30) - (3.0 + 6 * 0.45))


def test_persons_stay_in_a_sampled_table(folder, tmp_path):
    result = read_result(folder)
    spec = result.spec.model_copy(
        update={"outputs": result.spec.outputs.model_copy(update={"owner_rows": 3})}
    )
    write_result(replace(result, spec=spec), tmp_path / "few")
    assert "Good morning, Zhang Wei." in tell(tmp_path / "few", "--car", "zhang-wei")
    done = CliRunner().invoke(main, ["owner", str(tmp_path / "few"), "--car", "5"])
    assert done.output.strip() == "--car: 5: no such car; owners.parquet holds a sample"


def test_a_person_cannot_be_unknown():
    with pytest.raises(
        ScenarioError,
        match=r"drivers\.personas\.li\.home_district: unknown district 'Pudonk', did you mean 'Pudong'",
    ):
        prepare({"drivers": {"personas": {"li": {"home_district": "Pudonk"}}}})


def test_regimes_are_listed_with_their_sources():
    done = CliRunner().invoke(main, ["regimes"])
    assert done.exit_code == 0
    for name in (
        "shanghai",
        "guangdong",
        "jiangsu-home",
        "jiangsu-public",
        "shenzhen-test-day",
        "wuhan",
        "guangzhou",
        "beijing",
        "nio-points",
    ):
        assert re.search(rf"^{name} ", done.output, re.MULTILINE), name
