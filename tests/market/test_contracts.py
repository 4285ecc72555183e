"""Contracts through the whole model: who is paid what for which energy, and what the books say."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from sim import CityModel, load_scenario
from sim.agents.charger import Charger
from sim.city.codes import NEVER
from sim.data.catalogue import rows, select
from sim.market import parties
from sim.market.arbitrage_margin import Bargain, tariffs_of
from sim.market.cautions import cautions
from sim.market.contract_value import bargain_of, round_trip
from sim.runs.run import prepare, simulate, tables_from_result
from sim.scenario.tariff_book import pay_regimes, tariff_book
from tests.conftest import arms_with, small

REGIMES = list(pay_regimes())
TWO_WAY = {"participation__override_share": 0.0}


def run(arm: str = "v2g", **settings: Any) -> CityModel:
    model = CityModel(small(**settings), arm=arm)
    model.run_model()
    assert model.accountant.audit.passed, model.accountant.audit.violations
    return model


# ------------------------------------------------------------------------ fourteen kilowatt-hours
class TwoHours(Charger):
    """Feeds in 7 kW in the two best hours of the afternoon and evening, and buys back in the cheapest ones."""

    def set_point(self) -> float:
        world, step = self.model.world, self.model.step_index
        car, series = self.model.cars[0], world.series
        hour = self.model.clock.hours[step]
        if (
            hour >= 12.0
            and car.discharged_kwh < 14.0 - 1e-9
            and series["feed_in_price"][step] == self.model.best_sale
        ):
            return -7.0
        missing = self.model.start_kwh - car.energy_kwh
        if missing <= 1e-6 or series["price"][step][0] > self.model.cheapest + 1e-9:
            return 0.0
        step_h, figures = self.model.spec.step_hours, world.figures[0]
        fixed, part = 7.0 * float(figures["fixed_loss"]), 1.0 - float(figures["proportional_loss"])
        return min(7.0, (missing / step_h + fixed) / part if part > 0 else 7.0)


def fourteen_kwh(regime: str) -> dict[str, float]:
    """Money of a car that stands at home for two days, feeds in 14 kWh on the first and is refilled."""
    settings = {
        "time": {"start": dt.date(2025, 8, 26), "days": 2, "warmup_days": 0},
        "fleet": {"cars": 40, "models": {"BYD Qin Plus EV": 1.0}, "v2g_capable": 1.0},
        "drivers": {"personas": {"test": {"archetype": "regular_commuter", "model": "BYD Qin Plus EV", "home_charger": True,
                                          "enrolled": True, "v2g_capable": True, "target_soc": 1.0, "reserve_soc": 0.2}}},
        "chargers": {"bidirectional_kw": 7.0, "standby_w": 0.0, "availability": 1.0},
        "participation": {"override_share": 0.0, "stated_departure_wrong_share": 0.0},
        "market": {"regime": regime},
    }  # fmt: skip
    model = CityModel(load_scenario(settings), arm="v2g")
    world = model.world
    world.drivers["depart_step"][0] = NEVER
    world.cars["energy_kwh"][0] = 0.8 * world.cars["capacity_kwh"][0]
    post = int(world.drivers["home_charger"][0])
    model.recruit(TwoHours, [post])
    model.drivers[0].request_charger()
    afternoon = model.clock.hours >= 12.0
    model.best_sale = float(world.series["feed_in_price"][: len(afternoon)][afternoon].max())
    model.cheapest = float(world.series["price"][:, 0].min())
    model.start_kwh = float(world.cars["energy_kwh"][0])
    world.cars["owed_kwh"][0] = model.start_kwh
    model.accountant.begin_recording(model.step_index)
    model.run_model()
    assert model.accountant.audit.passed
    owner = model.owners_frame().iloc[0]
    assert owner["discharged_kwh"] == pytest.approx(14.0)
    assert world.cars["energy_kwh"][0] == pytest.approx(model.start_kwh, abs=0.02)
    keys = ("feed_in_revenue_yuan", "charging_cost_yuan", "cycle_wear_yuan")
    return {key: float(owner[key]) for key in keys} | {"best": model.best_sale, "cheapest": model.cheapest}


@pytest.mark.parametrize("regime", REGIMES)
def test_fourteen_kwh_by_two_lines(regime):
    """Independent of the model: price, round trip of 0.873, and the ageing law of the LFP cell."""
    day = fourteen_kwh(regime)
    (cell,) = select("battery_ageing", cell="LFP_250Ah_prismatic")
    k, y, a = (float(cell[name]) for name in ("first_cycle_pct", "cycle_exponent", "depth_exponent"))
    out_kwh = 14.0 / 0.873**0.5  # half of the losses come before the meter, half behind it
    wear = k * y * (3650 * 0.1**a) ** (y - 1.0) * (out_kwh / 57.6) ** a / 100.0 / 0.2 * 57.6 * 81 * 7.1
    net = 14.0 * (day["best"] - day["cheapest"] / 0.873) - wear
    simulated = day["feed_in_revenue_yuan"] - day["charging_cost_yuan"] - day["cycle_wear_yuan"]
    assert simulated == pytest.approx(net, abs=0.08)


def test_the_pencil_of_the_program_agrees_with_the_data_pack():
    """earnings_bounds.csv, net of a 14 kWh day, reckons with 0.87 and 0.05 yuan/kWh of wear."""
    names = {
        "guangdong_regulated_peak": (0.307, 0.77), "nio_shanghai_points": (0.307, 0.8), "jiangsu_residential": (0.307, 0.85),
        "jiangsu_public_peak": (0.307, 1.22), "wuhan_event": (0.45, 3.0), "guangzhou_event": (0.307, 3.33),
        "shenzhen_event": (0.4, 4.0), "shanghai_home_price_spread": (0.307, 0.617),
        "shanghai_two_part_sharp_summer_netmeter": (0.276, 1.5525),
    }  # fmt: skip
    table = {row["price_case"]: float(row["net_14kwh"]) for row in rows("earnings_bounds")}
    assert set(table) == set(names)
    for name, (buy, sell) in names.items():
        assert Bargain(buy, sell, 0.87, 0.05).net_yuan(14.0) == pytest.approx(table[name], abs=0.06)


def test_price_and_energy_that_make_200_yuan():
    bargain = Bargain(0.307, 0.8, 0.87, 0.05)
    price = bargain.price_for(200.0, 14.0)
    assert Bargain(0.307, price, 0.87, 0.05).net_yuan(14.0) == pytest.approx(200.0)
    energy = bargain.energy_for(200.0)
    assert energy is not None
    assert bargain.net_yuan(energy) == pytest.approx(200.0)
    assert Bargain(0.7, 0.6, 0.87, 0.05).energy_for(200.0) is None


def test_every_regime_has_its_tariffs():
    for regime in pay_regimes().values():
        buy, sell = tariffs_of(regime, tariff_book())
        assert Bargain.of(buy, sell, 8, 0.87, 0.05).sell_yuan_per_kwh >= 0.617


# ----------------------------------------------------------------------------------- the books
@pytest.mark.parametrize("regime", ["wuhan", "nio-points", "beijing", "shanghai-two-part"])
def test_books_close_and_no_energy_is_paid_that_was_not_delivered(regime):
    model = run(market__regime=regime, arms=arms_with("price"), **TWO_WAY)
    books = model.accountant.settlement.ledger
    kept = model.city.accounts
    assert abs(books.imbalance()) < 1e-9 * books.turnover()
    payer = pay_regimes()[regime].paid_by
    paid = books.paid[payer, parties.OWNERS, "feed-in"]
    best = float(model.world.series["feed_in_price"].max())
    weight = model.spec.weight
    assert 0.0 < paid <= best * float(kept["discharged_kwh"].sum()) * weight * (1 + 1e-9)
    assert paid == pytest.approx(float(kept["feed_in_revenue_yuan"].sum()) * weight)


def test_the_aggregator_keeps_its_share():
    # At this pay all owners discharge, with or without an aggregator.
    same = {
        "participation__plug_in_response_to_pay": 0.0,
        "market__feed_in_price_yuan_per_kwh": 3.0,
        **TWO_WAY,
    }
    whole, shared = run(**same), run(participation__aggregator_share=0.25, **same)
    alone, between = whole.accountant.settlement.ledger, shared.accountant.settlement.ledger
    to_owners = between.paid[parties.AGGREGATOR, parties.OWNERS, "feed-in"]
    to_aggregator = between.paid[parties.GRID_COMPANY, parties.AGGREGATOR, "feed-in"]
    assert to_owners == pytest.approx(0.75 * to_aggregator)
    assert between.balance[parties.AGGREGATOR] == pytest.approx(0.25 * to_aggregator)
    assert parties.AGGREGATOR not in {party for key in alone.paid for party in key[:2]}
    revenue = [model.city.accounts["feed_in_revenue_yuan"].sum() for model in (whole, shared)]
    assert revenue[1] == pytest.approx(0.75 * revenue[0])  # the operator looks at load: the same energy


def test_being_on_call_is_paid_by_the_hour_and_kilowatt():
    """30 yuan per kW and month, 730 hours: an hour on call at 6.6 kW earns 0.27 yuan."""
    model = run(participation__availability_yuan_per_kw_month=30.0, **TWO_WAY)
    owners = model.owners_frame()
    ready = owners["on_call_h"] > 0.0
    assert ready.sum() > 20
    rating = np.minimum(6.6, model.world.cars["session_kw"].astype(float))
    expected = owners["on_call_h"] * rating * 30.0 / 730.0
    assert owners["availability_revenue_yuan"][ready].to_numpy() == pytest.approx(
        expected[ready].to_numpy(), rel=1e-4
    )
    assert (owners["availability_revenue_yuan"][~ready] == 0.0).all()


def test_a_charger_that_is_out_of_order_is_not_on_call():
    shock = {"kind": "charger_outage", "at": dt.datetime(2025, 8, 27), "hours": 24.0}
    model = run(participation__availability_yuan_per_kw_month=30.0, shocks=[shock], **TWO_WAY)
    owners = model.owners_frame()
    assert owners["on_call_h"].sum() == 0.0
    assert owners["availability_revenue_yuan"].sum() == 0.0


def test_coming_back_is_paid_less_what_the_aggregator_keeps():
    settings = {
        "shocks": [{"kind": "unplug", "at": dt.datetime(2025, 8, 27, 18), "hours": 3.0}],
        "operator__event": {"first_yuan_per_kwh": 3.0, "raise_yuan_per_kwh": 0.0},
        "participation__aggregator_share": 0.5,
    }
    model = run(**settings, **TWO_WAY)
    books = model.accountant.settlement.ledger
    to_owners = books.paid[parties.AGGREGATOR, parties.OWNERS, "event"]
    assert to_owners > 0.0
    assert books.paid[parties.GRID_COMPANY, parties.AGGREGATOR, "event"] == pytest.approx(2.0 * to_owners)
    assert model.world.series["event_price"].max() == 1.5


def test_a_month_with_too_few_hours_earns_nothing():
    """The one recorded day of August counts as 1/31 of the month: 8 of 248 hours are asked of it."""
    model = run(
        participation__availability_yuan_per_kw_month=30.0,
        participation__minimum_hours_per_month=248.0,
        **TWO_WAY,
    )
    owners = model.owners_frame()
    enough = owners["on_call_h"] >= 8.0
    assert enough.any()
    assert (~enough & (owners["on_call_h"] > 0.0)).any()
    assert ((owners["availability_revenue_yuan"] > 0.0) == enough).all()


def test_leaving_early_is_charged_where_the_contract_says_so():
    free = run(participation__stated_departure_wrong_share=0.5)
    fined = run(participation__stated_departure_wrong_share=0.5, participation__left_early_penalty_yuan=5.0)
    penalties = fined.owners_frame()["penalty_yuan"]
    assert penalties.sum() > 0.0
    assert (penalties % 5.0 == 0.0).all()
    assert free.owners_frame()["penalty_yuan"].sum() == 0.0
    books = fined.accountant.settlement.ledger
    assert books.paid[parties.OWNERS, parties.GRID_COMPANY, "left early"] == pytest.approx(
        penalties.sum() * fined.spec.weight
    )


def test_rent_is_paid_by_the_day_in_arms_that_use_the_charger():
    settings = {"participation__charger_rent_yuan_per_month": 36.5}
    owners = run(**settings).owners_frame()
    assert set(np.round(owners["rental_yuan"], 9)) == {0.0, 1.2}  # 36.5 / (365 / 12)
    assert (owners["rental_yuan"] > 0.0).sum() == (owners["bidirectional_charger"] & owners["enrolled"]).sum()
    assert run("uncontrolled", **settings).owners_frame()["rental_yuan"].sum() == 0.0
    spent = owners["charging_cost_yuan"] + owners["wear_cost_yuan"] + owners["rental_yuan"]
    net = (spent - owners["feed_in_revenue_yuan"] - owners["compensation_yuan"]).to_numpy()
    np.testing.assert_allclose(owners["net_cost_yuan"], net, atol=1e-9)


def test_the_warranty_limits_what_is_fed_in():
    free = run(time__days=2, arms=arms_with("price"), **TWO_WAY)
    held = run(
        time__days=2, arms=arms_with("price"), participation__warranty_kwh_per_year=365.0 * 3, **TWO_WAY
    )
    assert free.owners_frame()["discharged_kwh"].max() > 6.0
    # Three kilowatt-hours for each day so far, the day that has begun counted in part: never more than 3 x 3.
    assert 0.0 < held.owners_frame()["discharged_kwh"].max() <= 9.0


def test_wear_of_those_who_feed_in_is_never_negative():
    owners = run(arms=arms_with("price"), **TWO_WAY).owners_frame()
    assert (owners["wear_cost_yuan"] >= 0.0).all()
    fed_in = owners["discharged_kwh"] > 0.0
    assert (owners["cycle_wear_yuan"][fed_in] > 0.0).all()


def test_an_announced_event_draws_energy_and_is_booked_apart():
    event = {"at": dt.datetime(2025, 8, 27, 19), "hours": 2.0, "yuan_per_kwh": 3.0}
    usual, called = (
        run(arms=arms_with("price"), **TWO_WAY),
        run(arms=arms_with("price"), market__events=[event], **TWO_WAY),
    )
    hours = (called.system_frame()["time"].dt.hour >= 19) & (called.system_frame()["time"].dt.hour < 21)
    before, after = (model.system_frame()["ev_discharge_mw"][hours].sum() for model in (usual, called))
    assert after > 1.2 * before
    owners = called.owners_frame()
    in_event_kwh = after * 0.25 * 1000.0 / called.spec.weight
    assert owners["event_revenue_yuan"].sum() == pytest.approx(3.0 * in_event_kwh)
    assert usual.owners_frame()["event_revenue_yuan"].sum() == 0.0


def test_rent_follows_who_has_signed_up():
    model = run(participation__charger_rent_yuan_per_month=36.5, participation__enrolment="choice", time__days=3,
                market__feed_in_price_yuan_per_kwh=3.0, participation__choice__considering_per_day=0.5)  # fmt: skip
    rental = model.owners_frame()["rental_yuan"]
    assert len(np.unique(np.round(rental, 6))) > 2  # some joined on the way
    paid = model.accountant.settlement.ledger.paid[
        parties.OWNERS, parties.CHARGE_POINT_OPERATORS, "charger rent"
    ]
    assert rental.sum() * model.spec.weight == pytest.approx(paid)


# ------------------------------------------------------------------------------- behind the meter
HOUSEHOLD = {"market__household__meter": "household", "market__home_tariff": "residential_tou"}


def test_feed_in_is_paid_only_on_what_leaves_the_home():
    model = run(arms=arms_with("price"), market__feed_in_price_yuan_per_kwh=0.8, **HOUSEHOLD, **TWO_WAY)
    meters = model.home.meters
    kept = model.city.accounts
    at_home = kept["feed_in_revenue_yuan"] > 0.0
    assert meters["self_used_kwh"].sum() > 0.0
    assert meters["exported_kwh"].sum() > 0.0
    assert (meters["self_used_kwh"] + meters["exported_kwh"] <= kept["discharged_kwh"] + 1e-9).all()
    assert kept["feed_in_revenue_yuan"][at_home] == pytest.approx(0.8 * meters["exported_kwh"][at_home])


def test_a_home_only_contract_feeds_nothing_into_the_grid():
    arms = arms_with("price") | {
        "v2g": {"operator": {"policy": "price"}, "participation": {"contract": "home_only"}}
    }
    model = run(arms=arms, **HOUSEHOLD, **TWO_WAY)
    assert model.home.meters["self_used_kwh"].sum() > 0.0
    assert model.home.meters["exported_kwh"].sum() == pytest.approx(0.0, abs=1e-3)
    assert model.city.accounts["feed_in_revenue_yuan"].sum() == pytest.approx(0.0, abs=1e-3)


def test_the_bill_of_a_home_does_not_depend_on_the_car():
    arms = {arm: run(arm, **HOUSEHOLD) for arm in ("uncontrolled", "v2g")}
    bills = {arm: model.owners_frame()["home_bill_yuan"].to_numpy() for arm, model in arms.items()}
    np.testing.assert_allclose(bills["uncontrolled"], bills["v2g"])
    assert bills["v2g"].max() > 1.0
    books = arms["v2g"].accountant.settlement.ledger
    total = books.paid[parties.HOUSEHOLDS, parties.GRID_COMPANY, "electricity at home"]
    added = books.paid[parties.OWNERS, parties.HOUSEHOLDS, "charging, home"]
    assert total - added == pytest.approx(bills["v2g"].sum() * arms["v2g"].spec.weight)


def test_the_year_begins_anew_for_the_tiers():
    model = CityModel(
        small(time__start=dt.date(2025, 12, 31), time__days=2, time__warmup_days=0, weather__temperature_profile="normal",
              **HOUSEHOLD), arm="uncontrolled",
    )  # fmt: skip
    for _ in range(96):
        before = model.home.meters["without_kwh"].max()
        model.step()
    assert before > 2000.0
    assert model.home.meters["without_kwh"].max() == 0.0


# ------------------------------------------------------------------------------- prices that move
def test_dynamic_prices_follow_the_cost_of_supply():
    model = run(
        market__home_tariff="dynamic", market__feed_in_tariff="dynamic", arms=arms_with("price"), **TWO_WAY
    )
    series = model.world.series
    recorded = slice(model.clock.warmup_steps, len(model.clock))
    home, sell = series["price"][recorded, 0], series["feed_in_price"][recorded]
    assert home - sell == pytest.approx(model.spec.market.dynamic.markup_yuan_per_kwh)
    assert len(np.unique(np.round(sell, 4))) > 1
    price = model.system_frame()["price_yuan_per_mwh"] / 1000.0
    assert np.median(np.abs(price - sell)) < 0.05


def test_a_critical_peak_stands_on_a_dynamic_price_too_and_nothing_means_nothing():
    event = {"at": dt.datetime(2025, 8, 27, 19), "hours": 1.0, "charging_surcharge_yuan_per_kwh": 5.0}
    settings = {
        "market__home_tariff": "dynamic",
        "market__feed_in_factor_of_home_tariff": 0.0,
        "market__events": [event],
    }
    model = run(**settings)
    series, hours = (
        model.world.series[model.clock.warmup_steps : len(model.clock)],
        model.clock.hours[model.clock.warmup_steps :],
    )
    called = (hours > 19.0) & (hours < 20.0)
    assert series["price"][called, 0].min() > 5.0
    assert series["price"][~called, 0].max() < 3.0
    assert series["feed_in_price"].max() == 0.0


def test_bringing_a_battery_back_costs_what_a_dynamic_tariff_asks():
    result = simulate(prepare(small(market__home_tariff="dynamic")))
    at_home = tables_from_result(result, "v2g").restoring_price_home
    markup = result.spec.market.dynamic.markup_yuan_per_kwh
    cheapest = result.system.loc[result.system["arm"] == "v2g", "price_yuan_per_mwh"].min() / 1000.0
    assert at_home == pytest.approx(cheapest + markup)


def test_scarcity_adds_to_a_dynamic_price():
    calm, tight = (
        run(market__home_tariff="dynamic", market__dynamic__scarcity_adder_yuan_per_kwh=adder, time__warmup_days=0,
            market__dynamic__scarcity_margin_mw=20000.0).world.series["price"][:, 0]
        for adder in (0.0, 2.0)
    )  # fmt: skip
    assert (tight >= calm - 1e-12).all()
    assert (tight > calm + 0.1).any()


def test_prices_below_zero_are_allowed():
    tariff = {
        "periods": [
            {"hours": "22:00-06:00", "price_yuan_per_kwh": -0.1},
            {"hours": "06:00-22:00", "price_yuan_per_kwh": 0.6},
        ]
    }
    model = run(
        market__tariffs={"windy": tariff}, market__home_tariff="windy", arms=arms_with("price"), **TWO_WAY
    )
    owners = model.owners_frame()
    assert (owners["charging_cost_yuan"] < 0.0).any()
    assert any(
        "less than nothing" in text for text in cautions(model.spec.model_copy(update={"arms": {"run": {}}}))
    )


def test_a_price_that_can_be_gamed_is_said_so():
    (text,) = [text for text in cautions(small(market__regime="beijing")) if "every hour" in text]
    assert text.startswith("note, arm v2g: feeding in pays more than charging costs at every hour of a day")
    assert not cautions(small())


def test_the_pencil_sees_what_the_owner_sees():
    spec = small(participation__aggregator_share=0.5)
    assert bargain_of(spec, "LFP").sell_yuan_per_kwh == pytest.approx(0.4)
    assert round_trip(spec) == pytest.approx(0.873, abs=0.001)
    assert 0.0 < bargain_of(spec, "LFP").wear_yuan_per_kwh < bargain_of(spec, "NMC").wear_yuan_per_kwh < 0.5
