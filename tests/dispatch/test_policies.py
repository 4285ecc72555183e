"""Every policy in every form keeps every promise; users' own run from a scenario; nonsense is named."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sim import CityModel, Policy, PolicyError, Prices
from sim.agents.operator import GridOperator
from sim.cli import main
from sim.dispatch.price_thresholds import count_up_to, price_of_rank, price_table, rank_of_cheapest
from sim.dispatch.registry import POLICIES, find_policy, make_policy
from sim.rules.price_response import charges_now, feeds_in_now, steps_needed
from sim.scenario import ScenarioError
from sim.scenario.supply_side import POLICY_NAMES, OperatorSection
from tests.conftest import ROOT, SCENARIOS, STANDARD_ARMS, arms_with, small


def test_the_schema_names_the_policies_there_are():
    assert set(POLICY_NAMES) == set(POLICIES)


FEEDS_IN = ("tou", "tou-staggered", "price", "peak-shave", "coordinated", "auction")


@pytest.mark.parametrize("contract", ["one_way", "two_way"])
@pytest.mark.parametrize("name", POLICIES)
def test_no_policy_breaks_a_promise_a_limit_or_the_books(name, contract):
    spec = small(operator__policy=name, participation__contract=contract, arms={}, reference="run")
    model = CityModel(spec)
    model.run_model()
    assert model.accountant.audit.passed, model.accountant.audit.violations
    fed_in = float(model.cars.get("discharged_kwh").sum())
    assert (fed_in > 0.0) == (contract == "two_way" and name in FEEDS_IN)


# ------------------------------------------------------------------------------- reacting to prices
prices = st.lists(st.sampled_from([0.3, 0.5, 0.6, 1.1]), min_size=2, max_size=24)


def asked(table, steps, needed):
    """Threshold, and how many of the steps left and of the day ahead are not dearer."""
    rank = rank_of_cheapest(table, 0, 0, steps, needed)
    counts = count_up_to(table, 0, 0, steps, rank), count_up_to(table, 0, 0, table.day_steps, rank)
    return price_of_rank(table, 0, rank), *counts


@given(
    price=st.lists(st.floats(-2.0, 5.0).map(lambda x: round(x, 1)), min_size=1, max_size=40), data=st.data()
)
def test_the_cheapest_steps_are_those_of_a_sorted_list(price, data):
    """Held against sorting, for any prices, negative and equal ones among them."""
    table = price_table(np.array([price]), data.draw(st.integers(1, 40)))
    steps = data.draw(st.integers(0, len(price)))
    number = data.draw(st.integers(-1, len(price) + 1))
    rank = rank_of_cheapest(table, 0, 0, steps, number)
    if not 1 <= number <= steps:
        assert rank == -1
        assert price_of_rank(table, 0, rank) == np.inf
        return
    limit = sorted(price[:steps])[number - 1]
    assert price_of_rank(table, 0, rank) == limit
    for ahead in range(len(price) + 1):
        assert count_up_to(table, 0, 0, ahead, rank) == sum(each <= limit for each in price[:ahead])


@given(price=prices, data=st.data())
def test_alone_an_owner_pays_the_least_that_the_stop_allows(price, data):
    needed = data.draw(st.integers(1, len(price)))
    patience = data.draw(st.sampled_from([0.0, 0.3, 0.99]))
    per_day = data.draw(st.integers(1, len(price)))
    paid, left = [], needed
    for step in range(len(price)):
        limit, *counts = asked(price_table(np.array([price[step:]]), per_day), len(price) - step, left)
        if charges_now(price[step], limit, *counts, left, patience):
            paid.append(price[step])
            left -= 1
    assert left == 0
    assert sum(paid) == pytest.approx(sum(sorted(price)[:needed]))


def test_the_impatient_start_with_the_first_cheap_hour_even_when_another_night_follows():
    threshold, *counts = asked(price_table(np.full((1, 12), 0.3), 4), 12, 2)
    assert counts == [12, 4]
    assert charges_now(0.3, threshold, *counts, 2, 0.0)
    assert not charges_now(0.3, threshold, *counts, 2, 0.5)


def test_the_patient_start_late_and_the_impatient_at_once():
    night = np.array([[0.3] * 8])

    def start(patience):
        for step in range(8):
            threshold, in_stop, _ = asked(price_table(night[:, step:], 8), 8 - step, 2)
            if charges_now(0.3, threshold, in_stop, 8, 2, patience):
                return step
        return None

    starts = [start(patience) for patience in np.linspace(0.0, 0.999, 50)]
    assert starts[0] == 0
    assert starts[-1] == 6
    assert starts == sorted(starts)
    assert set(starts) == set(range(7))


def test_feeding_in_pays_only_beyond_losses_and_least_gain():
    assert feeds_in_now(0.80, 0.307, 0.87, 0.1)
    assert not feeds_in_now(0.45, 0.307, 0.87, 0.1)  # 0.353 a kWh with losses: too little is left
    assert not feeds_in_now(0.44, 0.307, 0.87, 0.1)
    assert not feeds_in_now(0.80, np.inf, 0.87, 0.1)
    assert steps_needed(1.0, 0.25) == 4
    assert steps_needed(1.01, 0.25) == 5
    assert steps_needed(-3.0, 0.25) == 0


def test_a_tariff_step_makes_everybody_start_at_once_and_a_random_start_does_not():
    """The rebound at 22:00, and its remedy."""
    spec = small(fleet__sample=1500 / 1_510_000)

    def at(policy):
        settings = {"operator.policy": policy, "participation.contract": "one_way"}
        keys = {key.replace(".", "__"): value for key, value in settings.items()}
        model = CityModel(small(fleet__sample=1500 / 1_510_000, arms={}, reference="run", **keys))
        model.run_model()
        # At home: drivers for a living wait at public posts for the same hour, whatever the policy.
        system = model.system_frame().set_index("time")["ev_charge_home_mw"]
        return system.between_time("22:00", "22:14").mean() / system.between_time("21:00", "21:59").mean()

    assert spec.market.tariff_at_home == "private_pile_own_meter"
    assert at("tou") > 1.5
    assert at("tou-staggered") < 1.2


# ------------------------------------------------------------------------------- a policy of one's own
def documented() -> str:
    page = (ROOT / "docs" / "policies.md").read_text()
    return re.search(r"```python\n(.*?)```", page, re.DOTALL).group(1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "mypolicy", raising=False)
    return tmp_path


def ran(folder, code, *options):
    """Outcome of a run with a policy of one's own, in the folder that is named for it."""
    (folder / "mypolicy.py").write_text(code)
    (folder / "mine.yaml").write_text(
        f"extends: {SCENARIOS / 'quickstart.yaml'}\nfleet: {{sample: 0.0001}}\noutputs: {{figures: false}}\n"
        'arms:\n  smart: null\n  v2g: null\n  mine:\n    operator: {policy: "mypolicy:Mine"}\n'
        "    participation: {contract: two_way}\n"
    )
    return CliRunner().invoke(main, ["run", "mine.yaml", "--out", "out", "--quiet", "--code", ".", *options])


def test_the_documented_policy_runs_from_a_scenario(folder):
    outcome = ran(folder, documented().replace("EveningOnly", "Mine"))
    assert outcome.exit_code == 0, outcome.output
    assert '"mine"' in (folder / "out" / "summary.json").read_text()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return float('nan')", r"the wish is nan; expected MW or None"),
        (
            "return [1.0, 2.0]",
            r"the wish is a list of shape \(2,\); expected one number in MW, Prices, PriceCurve, Market, or None",
        ),
        ("return 'much'", r"the wish is a str; expected"),
        ("return True", r"the wish is a bool; expected"),
        ("return 1 / 0", r"ZeroDivisionError: division by zero"),
    ],
)
def test_nonsense_is_told_with_the_name_of_the_policy(folder, body, message):
    code = f"import sim\nclass Mine(sim.Policy):\n    def wish(self, moment):\n        {body}\n"
    outcome = ran(folder, code)
    assert outcome.exit_code == 1
    told, line = outcome.stderr.splitlines()
    assert told.startswith("code of your own: mypolicy:Mine from ")
    assert re.match(rf"policy 'mypolicy:Mine', step 0: {message}", line)
    assert not (folder / "out").exists()


def test_power_beyond_every_limit_is_clipped_by_the_gate(folder):
    code = "import sim\nclass Mine(sim.Policy):\n    def wish(self, moment):\n        return -1e12\n"
    assert ran(folder, code).exit_code == 0


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nowhere_to_be_found\n", r"'mypolicy' cannot be imported \(ModuleNotFoundError: .*\)"),
        ("Mine = 5\n", r"'mypolicy' has no class 'Mine' that is a sim\.Policy"),
        ("", r"'mypolicy' has no class 'Mine' that is a sim\.Policy"),
    ],
)
def test_a_path_that_leads_to_no_policy_is_bad_input(folder, code, message):
    outcome = ran(folder, code)
    assert outcome.exit_code == 2
    assert re.fullmatch(rf"--code: mypolicy:Mine: {message}\n", outcome.stderr)


def test_a_scenario_alone_imports_nothing(folder):
    """Whoever gets a scenario from somebody may look at it: code runs only where --code says so."""
    (folder / "mypolicy.py").write_text("open('imported', 'w').close()\n")
    outcome = ran(folder, "open('imported', 'w').close()\nimport sim\nclass Mine(sim.Policy):\n    pass\n")
    (folder / "imported").unlink()
    for command in ("run", "validate", "data", "commitment"):
        options = ["--arm", "mine"] if command == "commitment" else []
        outcome = CliRunner().invoke(main, [command, "mine.yaml", *options])
        assert outcome.exit_code == (0 if command in ("validate", "data") else 2), (command, outcome.output)
        assert "Traceback" not in outcome.output
        assert not (folder / "imported").exists(), command
    (folder / "elsewhere").mkdir()
    outcome = CliRunner().invoke(main, ["run", "mine.yaml", "--code", "elsewhere"])
    assert outcome.exit_code == 2
    assert re.fullmatch(
        r"--code: mypolicy:Mine: there is no module 'mypolicy' in \S*elsewhere\n", outcome.stderr
    )


def test_settings_are_checked_like_any_other_key():
    wrong = {"least_gain_yuan_per_kw": 0.2}
    with pytest.raises(
        ScenarioError, match=r"operator\.settings\.least_gain_yuan_per_kw: unknown key, did you"
    ):
        make_policy(OperatorSection(policy="tou", settings=wrong))
    with pytest.raises(ScenarioError, match=r"must be at least 0 yuan/kWh, got -1"):
        make_policy(OperatorSection(policy="tou", settings={"least_gain_yuan_per_kwh": -1.0}))
    with pytest.raises(ScenarioError, match=r"operator\.settings\.level: unknown key"):
        make_policy(OperatorSection(policy="valley", settings={"level": 1}))
    with pytest.raises(ScenarioError, match=r"operator\.settings\.peak_yuan_per_mw: unknown key"):
        make_policy(OperatorSection(policy="auction", settings={"peak_yuan_per_mw": 5.0}))
    assert make_policy(OperatorSection(policy="tou")).settings.least_gain_yuan_per_kwh == 0.1
    assert OperatorSection(policy="v2g").policy == "peak-shave", "its older name"
    assert find_policy("peak-shave") is POLICIES["peak-shave"]


def test_prices_must_be_numbers(monkeypatch):
    wish = Prices(np.full((5, 96), np.nan), 0.8, 0.1, False)
    model = CityModel(small(), arm="v2g")
    monkeypatch.setattr(GridOperator, "wish", lambda self, moment: wish)
    with pytest.raises(PolicyError, match="prices must be finite numbers"):
        model.step()


def test_a_policy_that_says_nothing_is_told_so():
    with pytest.raises(TypeError, match=r"override wish\(\)"):
        Policy(None).wish(None)


def test_the_command_lists_all():
    listed = CliRunner().invoke(main, ["policies"]).output
    for name in POLICIES:
        assert f"{name} (" in listed
    assert "least_gain_yuan_per_kwh: 0.1 yuan/kWh (A, assumption)" in listed


def test_prices_beyond_the_run_are_those_of_the_days_that_follow():
    """The last hours of a run see what the same hours of a longer run see."""
    ahead = {}
    for days in (1, 2):
        model = CityModel(small(operator__horizon_hours=48, time__days=days), arm="v2g")
        day = model.clock.steps_per_day
        model.step_index = model.clock.warmup_steps + day - 3
        ahead[days] = model.operator.moment(0.0, 0.0).buy_yuan_per_kwh
    assert ahead[1].shape[1] == 2 * day
    np.testing.assert_array_equal(ahead[1], ahead[2])
    assert len(np.unique(ahead[1][0])) > 1


def test_power_that_may_feed_in_counts_whatever_is_stored_just_now():
    """An empty car is full again by tomorrow's peak: the outlook is of power, not of charge."""
    model = CityModel(small(), arm="v2g")
    for _ in range(100):
        model.step()
    before = model.operator.outlook()
    capacity = model.world.cars["capacity_kwh"]
    model.world.cars["energy_kwh"] = 0.05 * capacity
    after = model.operator.outlook()
    assert before.discharge_mw.max() > 0.0
    assert before.discharge_mw[0] == 0.0, "nobody is paid at night"
    np.testing.assert_allclose(after.discharge_mw, before.discharge_mw)
    assert after.spare_mwh == 0.0 < before.spare_mwh
    one_way = after.plugged.sums[:, 0]
    assert one_way[:, 0].sum() == pytest.approx(after.charge_mw[0]), "none has endurance for the plan"


@pytest.mark.parametrize("policy", ["price", "tou"])
def test_owners_do_not_sell_at_less_than_the_wear_of_their_own_cells(policy):
    """NMC cells wear by about 0.28 yuan/kWh, LFP cells by 0.09: at 0.60 only these sell, at 3 yuan all."""
    fed_in = {}
    for price in (0.6, 3.0):
        model = CityModel(
            small(market__feed_in_price_yuan_per_kwh=price, arms=arms_with(policy), time__days=2), arm="v2g"
        )
        model.run_model()
        cars = model.world.cars
        kept = model.city.accounts
        fed_in[price] = {
            cells: kept["discharged_kwh"][cars["is_nmc"] == flag].sum()
            for flag, cells in enumerate(("LFP", "NMC"))
        }
    assert fed_in[0.6]["NMC"] == 0.0 < fed_in[0.6]["LFP"]
    assert fed_in[3.0]["NMC"] > 0.0


def test_just_in_time_costs_the_same_keeps_promises_and_stands_full_for_less():
    """The same cheap hours, the last of them instead of the first: less calendar ageing."""

    def model(just_in_time):
        operator = {"policy": "tou", "settings": {"just_in_time": just_in_time}}
        arms = {**STANDARD_ARMS, "smart": {"operator": operator, "participation": {"contract": "one_way"}}}
        found = CityModel(
            small(
                arms=arms, time__days=2, market__home_tariff="residential_tou", participation__override_share=0.0,
                participation__stated_departure_wrong_share=0.0, participation__stated_departure_spread_minutes=0.0,
            ),
            arm="smart",
        )  # fmt: skip
        found.run_model()
        return found

    first, last = model(False), model(True)
    enrolled = first.world.drivers["enrolled"] == 1
    for name in ("charged_kwh", "charging_cost_yuan"):
        sums = [each.city.accounts[name][enrolled].sum() for each in (first, last)]
        assert sums[1] == pytest.approx(sums[0], rel=0.05)
    assert last.city.accounts["promise_shortfall_kwh"].sum() == pytest.approx(0.0, abs=1e-6)
    stress = [each.city.cars.column("stress_years")[enrolled].sum() for each in (first, last)]
    assert stress[1] < stress[0]
