"""Level dispatch, water levels, policies, forecast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.data.catalogue import SHANGHAI
from sim.dispatch import clearing, water_filling
from sim.dispatch.fleet import GROUPS, PLUGGED_FIELDS, Arrivals, Plugged
from sim.dispatch.forecast import Forecast
from sim.dispatch.history import History
from sim.dispatch.marginal_cost import curve_of, expected_prices
from sim.dispatch.objective import CurveSettings
from sim.dispatch.policies.immediate import Immediate
from sim.dispatch.policies.peak_shaving import PeakShaving
from sim.dispatch.policies.valley import Valley
from sim.dispatch.policy import Moment, NoSettings, Outlook
from sim.grid.neighbours import lines_of
from sim.grid.plants import plants_of
from sim.grid.supply import merit_order
from sim.scenario.grid import GridSection

PLANTS = plants_of(GridSection(), SHANGHAI)
STACK = merit_order(PLANTS, lines_of(GridSection(), SHANGHAI), PLANTS.availability)

TIGHT = 2  # state of the neighbours

sums = st.lists(st.floats(0.0, 1000.0), min_size=40, max_size=40)


def book_of(charge, give, must):
    """A book whose offers lie at some ranks in the middle and at both ends."""
    book = np.zeros(clearing.OFFER_ENTRIES)
    ranks = np.linspace(0, clearing.RANKS - 1, len(charge)).astype(int)
    book[ranks], book[clearing.RANKS + ranks] = charge, give
    book[-1] = must
    return book


def answer(book, cleared):
    """What the fleet does on average when it follows the ranks."""
    ranks = np.arange(clearing.RANKS)
    charging = (ranks > cleared.charge_rank) + cleared.charge_share * (ranks == cleared.charge_rank)
    feeding = (ranks < cleared.discharge_rank) + cleared.feed_in_share * (ranks == cleared.discharge_rank)
    room, give = book[: clearing.RANKS], book[clearing.RANKS : -1]
    return book[-1] + float(charging @ room - feeding @ give)


@given(room=sums, give=sums, must=st.floats(0.0, 5000.0), target=st.floats(-50_000.0, 60_000.0))
def test_the_fleet_meets_the_target_or_comes_as_near_as_is_safe(room, give, must, target):
    book = book_of(room, give, must)
    nearest = min(max(target, must - sum(give)), must + sum(room))
    assert answer(book, clearing.clear(book, target)) == pytest.approx(nearest, rel=1e-9, abs=1e-6)


@given(room=sums, give=sums, must=st.floats(0.0, 5000.0), target=st.floats(-50_000.0, 60_000.0))
def test_one_way_nobody_feeds_in_even_to_make_up_for_others(room, give, must, target):
    book = book_of(room, give, must)
    cleared = clearing.clear(book, target, one_way=True)
    assert (cleared.discharge_rank, cleared.feed_in_share) == (-1, 0.0)
    nearest = min(max(target, must), must + sum(room))
    assert answer(book, cleared) == pytest.approx(nearest, rel=1e-9, abs=1e-6)


@given(room=sums, give=sums, steep=st.floats(0.1, 50.0))
def test_a_market_clears_where_bids_meet_what_load_costs(room, give, steep):
    """Above the marginal rank all bids are taken, below none: no one is left who would gain."""
    book, price = book_of(room, give, 0.0), np.linspace(0.0, 1.0, clearing.RANKS)
    most_kw = (price - 0.5) * 1000.0 * steep  # what load may be at each price
    cleared = clearing.clear(book, most_kw)
    drawn = answer(book, cleared)
    at = max(cleared.charge_rank, cleared.discharge_rank)
    if 0 <= at < clearing.RANKS and 0.0 < max(cleared.charge_share, cleared.feed_in_share) < 1.0:
        assert drawn == pytest.approx(most_kw[at], abs=1e-6)


def test_those_who_can_wait_least_charge_first_and_those_who_can_wait_most_feed_in():
    hurried, patient = clearing.ranks_by_laxity(0.6), clearing.ranks_by_laxity(25.0)
    assert hurried[0] > patient[0]
    assert patient[1] < hurried[1]
    assert min(hurried[1], patient[1]) > max(hurried[0], patient[0]), "nobody feeds in while others charge"


def test_between_equals_laxity_decides_who_charges_and_endurance_who_feeds_in():
    edge = np.linspace(0.1, 1.0, clearing.PRICE_BINS - 1)
    hurried = clearing.ranks_by_value(0.5, 0.7, 1.0, 1.0, edge)
    patient = clearing.ranks_by_value(0.5, 0.7, 20.0, 4.0, edge)
    assert hurried[0] > patient[0]
    assert patient[1] < hurried[1]
    assert clearing.ranks_by_value(0.5, np.inf, 1.0, 1.0, edge)[1] == clearing.NEVER_FEEDS_IN
    assert clearing.ranks_by_value(0.6, 0.7, 20.0, 1.0, edge)[0] > hurried[0], "the higher bid goes first"


def test_infinite_wishes_are_met_as_far_as_is_safe():
    book = np.ones(clearing.OFFER_ENTRIES)
    assert answer(book, clearing.clear(book, np.inf)) == 1.0 + clearing.RANKS
    assert answer(book, clearing.clear(book, -np.inf)) == 1.0 - clearing.RANKS


def test_an_empty_book_is_no_trouble():
    assert clearing.clear(np.zeros(clearing.OFFER_ENTRIES), 1000.0).charge_rank == -1


@given(share=st.floats(0.01, 0.99), turns=st.lists(st.floats(0.0, 7.0), min_size=1, max_size=60))
def test_the_marginal_rank_is_rounded_to_whole_cars(share, turns):
    by_turn = np.zeros(clearing.TURN_BINS)
    by_turn[np.arange(len(turns)) * 7] = turns
    charging = clearing.whole_cars(clearing.Cleared(5, share, 5, 0.0), by_turn).charge_share
    feeding = clearing.whole_cars(clearing.Cleared(5, 0.0, 5, share), by_turn).feed_in_share
    wanted, most = share * sum(turns), max(turns)
    drawn, given_ = (by_turn[: round(part * clearing.TURN_BINS)].sum() for part in (charging, feeding))
    assert wanted - most - 1e-6 <= drawn <= wanted + 1e-5
    assert wanted - 1e-5 <= given_ <= wanted + most + 1e-6


@given(laxity=st.floats(-100.0, 1e9))
def test_every_laxity_has_a_bin(laxity):
    assert 0 <= clearing.laxity_bin(laxity) < clearing.LAXITY_BINS


days = st.lists(st.floats(100.0, 50_000.0), min_size=4, max_size=48)


@given(net=days, power=st.floats(1.0, 5000.0), share=st.floats(0.01, 0.95))
def test_what_is_filled_in_below_the_level_is_what_was_asked(net, power, share):
    net, limit = np.array(net), np.full(len(net), power)
    energy = share * limit.sum() * 0.25
    found = water_filling.fill_level(net, limit, energy, 0.25)
    assert water_filling.filled_below(net, limit, found, 0.25) == pytest.approx(energy, rel=1e-6)


@given(net=days, power=st.floats(1.0, 5000.0), share=st.floats(0.01, 0.95))
def test_what_is_shaved_off_above_the_level_is_what_there_is(net, power, share):
    net, limit = np.array(net), np.full(len(net), power)
    energy = share * limit.sum() * 0.25
    found = water_filling.shave_level(net, limit, energy, 0.25)
    assert water_filling.sold_above(net, limit, found, 0.25) == pytest.approx(energy, rel=1e-6)


def test_levels_at_the_ends():
    net, power = np.array([10.0, 20.0]), np.array([5.0, 5.0])
    assert water_filling.fill_level(net, power, 0.0, 1.0) == -np.inf
    assert water_filling.fill_level(net, power, 10.0, 1.0) == np.inf
    assert water_filling.shave_level(net, power, 0.0, 1.0) == np.inf
    assert water_filling.shave_level(net, 0.0 * power, 5.0, 1.0) == np.inf


def at(net_load_mw, step=0):
    return Moment(step, net_load_mw, 0.0, np.ones((5, 8)), np.ones(8))


def outlook(net, owed=0.0, spare=0.0, charge=1000.0, discharge=1000.0):
    net = np.array(net, dtype=float)
    n = len(net)
    return Outlook(
        1.0, net, np.full(n, charge), np.full(n, discharge), np.ones(n, bool), owed, spare, 0.87, 0,
        Plugged(np.zeros((n + 1, GROUPS, PLUGGED_FIELDS))), np.zeros((n, *Arrivals.SHAPE)), np.zeros(n),
        np.zeros(n), np.full(n, TIGHT), STACK,
    )  # fmt: skip


#: Loads at which gas is the last unit needed at the top, and coal at the bottom.
HILL = [18_000.0, 19_000.0, 26_000.0, 28_000.0, 27_000.0, 17_000.0, 16_000.0, 18_000.0]


def test_every_hour_ahead_is_priced_with_its_own_contract():
    """The same net load is dearer where less comes under contract; equal contracts share one curve."""
    ahead = replace(outlook([22_000.0] * 6), contract_mw=np.array([9.0, 3.0, 9.0, 0.0, 3.0, 6.0]) * 1000.0)
    found = expected_prices(CurveSettings(), ahead, ahead.net_load_mw)
    alone = [
        float(curve_of(CurveSettings(), ahead, step).at(mw)) / 1000.0
        for step, mw in enumerate(ahead.net_load_mw)
    ]
    assert found == pytest.approx(alone, rel=1e-12)
    assert found[0] == found[2]
    assert len(set(found)) == 4, "or the contracts make no difference here"


def test_immediate_wishes_nothing():
    policy = Immediate(NoSettings())
    policy.plan(outlook(HILL))
    assert policy.wish(at(35_000.0)) is None


def test_valley_fills_the_night_and_never_feeds_in():
    policy = Valley(NoSettings())
    policy.plan(outlook(HILL, owed=1500.0))
    wishes = [policy.wish(at(net)) for net in HILL]
    assert min(wishes) == 0.0
    assert np.argmax(wishes) == int(np.argmin(HILL))
    assert sum(min(wish, 1000.0) for wish in wishes) == pytest.approx(1500.0)


def test_peak_shaving_cuts_the_top_and_buys_back_with_losses():
    policy = PeakShaving(CurveSettings())
    policy.plan(outlook(HILL, owed=200.0, spare=1200.0))
    wishes = np.clip([policy.wish(at(net, step)) for step, net in enumerate(HILL)], -1000.0, 1000.0)
    sold, bought = -wishes[wishes < 0].sum(), wishes[wishes > 0].sum()
    assert sold == pytest.approx(1200.0)
    assert bought == pytest.approx(200.0 + 1200.0 / 0.87)
    after = np.array(HILL) + wishes
    assert after.max() < max(HILL)
    assert policy.fill_mw < policy.shave_mw


def test_peak_shaving_with_more_energy_than_hill_finds_one_level():
    policy = PeakShaving(CurveSettings())
    policy.plan(
        outlook([26_000.0, 28_000.0, 26_000.0, 16_000.0], spare=50_000.0, charge=9000.0, discharge=9000.0)
    )
    assert policy.fill_mw == policy.shave_mw
    assert 16_000.0 < policy.fill_mw < 28_000.0


def test_peak_shaving_gives_nothing_where_it_is_worth_less_than_it_costs():
    """On a plain of coal a kilowatt-hour saves what it costs to buy back, and the losses and the wear are lost."""
    policy = PeakShaving(CurveSettings())
    policy.plan(outlook([17_000.0, 19_000.0, 17_500.0, 16_500.0], owed=300.0, spare=2000.0))
    assert policy.shave_mw == np.inf
    assert min(policy.wish(at(net, step)) for step, net in enumerate([17_000.0, 19_000.0])) >= 0.0


def test_peak_shaving_without_spare_energy_is_valley_filling():
    both = [Valley(NoSettings()), PeakShaving(CurveSettings())]
    for policy in both:
        policy.plan(outlook(HILL, owed=900.0, spare=0.0))
    assert [both[1].wish(at(net)) for net in HILL] == pytest.approx([both[0].wish(at(net)) for net in HILL])


def history(per_day, days, kinds=None):
    return History(per_day, np.array(kinds or [0] * days, dtype=np.uint8))


@pytest.mark.parametrize(("method", "third_day"), [("persistence", 20.0), ("same_day_type", 10.0)])
def test_history_takes_yesterday_or_days_of_the_kind(method, third_day):
    """Day 0 and 2 are workdays, day 1 is not."""
    forecast = Forecast(np.full(12, 99.0), history(4, 3, [0, 1, 0]), 6.0, 1e-6, method)
    assert forecast.ahead(0, 1)[0] == 99.0, "on the first day there is only the public forecast"
    for step in range(8):
        forecast.observe(step, 10.0 if step < 4 else 20.0, 0.0)
    assert forecast.ahead(8, 4) == pytest.approx(np.full(4, third_day))


def test_a_false_forecast_is_added_and_a_perfect_one_known():
    forecast = Forecast(np.zeros(8), history(4, 2), 6.0, 3.0, "perfect")
    forecast.foretell(np.arange(8.0))
    forecast.false_mw[5] = 100.0
    assert forecast.ahead(4, 4) == pytest.approx([4.0, 105.0, 6.0, 7.0])


def test_arrivals_are_expected_from_history_and_from_nothing_else():
    began = np.ones(Arrivals.SHAPE)
    for method in ("none", "persistence", "same_day_type"):
        arrivals = Arrivals(8, history(4, 2), method)
        assert not arrivals.ahead(0, 4).any()
        arrivals.observe(1, began)
        ahead = arrivals.ahead(4, 4)
        assert ahead[1].any() == (method != "none")
        assert not ahead[2].any()


def test_forecast_knows_the_usual_day_and_its_own_error_only():
    """The operator never sees the noise of steps to come: no perfect foresight."""
    expected = np.tile(np.linspace(100.0, 200.0, 24), 3)
    forecast = Forecast(expected, history(24, 3), 1.0, 3.0, "expected")
    np.testing.assert_allclose(forecast.ahead(0, 24), expected[:24])
    forecast.observe(0, expected[0] + 30.0, 7.0)
    ahead = forecast.ahead(1, 48)
    assert ahead[0] == pytest.approx(expected[1] + 30.0 * np.exp(-1 / 3))
    assert ahead[12] == pytest.approx(expected[13] + 30.0 * np.exp(-13 / 3))
    assert ahead[23] == pytest.approx(expected[24] + 7.0, abs=0.02), (
        "cars nobody controls, as on the days before"
    )
    forecast.observe(24, expected[24], 3.0)
    assert forecast.ahead(25, 24)[23] == pytest.approx(expected[48] + 5.0)


def test_forecast_reaches_beyond_the_end_of_the_run():
    forecast = Forecast(np.array([1.0, 2.0]), history(2, 1), 12.0, 3.0, "expected")
    assert len(forecast.ahead(1, 6)) == 6
