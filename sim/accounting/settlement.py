"""Settlement of a step between parties at the scale of the city, checked against owners' accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.accounting.audit import Audit
from sim.accounting.ledger import Ledger
from sim.agents import entries
from sim.agents.city_state import CityState
from sim.agents.entries import CHART
from sim.city.charger_kinds import CHARGER_KINDS, HOME_KIND
from sim.market import parties
from sim.market.contract_value import HOURS_PER_MONTH
from sim.market.tariffs import service_fees

Array = NDArray[np.float64]

DAYS_PER_MONTH = 365.0 / 12.0

#: Fields summed over the meters of all homes.
METER_SUMS = ("home_yuan", "car_yuan", "exported_kwh")

#: Balances are differences of sums over a whole run and carry their rounding error. In steps with very small
#: payments this must not count as an error.
ROUNDING_SHARE = 1e-6


@dataclass(frozen=True)
class Metered:
    """Energy and money of a step. Energy of the simulated cars, [kWh], by kind of charger.

    Attributes
    ----------
    charged_kwh, discharged_kwh : ndarray, shape (n_kinds,)
    posted : ndarray
        Postings of all simulated cars in the step, by entry.
    generation_yuan : float
        Variable cost of supply in the step, at the scale of the city.
    """

    charged_kwh: Array
    discharged_kwh: Array
    posted: Array
    generation_yuan: float


class Settlement:
    """Settles all payments of a step, and those at the end of a month.

    Attributes
    ----------
    ledger : Ledger
    """

    def __init__(self, city: CityState):
        self._city = city
        self.ledger = Ledger()
        terms, market = city.spec.participation, city.spec.market
        self._kept = terms.owners_share
        self._parties = {
            parties.OPERATOR: parties.AGGREGATOR if terms.aggregator_share > 0.0 else parties.GRID_COMPANY,
            parties.FEED_IN_PAYER: market.pay.paid_by,
        }
        self._fees = service_fees(market)
        self._meters_before = self._meter_sums()

    def begin(self) -> None:
        """Store the current sums of the meters as the baseline."""
        for name in (*METER_SUMS, "self_used_kwh"):
            self._city.homes.meters[name] = 0.0
        self._meters_before = self._meter_sums()

    def settle(self, now: int, step: Metered, audit: Audit) -> None:
        """Settle a step: energy as metered, everything else as posted."""
        spec, ledger, prices = self._city.spec, self.ledger, self._city.world.series[now]
        weight, has_meters = spec.weight, spec.market.needs_meter
        exported_kwh = weight * step.discharged_kwh
        bought = self._sell_energy(weight * step.charged_kwh, prices["price"], has_meters)
        if has_meters:
            added, passed_outwards = self._read_meters()
            bought += added
            exported_kwh[HOME_KIND] = passed_outwards
        posted = weight * step.posted
        in_calls = float(posted[entries.SOLD_IN_CALLS_KWH])
        elsewhere = float(exported_kwh.sum()) - in_calls
        fed_in = elsewhere * float(prices["feed_in_price"])
        premium = elsewhere * float(prices["event_premium"]) + in_calls * float(prices["call_price"])
        self.pay(entries.FEED_IN_REVENUE_YUAN, fed_in)
        self.pay(entries.RENTAL_YUAN, self._charge_rent())
        for number, entry in enumerate(CHART):
            if entry.reason and not entry.by_month and number not in SETTLED_OTHERWISE:
                self.pay(number, float(posted[number]))
        ledger.pay(parties.GRID_COMPANY, parties.SUPPLIERS, step.generation_yuan, "generation and imports")
        rounding = ROUNDING_SHARE * ledger.turnover()
        audit.money(float(posted[entries.CHARGING_COST_YUAN]) - bought, max(bought, rounding))
        audit.money(float(posted[entries.FEED_IN_REVENUE_YUAN]) - fed_in, max(fed_in, rounding))
        if not spec.operator.event.first_yuan_per_kwh:
            audit.money(float(posted[entries.EVENT_REVENUE_YUAN]) - premium, max(premium, rounding))
        audit.money(ledger.imbalance(), ledger.turnover())

    def pay(self, entry: int, yuan: float) -> None:
        """Pay the amount of an entry; the aggregator keeps its share of shared entries."""
        what = CHART[entry]
        payer, payee = (self._parties.get(party, party) for party in (what.payer, what.payee))
        if not what.shared or self._kept == 1.0:
            self.ledger.pay(payer, payee, yuan, what.reason)
        else:
            self.ledger.pay(payer, parties.AGGREGATOR, yuan / self._kept, what.reason)
            self.ledger.pay(parties.AGGREGATOR, payee, yuan, what.reason)

    @property
    def availability_yuan_per_kwh(self) -> float:
        """Availability payment to an owner per hour on call and kW of rating [yuan/kWh]."""
        monthly = self._city.spec.participation.availability_yuan_per_kw_month
        return self._kept * monthly / HOURS_PER_MONTH

    def can_feed_in_at_home(self, rows: Any) -> NDArray[np.bool_]:
        """Which of the given cars have a bidirectional charger at home and a contract that uses it."""
        world = self._city.world
        drivers = world.drivers[rows]
        home_charger = drivers["home_charger"]
        used = bool(world.figures["discharges_at_home"][0])
        able: NDArray[np.bool_] = (home_charger >= 0) & (drivers["enrolled"] == 1) & used
        able[able] = world.chargers["bidirectional"][home_charger[able]] == 1
        return able

    def _charge_rent(self) -> float:
        """Charge enrolled owners a step's rent for the home charger; returns the city total [yuan]."""
        spec = self._city.spec
        monthly = spec.participation.charger_rent_yuan_per_month
        if monthly == 0.0:
            return 0.0
        rented = self.can_feed_in_at_home(slice(None))
        rent = monthly / DAYS_PER_MONTH / spec.steps_per_day
        self._city.accounts["rental_yuan"][rented] += rent
        return rent * float(rented.sum()) * spec.weight

    def close_month(self, days: float, days_in_month: float, audit: Audit) -> None:
        """Pay availability for the recorded days of a month, if the minimum time on call was reached."""
        spec, accounts = self._city.spec, self._city.accounts
        enough = (
            accounts["month_on_call_h"] >= spec.participation.minimum_hours_per_month * days / days_in_month
        )
        paid = np.where(enough, accounts["month_on_call_kwh"] * self.availability_yuan_per_kwh, 0.0)
        accounts["availability_revenue_yuan"] += paid
        self.pay(entries.AVAILABILITY_REVENUE_YUAN, float(paid.sum()) * spec.weight)
        for entry in CHART:
            if entry.monthly:
                accounts[entry.name] = 0.0
        audit.money(self.ledger.imbalance(), self.ledger.turnover())

    # ------------------------------------------------------------------------ parts of a step
    def _sell_energy(self, charged_kwh: Array, prices: Array, has_meters: bool) -> float:
        """Settle charging payments and their energy part; returns the payments of owners [yuan]."""
        total = 0.0
        for kind, traits in enumerate(CHARGER_KINDS):
            if has_meters and kind == HOME_KIND:
                continue
            paid = float(charged_kwh[kind]) * float(prices[kind])
            seller = traits.seller
            self.ledger.pay(parties.OWNERS, seller, paid, f"charging, {traits.name}")
            total += paid
            if seller != parties.GRID_COMPANY:
                energy = paid - float(charged_kwh[kind]) * float(self._fees[kind])
                self.ledger.pay(seller, parties.GRID_COMPANY, energy, "energy")
        return total

    def _read_meters(self) -> tuple[float, float]:
        """Settle the bills of the homes; returns the cars' increment [yuan] and their exports [kWh]."""
        sums = self._meter_sums()
        home, added, exported = self._city.spec.weight * (sums - self._meters_before)
        self._meters_before = sums
        self.ledger.pay(parties.OWNERS, parties.HOUSEHOLDS, float(added), "charging, home")
        self.ledger.pay(parties.HOUSEHOLDS, parties.GRID_COMPANY, float(home + added), "electricity at home")
        return float(added), float(exported)

    def _meter_sums(self) -> Array:
        meters = self._city.homes.meters
        return np.array([float(meters[name].sum()) for name in METER_SUMS])


#: Entries that the settlement computes itself, to check the postings, or home_charger itself.
SETTLED_OTHERWISE = (entries.FEED_IN_REVENUE_YUAN, entries.RENTAL_YUAN)
