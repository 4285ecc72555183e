"""Who pays whom for a step, at the scale of the city, and whether the owners' purses agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.accounting import ledger
from sim.accounting.audit import Audit
from sim.accounting.ledger import Ledger
from sim.agents import fleet_flows
from sim.city.codes import EN_ROUTE, FAST_POST, HOME_ONLY, HOME_POST, KINDS, SLOW_POST, TWO_WAY, WORK_POST
from sim.market.contract_value import HOURS_PER_MONTH
from sim.market.tariffs import service_fees

if TYPE_CHECKING:
    from sim.accounting.audit import Audit
    from sim.model import CityModel

Array = NDArray[np.float64]

DAYS_PER_MONTH = 365.0 / 12.0

#: Who sells energy at each kind of charger.
SELLERS = {
    HOME_POST: ledger.GRID_COMPANY,
    WORK_POST: ledger.EMPLOYERS,
    SLOW_POST: ledger.CHARGE_POINT_OPERATORS,
    FAST_POST: ledger.CHARGE_POINT_OPERATORS,
    EN_ROUTE: ledger.CHARGE_POINT_OPERATORS,
}
#: What the meters of homes add up to.
METER_SUMS = ("home_yuan", "car_yuan", "exported_kwh")

#: Purses are sums of a whole run; what a step moved is their difference, which carries the rounding of the
#: sums. In a step in which hardly anything is paid that must not count as a mistake.
ROUNDING_SHARE = 1e-6


@dataclass(frozen=True)
class Metered:
    """Energy and money of a step. Energy of the simulated cars, [kWh], by kind of charger.

    Attributes
    ----------
    drawn_kwh, fed_kwh : ndarray, shape (n_kinds,)
    purses : ndarray
        What the sums over cars (:mod:`sim.agents.fleet_flows`) have changed by, in the step.
    generation_yuan : float
        Variable cost of supply in the step, at the scale of the city.
    """

    drawn_kwh: Array
    fed_kwh: Array
    purses: Array
    generation_yuan: float


class Settlement:
    """Books what everybody owes for a step, and at the end of a month.

    Attributes
    ----------
    books : Ledger
    on_call_h : ndarray, shape (n_books,)
        Time on call in the months that are closed, [h].
    rental_yuan : ndarray, shape (n_books,)
        Rent paid so far, [yuan].
    """

    def __init__(self, model: CityModel):
        self._model = model
        self.books = Ledger()
        self.on_call_h = np.zeros(len(model.world.books))
        self.rental_yuan = np.zeros(len(model.world.books))
        terms = model.spec.participation
        self._kept = terms.owners_share
        self._operator = ledger.AGGREGATOR if terms.aggregator_share > 0.0 else ledger.GRID_COMPANY
        self._payer = model.spec.market.pay.paid_by
        self._fees = service_fees(model.spec.market)
        self._meters_before = self._meter_sums()

    def begin(self) -> None:
        """Start the meters' sums from zero."""
        for name in (*METER_SUMS, "self_used_kwh"):
            self._model.home.meters[name] = 0.0
        self._meters_before = self._meter_sums()

    def settle(self, now: int, step: Metered, audit: Audit) -> None:
        """Book a step."""
        spec, books, prices = self._model.spec, self.books, self._model.world.series[now]
        weight, metered = spec.weight, spec.market.needs_meter
        fed_kwh = weight * step.fed_kwh
        bought = self._sell_energy(weight * step.drawn_kwh, prices["price"], metered)
        if metered:
            added, exported_kwh = self._read_meters()
            bought += added
            fed_kwh[HOME_POST] = exported_kwh
        fed_in = float(fed_kwh.sum()) * float(prices["feed_in_price"])
        premium = float(fed_kwh.sum()) * float(prices["event_premium"])
        purses = weight * step.purses
        self.to_owners(fed_in, "feed-in", self._payer)
        self.to_owners(float(purses[fleet_flows.EVENT_YUAN]), "event")
        books.pay(ledger.OWNERS, self._operator, float(purses[fleet_flows.PENALTY_YUAN]), "left early")
        books.pay(ledger.OWNERS, ledger.CHARGE_POINT_OPERATORS, self._charge_rent(), "charger rent")
        books.pay(ledger.GRID_COMPANY, ledger.SUPPLIERS, step.generation_yuan, "generation and imports")
        rounding = ROUNDING_SHARE * books.turnover()
        audit.money(float(purses[fleet_flows.COST_YUAN]) - bought, max(bought, rounding))
        audit.money(float(purses[fleet_flows.REVENUE_YUAN]) - fed_in, max(fed_in, rounding))
        if not spec.operator.event.first_yuan_per_kwh:
            audit.money(float(purses[fleet_flows.EVENT_YUAN]) - premium, max(premium, rounding))
        audit.money(books.imbalance(), books.turnover())

    def to_owners(self, yuan: float, reason: str, payer: str = ledger.GRID_COMPANY) -> None:
        """Pay owners what is left for them when the aggregator has kept its share."""
        if self._kept == 1.0:
            self.books.pay(payer, ledger.OWNERS, yuan, reason)
        else:
            self.books.pay(payer, ledger.AGGREGATOR, yuan / self._kept, reason)
            self.books.pay(ledger.AGGREGATOR, ledger.OWNERS, yuan, reason)

    @property
    def availability_yuan_per_kwh(self) -> float:
        """What an owner gets for an hour on call, per kW of rating [yuan/kWh]."""
        monthly = self._model.spec.participation.availability_yuan_per_kw_month
        return self._kept * monthly / HOURS_PER_MONTH

    def can_feed_in_at_home(self, rows: Any) -> NDArray[np.bool_]:
        """Which of some cars have a bidirectional charger at home and a contract that uses it."""
        world = self._model.world
        drivers = world.drivers[rows]
        posts = drivers["home_charger"]
        used = world.figures["contract"][0] in (TWO_WAY, HOME_ONLY)
        able: NDArray[np.bool_] = (posts >= 0) & (drivers["enrolled"] == 1) & used
        able[able] = world.chargers["bidirectional"][posts[able]] == 1
        return able

    def _charge_rent(self) -> float:
        """Charge those who have signed up for a step's rent of the charger at home; its sum [yuan]."""
        model = self._model
        monthly = model.spec.participation.charger_rent_yuan_per_month
        if monthly == 0.0:
            return 0.0
        rented = self.can_feed_in_at_home(slice(None))
        rent = monthly / DAYS_PER_MONTH / model.spec.steps_per_day
        self.rental_yuan[rented] += rent
        return rent * float(rented.sum()) * model.spec.weight

    def close_month(self, days: float, days_in_month: float, audit: Audit) -> None:
        """Pay for being on call in a month, of which some days were recorded, or not if it was too little."""
        model, terms = self._model, self._model.spec.participation
        books = model.world.books
        enough = books["ready_h"] >= terms.minimum_hours_per_month * days / days_in_month
        earned = books["ready_kwh"].astype(np.float64) * self.availability_yuan_per_kwh
        paid = np.where(enough, earned, 0.0)
        books["availability_revenue_yuan"] += paid
        self.to_owners(float(paid.sum()) * model.spec.weight, "availability")
        self.on_call_h += books["ready_h"]
        books["ready_h"] = 0.0
        books["ready_kwh"] = 0.0
        audit.money(self.books.imbalance(), self.books.turnover())

    # ------------------------------------------------------------------------ parts of a step
    def _sell_energy(self, drawn_kwh: Array, prices: Array, metered: bool) -> float:
        """Book what owners pay for charging, and what sellers pass on; what owners have paid [yuan]."""
        total = 0.0
        for kind, seller in SELLERS.items():
            if metered and kind == HOME_POST:
                continue
            paid = float(drawn_kwh[kind]) * float(prices[kind])
            self.books.pay(ledger.OWNERS, seller, paid, f"charging, {KINDS[kind]}")
            total += paid
            if seller != ledger.GRID_COMPANY:
                energy = paid - float(drawn_kwh[kind]) * float(self._fees[kind])
                self.books.pay(seller, ledger.GRID_COMPANY, energy, "energy")
        return total

    def _read_meters(self) -> tuple[float, float]:
        """Book the bills of the homes; what the cars added to them [yuan], and what they exported [kWh]."""
        sums = self._meter_sums()
        home, added, exported = self._model.spec.weight * (sums - self._meters_before)
        self._meters_before = sums
        self.books.pay(ledger.OWNERS, ledger.HOUSEHOLDS, float(added), "charging, home")
        self.books.pay(ledger.HOUSEHOLDS, ledger.GRID_COMPANY, float(home + added), "electricity at home")
        return float(added), float(exported)

    def _meter_sums(self) -> Array:
        meters = self._model.home.meters
        return np.array([float(meters[name].sum()) for name in METER_SUMS])
