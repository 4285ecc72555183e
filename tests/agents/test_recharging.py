"""What the operator owes where recharging costs more than the energy fed in had earned."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

from sim import CityModel
from sim.city.charger_kinds import HOME_KIND
from sim.dispatch.fleet import FEED_IN_POWER
from tests.conftest import arms_with, small

TOU = "residential_tou"


class Lots:
    """Energy one car has fed in and not recharged, lot by lot, the first to be replaced first."""

    def __init__(self, round_trip, cost):
        self.round_trip, self.cost, self.lots, self.owed = round_trip, cost, deque(), 0.0

    def feed_in(self, kwh, paid):
        self.lots.append([kwh, paid])

    def recharge(self, kwh, price):
        left = kwh * self.round_trip
        while self.lots and left > 1e-9:
            part = min(left, self.lots[0][0])
            self.owed += max(0.0, part * (price / self.round_trip + self.cost - self.lots[0][1]))
            self.lots[0][0] -= part
            left -= part
            if self.lots[0][0] <= 1e-6:
                self.lots.popleft()


def owed_by_hand(model):
    """Compensation of every car, from what it did in each step."""
    figures, series = model.world.figures[0], model.world.series
    wear = figures["own_wear"][model.world.cars["is_nmc"]] + figures["owner_margin"]
    books = [Lots(float(figures["round_trip"]), float(cost)) for cost in wear]
    start = np.zeros(len(books))
    while not model.finished:
        now, before = model.step_index, model.city.chargers.records.copy()
        held = model.world.cars["charger"].copy()
        model.step()
        cars, chargers = model.world.cars, model.world.chargers
        for row in np.flatnonzero((held >= 0) & (cars["charger"] < 0)):
            post = before[held[row]]
            if now >= post["stated_step"] and not post["overridden"]:
                books[row].recharge(1e6, series["price"][now, post["kind"]])
            books[row].lots.clear()
        for row in np.flatnonzero(cars["charger"] >= 0):
            post, kwh = chargers[cars["charger"][row]], float(cars["power_kw"][row]) * model.spec.step_hours
            if post["overridden"]:
                books[row].lots.clear()
            if cars["converting"][row] and kwh < 0.0:
                books[row].feed_in(-kwh, series["feed_in_price"][now])
            elif cars["converting"][row]:
                books[row].recharge(kwh, series["price"][now, post["kind"]])
        if now + 1 == model.clock.warmup_steps:
            start = np.array([book.owed for book in books])
    return np.array([book.owed for book in books]) - start


@pytest.mark.parametrize(
    ("policy", "price", "terms"),
    [
        ("coordinated", 0.75, {}),
        ("coordinated", 0.45, {"participation__compensates_losses": True}),
        ("peak-shave", 0.62, {"participation__override_share": 0.3, "participation__owner_margin_yuan_per_kwh": 0.0}),
    ],
)  # fmt: skip
def test_the_operator_pays_what_a_reckoning_lot_by_lot_finds(policy, price, terms):
    model = CityModel(
        small(
            market__feed_in_price_yuan_per_kwh=price, market__home_tariff=TOU, arms=arms_with(policy),
            participation__enrolled_share=0.3, **terms,
        ),
        arm="v2g",
    )  # fmt: skip
    owed = owed_by_hand(model)
    accounts = model.city.accounts
    assert owed.sum() > 0.0
    np.testing.assert_allclose(accounts["compensation_yuan"], owed, atol=0.01)
    assert accounts["compensation_yuan"].sum() == pytest.approx(owed.sum(), rel=1e-3)
    lost = accounts["recharged_at_a_loss_kwh"]
    assert np.all((lost > 0.0) == (accounts["compensation_yuan"] > 0.0))


def home_with_meter(**terms):
    return CityModel(
        small(
            market__household__meter="household", market__home_tariff=TOU, arms=arms_with("peak-shave"),
            participation__enrolled_share=0.3, **terms,
        ),
        arm="v2g",
    )  # fmt: skip


def test_energy_used_at_home_pays_where_feeding_in_does_not():
    """Behind the meter a kWh saves the retail price; no car gives more than its home uses for that."""
    model = home_with_meter(market__feed_in_price_yuan_per_kwh=0.2, fleet__wear__cycle_factor=0.1)
    given = 0.0
    while not model.finished:
        now = model.step_index
        model.step()
        cars, chargers = model.world.cars, model.world.chargers
        feeding = np.flatnonzero((cars["charger"] >= 0) & (cars["power_kw"] < 0) & (cars["converting"] == 1))
        posts = chargers[cars["charger"][feeding]]
        home_kw = posts["home_size"] * model.world.series["home_kw"][now]
        assert np.all(posts["kind"] == HOME_KIND)
        assert np.all(-cars["power_kw"][feeding] <= home_kw + 1e-3)
        given += -cars["power_kw"][feeding].sum()
    assert given > 0.0
    assert model.city.homes.meters["exported_kwh"].sum() == pytest.approx(0.0, abs=1e-3)
    assert model.accountant.audit.passed


def test_the_operator_plans_with_what_homes_use_where_feeding_in_does_not_pay():
    """Behind the meter a plan counts no more than the homes' use, not the ratings of their chargers."""
    model = home_with_meter(market__feed_in_price_yuan_per_kwh=0.2, fleet__wear__cycle_factor=0.1)
    most_mw = rated_mw = 0.0
    while not model.finished:
        model.step()
        operator, chargers = model.operator, model.world.chargers
        offered = operator._plugged(operator.now, 96).sums[..., FEED_IN_POWER].sum()
        able = (chargers["controlled"] == 1) & (chargers["bidirectional"] == 1) & (chargers["car"] >= 0)
        most_mw = max(most_mw, float(offered))
        uses_kw = chargers["home_size"][able] * model.world.series["home_kw"][operator.now]
        assert offered <= operator._mw_per_kw * uses_kw.sum() * 1.01 + 1e-6
        rated_mw = max(rated_mw, operator._mw_per_kw * float(chargers["rated_kw"][able].sum()))
    assert 0.0 < most_mw < 0.5 * rated_mw
