"""Bids, plans and the exact optimum agree where they must, and the shipped policy comes near the optimum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sim import CityModel, Market
from sim.agents import operator
from sim.agents.operator import GridOperator
from sim.cli import main
from sim.data.catalogue import SHANGHAI
from sim.dispatch.cost_to_go import ROOMS, fill, value_table, worth
from sim.dispatch.objective import (
    NARROWEST_GRID_MW,
    NARROWEST_MW,
    Marginal,
    ObjectiveSettings,
    Terms,
    grid_of,
    marginal,
    slopes,
    supply_steps,
)
from sim.dispatch.oracle import Sessions, _add_sessions
from sim.dispatch.planning import peak_margin_mw
from sim.dispatch.program import Program
from sim.grid.neighbours import lines_of
from sim.grid.plants import plants_of
from sim.grid.supply import Conditions, dispatch, merit_order
from sim.runs.run import prepare
from sim.scenario.grid import GridSection
from sim.studies.optimality_gap.gap import COLUMNS, ORACLE, TRIALS, Gap, controlled_alone, gap_table
from sim.studies.optimality_gap.replay import _reachable_kwh
from tests.conftest import SCENARIOS, arms_with, small

PLANTS = plants_of(GridSection(), SHANGHAI)
STACK = merit_order(PLANTS, lines_of(GridSection(), SHANGHAI), PLANTS.availability)
GIVEN = Conditions(9_000.0, 3_000.0, 2)  # the neighbours are short

ON_ONE_WORKER = pytest.mark.xdist_group("gap")  # the table is made once

prices = st.lists(st.sampled_from([0.2, 0.3, 0.5, 0.9, 1.4]), min_size=3, max_size=6)


def cheapest(price, sell, growth, gain, debt, room):
    """Least bill of a stop by trying every course: charge, wait or feed in, slot by slot."""
    best = np.inf
    for course in itertools.product((-1, 0, 1), repeat=len(price)):
        owed, bill = debt, 0.0
        for action, buy, feed in zip(course, price, sell, strict=True):
            if action == 1:
                amount = min(1.0, owed)
                owed, bill = owed - amount, bill + amount * buy
            elif action == -1 and room > 0:
                owed, bill = owed + growth, bill - (feed - gain)
            if room > 0 and owed > room + 1e-9:
                break
        else:
            if owed < 1e-9:
                best = min(best, bill)
    return best


@given(price=prices, debt=st.integers(0, 3), growth=st.just(1.0))
def test_the_table_knows_the_least_bill_of_every_stop(price, debt, growth):
    """With a loss-free battery whole slots are optimal, so that trying every course is exact."""
    price = np.array(price)
    n, room, gain = len(price), 3, 0.05
    table = value_table(
        np.tile(np.append(0.0, price), (1, 1)), np.append(0.0, price), 0.25, 1.0 / growth, gain
    )
    for bin_of_room, most in ((0, 0), (ROOMS.index(room) + 1, room)):
        found = table.cost[0, n, bin_of_room, debt] if debt <= n else np.inf
        expected = cheapest(price, price, growth, gain, float(debt), most)
        if np.isinf(expected):
            assert debt > n
        else:
            assert found == pytest.approx(expected, abs=1e-9)


@given(price=prices, gain=st.floats(0.0, 0.5), debt=st.floats(0.0, 1.0), room=st.floats(0.0, 3.0))
def test_nobody_asks_less_than_they_bid(price, gain, debt, room):
    series = np.array(price)
    table = value_table(np.tile(series, (5, 1)), series, 0.25, 0.87, gain)
    bid, ask = worth(table, 0, 0.25 * (len(price) - 1), debt, room, True)
    assert ask >= bid


def test_a_bid_is_what_waiting_would_cost_and_an_ask_covers_losses_and_wear():
    price = np.array([0.5, 0.3, 0.3, 0.9])
    table = value_table(np.tile(price, (5, 1)), price, 0.25, 0.87, 0.08)
    bid, _ = worth(table, 0, 0.75, 0.25, 1.0, False)
    assert bid == pytest.approx(0.3), "one slot owed, a cheaper one to come"
    bid, _ = worth(table, 0, 0.75, 0.75, 1.0, False)
    assert bid == pytest.approx(0.9), "three owed, three to come: only the dearest is saved"
    _, ask = worth(table, 0, 0.5, 0.0, 1.0, True)
    assert ask == pytest.approx(0.3 / 0.87 + 0.08)
    assert worth(table, 0, 0.75, 0.0, 1.0, False)[1] == np.inf


@given(cheap=st.integers(2, 95))
def test_a_cheap_hour_counts_for_whoever_stays_until_it_and_for_nobody_else(cheap):
    price = np.full(96, 0.9)
    price[cheap] = 0.2
    table = value_table(np.tile(price, (5, 1)), np.zeros(96), 0.25, 0.87, 0.08)
    for two_way in (False, True):
        assert worth(table, 0, 0.25 * cheap, 0.1, 1.0, two_way)[0] == pytest.approx(0.2)
        assert worth(table, 0, 0.25 * (cheap - 1), 0.1, 1.0, two_way)[0] == pytest.approx(0.9)


def test_the_merit_order_is_what_dispatch_charges():
    stack = STACK
    borders, costs = supply_steps(stack, GIVEN, 60_000.0)
    assert len(costs) == len(borders) - 1
    assert np.all(np.diff(borders) >= 0.0)
    grid = grid_of(15_000.0, 46_000.0, stack, GIVEN)
    found = slopes(Terms.of(ObjectiveSettings(flatten_yuan_per_mw2h=0.0)), stack, GIVEN, grid)
    expected = costs[np.searchsorted(borders, (grid[1:] + grid[:-1]) / 2.0) - 1]
    assert found == pytest.approx(expected, rel=0.02)


def test_a_price_on_emissions_gives_the_convex_envelope():
    """Dear clean plants before cheap dirty ones: slopes would fall; the envelope touches cost at its ends."""
    grid = grid_of(15_000.0, 46_000.0, STACK, GIVEN)
    terms = Terms.of(ObjectiveSettings(co2_yuan_per_t=3_000.0))
    rising = slopes(terms, STACK, GIVEN, grid)
    met = [dispatch(STACK, mw, GIVEN.local_mw, GIVEN.import_mw, GIVEN.state) for mw in grid]
    total = np.array([each.cost_yuan_per_h + 3_000.0 * each.co2_t_per_h for each in met])
    total += STACK.scarcity_price_yuan_per_mwh * np.array([each.unserved_mw for each in met])
    total += terms.flatten_yuan_per_mw2h * grid**2
    assert np.any(np.diff(np.diff(total) / np.diff(grid)) < -1.0)
    assert np.all(np.diff(rising) >= 0.0)
    below = total[0] + np.concatenate([[0.0], np.cumsum(rising * np.diff(grid))])
    assert np.all(below <= total + 1e-6 * np.abs(total))
    assert below[-1] == pytest.approx(total[-1])


def test_bids_come_from_the_curves_that_are_needed_alone(monkeypatch):
    """Curves of no car are left out: filling all of them changes nothing."""
    sparse = CityModel(small(arms=arms_with("coordinated")), arm="v2g")
    sparse.run_model()
    monkeypatch.setattr(operator, "fill", lambda table, needed: fill(table, np.ones(needed.shape)))
    whole = CityModel(small(arms=arms_with("coordinated")), arm="v2g")
    whole.run_model()
    assert sparse.city.accounts["discharged_kwh"].sum() > 0.0
    for name in ("charged_kwh", "discharged_kwh", "charging_cost_yuan"):
        np.testing.assert_array_equal(sparse.city.accounts[name], whole.city.accounts[name])


@given(lowest=st.floats(-5_000.0, 40_000.0), width=st.floats(0.0, 30_000.0))
def test_the_grid_of_net_load_rises_and_holds_the_steps_of_supply(lowest, width):
    """Also where net load is negative or its range narrow; a step may lie within the narrowest distance."""
    grid = grid_of(lowest, lowest + width, STACK, GIVEN)
    assert np.all(np.diff(grid) > 0.0)
    assert grid[0] == lowest
    assert grid[-1] == max(lowest + width, lowest + NARROWEST_GRID_MW)
    borders, _ = supply_steps(STACK, GIVEN, lowest + width)
    inside = borders[(borders > grid[0]) & (borders < grid[-1])]
    if len(inside):
        assert np.abs(grid[:, None] - inside).min(axis=0).max() <= NARROWEST_MW


def test_local_contracts_take_no_room_on_the_lines():
    """What gas and waste deliver in the city comes over no line: imports beyond contracts stay as they are.

    The lines are nearly full, so that it is they and not the neighbours that limit imports.
    """
    full = GIVEN._replace(import_mw=STACK.import_capability_mw - 1000.0)
    borders = [supply_steps(STACK, full._replace(local_mw=mw), 0.0)[0] for mw in (0.0, 3000.0)]
    np.testing.assert_allclose(*(np.diff(each)[1:-1] for each in borders))
    assert borders[1][1] - borders[0][1] == pytest.approx(3000.0)


def test_the_operator_expects_what_the_lines_bring_now():
    """The contract of a line that is out is not planned with while it is out."""
    model = CityModel(small(grid__outages="expected"), arm="v2g")
    for _ in range(40):
        model.step()
    grid, now = model.city.grid, model.operator.now
    for share in (0.0, 0.25):
        grid.capacity.missing_import_mw[now] = share * grid.contracts.import_mw[now]
        seen = model.operator.outlook().contract_mw
        assert seen == pytest.approx((1.0 - share) * grid.contracts.import_mw[now : now + len(seen)])


@pytest.mark.parametrize(
    "weights",
    [
        {},
        {"generation_cost_weight": 0.0, "co2_yuan_per_t": 100.0},
        {"generation_cost_weight": 0.0, "flatten_yuan_per_mw2h": 0.01},
        {"net_load_limit_mw": 30_000.0},
    ],
)
def test_every_objective_makes_load_dearer_the_higher_it_is(weights):
    stack, settings = STACK, ObjectiveSettings(**weights)
    grid = grid_of(20_000.0, 45_000.0, stack, GIVEN)
    curve = marginal(settings, stack, GIVEN, grid)
    assert np.all(np.diff(curve.yuan_per_mwh) > 0.0)
    assert np.all(np.diff(curve.net_load_mw) > 0.0)
    if "net_load_limit_mw" in weights:
        assert curve.at(30_500.0) - curve.at(29_500.0) > 9_000.0


def test_a_programme_without_an_answer_says_so():
    program = Program()
    column = program.columns([1.0], 0.0, [1.0])
    program.entries(program.rows([2.0], [np.inf]), column, 1.0)
    with pytest.raises(RuntimeError, match="no optimum: Infeasible"):
        program.solve()


@pytest.mark.parametrize(("below_mw", "discharges"), [(np.inf, False), (100.0, True)])
def test_a_ceiling_is_held_whatever_the_bids(monkeypatch, below_mw, discharges):
    """At flat prices nobody gains by feeding in; a ceiling below net load makes them all the same."""

    def wish(self, moment):
        flat = Marginal(np.array([0.0, 80_000.0]), np.array([400.0, 400.1]))
        ceiling = np.inf if np.isinf(below_mw) else moment.net_load_mw - below_mw
        return Market(np.full(96, 0.4), flat, ceiling, 0.08)

    monkeypatch.setattr(GridOperator, "wish", wish)
    model = CityModel(small(), arm="v2g")
    model.run_model()
    system = model.system_frame()
    controlled = (system["ev_discharge_mw"]).between(1.0, np.inf)
    assert bool(controlled.any()) == discharges


def test_only_rows_that_say_so_know_the_future():
    """Perfect foresight sold as a policy is the oldest trick: own forecasts are told nothing."""
    gap = Gap(controlled_alone(prepare(SCENARIOS / "quickstart.yaml"), 12, 1), 1)
    for trial in TRIALS:
        if trial.policy == "coordinated":
            operator = gap._replay(trial).operator
            knows = operator.forecast._known is not None, operator.arrivals._known is not None
            assert knows == (trial.forecasts == "perfect",) * 2
            assert (operator.model.spec.operator.net_load == "perfect") == (trial.forecasts == "perfect")


@given(
    start=st.floats(0.0, 1.0), rating_kw=st.sampled_from([3.3, 6.6, 60.0]), taper_h=st.floats(0.05, 2.0),
    steps=st.integers(1, 12), hours=st.sampled_from([0.25, 1.0]),
)  # fmt: skip
def test_what_full_power_reaches_in_a_stay_is_no_more_than_the_programme_can(
    start, rating_kw, taper_h, steps, hours
):
    energy, full = np.array([18.0 * start]), np.array([18.0])
    taper, stop = np.array([taper_h]), np.array([steps])
    reached = _reachable_kwh(energy, np.array([0.93 * rating_kw * hours]), full, taper, hours, stop)
    none, one = np.zeros(1), np.ones(1)
    of = Sessions(
        np.zeros(1, int), stop, energy, np.maximum(reached, 0.0), none, rating_kw * one, none, full, taper,
        0.93 * one, 0.93 * one, none, np.zeros((1, steps), bool),
    )  # fmt: skip
    program = Program()
    drawn, _ = _add_sessions(program, of, np.zeros(steps, int), np.arange(steps), hours)
    course = program.solve().value[drawn]
    assert energy[0] + 0.93 * course.sum() == pytest.approx(max(reached[0], energy[0]), abs=1e-5)


def test_a_car_that_begins_with_more_than_it_owes_keeps_it():
    """Found in a replay: a promise is kept in fewer digits than stored energy, and the programme had no optimum."""
    steps, hours, none, one = 8, 0.25, np.zeros(1), np.ones(1)
    of = Sessions(
        np.zeros(1, int), np.array([steps]), 12.0000004 * one, 12.0 * one, none, 7.0 * one, none, 18.0 * one, one,
        0.93 * one, 0.93 * one, none, np.zeros((1, steps), bool),
    )  # fmt: skip
    program = Program()
    drawn, _ = _add_sessions(program, of, np.zeros(steps, int), np.arange(steps), hours)
    program.add_cost(drawn, 1.0)
    assert program.solve().value[drawn].sum() == pytest.approx(0.0, abs=1e-9)


def test_the_optimum_too_buys_back_within_the_stay():
    """Whoever leaves in the evening cannot count on the cheap night."""
    gap = Gap(controlled_alone(prepare(SCENARIOS / "quickstart.yaml"), 12, 1), 1)
    replay = gap._replay(TRIALS[-1])
    (first, last), series, f = replay.window, replay.world.series, replay.world.figures[0]
    inside = np.flatnonzero((replay.stop > first) & (replay.start < last) & (replay.stop > replay.start))
    pays, paid = replay._pays(inside), series["feed_in_price"] + series["event_premium"]
    assert pays.any()
    for row, of_row in zip(inside, pays, strict=True):
        price = series["price"][:, replay.world.chargers[row]["kind"]]
        margin = f["own_wear"][replay.world.cars[row]["is_nmc"]] + f["owner_margin"]
        for step in range(first, last):
            rest = price[step : replay.stop[row]] if step >= replay.start[row] else []
            gains = len(rest) > 0 and paid[step] >= min(rest) / f["round_trip"] + margin
            assert of_row[step - first] == gains


@pytest.fixture(scope="module")
def table():
    return gap_table(prepare(SCENARIOS / "quickstart.yaml"), cars=120, days=1)


@ON_ONE_WORKER
def test_nobody_beats_the_optimum(table):
    best = table[table["policy"].str.startswith(ORACLE)].set_index(["policy", "form"])
    for form in ("one_way", "two_way"):
        rivals = table[(table["form"] == form) & ~table["policy"].str.startswith(ORACLE)]
        assert rivals["saved_yuan"].max() <= best.loc[(f"{ORACLE}, cost", form), "saved_yuan"] * 1.01
        assert rivals["peak_mw"].min() >= best.loc[(f"{ORACLE}, peak", form), "peak_mw"] - 10.0
    assert float(table["short_kwh"].max()) < 1.0, "all leave with what they were promised"


@ON_ONE_WORKER
def test_coordination_comes_near_the_optimum_and_beats_every_price(table):
    v2g = table[table["form"] == "two_way"].set_index(["policy", "forecasts"])
    cost, peak = v2g.loc[("coordinated, cost", "perfect")], v2g.loc[("coordinated, peak", "perfect")]
    assert cost["saved_pct"] >= 93.0
    assert peak["peak_cut_pct"] >= 90.0
    by_price = table[table["policy"].str.startswith(("tou", "price"))]
    assert cost["saved_yuan"] > by_price["saved_yuan"].max()
    assert peak["peak_cut_mw"] > by_price["peak_cut_mw"].max()


def test_the_command_prints_the_table_and_writes_the_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scenario = str(SCENARIOS / "quickstart.yaml")
    outcome = CliRunner().invoke(main, ["gap", scenario, "--cars", "12", "--out", "rows.csv"])
    assert outcome.exit_code == 0, outcome.output
    assert "coordinated, cost" in outcome.output
    assert (tmp_path / "rows.csv").read_text().startswith(",".join(COLUMNS))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--cars", "9000000"], "--cars: 9000000 is more than the 30"),
        (["--set", "arms.v2g=null"], "arms: a gap needs an arm whose contract is two_way"),
    ],
)
def test_a_gap_that_cannot_be_measured_is_bad_input(options, message):
    outcome = CliRunner().invoke(main, ["gap", str(SCENARIOS / "quickstart.yaml"), *options])
    assert outcome.exit_code == 2
    assert message in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1


def test_the_margin_of_the_peak_is_none_now_and_grows_with_lead_time():
    net, hours = np.array([30_000.0, 30_000.0, 40_000.0, -500.0]), np.array([0.25, 1.0, 2.0, 2.0])
    margin = peak_margin_mw(net, hours, 0.01)
    assert margin[0] == 0.0
    assert 0.0 < margin[1] < margin[2] < 400.0
    assert margin[3] == 0.0
    assert not peak_margin_mw(net, hours, 0.0).any()
