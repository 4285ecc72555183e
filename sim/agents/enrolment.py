"""Endogenous enrolment: owners join or leave the contract, day by day.

At noon a share of the eligible owners (private battery electric cars with a charger at home) reconsiders the
offer. The choice depends on expected earnings under its terms, realised earnings of enrolled owners in the
district, the value of lost comfort, broken promises, and the enrolled share of the district. Owners whose
car is plugged in decide on another day, so that no session changes its contract while it lasts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.city_state import CityState
from sim.agents.entries import (
    COMPENSATION_YUAN,
    DISCHARGED_KWH,
    DRIVEN_KWH,
    EVENT_REVENUE_YUAN,
    FEED_IN_REVENUE_YUAN,
    PENALTY_YUAN,
    PROMISE_SHORTFALLS,
)
from sim.agents.records import CarRecord, DriverRecord
from sim.agents.world import World
from sim.city.town import Town
from sim.market.contract_value import Offer, offer_of
from sim.rules.chance import CONSIDERING, HASSLE, HOME_CHARGER, JOINING, normal, uniform
from sim.rules.compiling import per_row
from sim.rules.enrolment import expected_earnings_yuan, join_utility, signs_up
from sim.state.blocks import over_blocks, sum_over_blocks
from sim.state.records import as_record

MAY, HAS_JOINED, MEMBER_DAYS, EARNED_YUAN = range(4)  # by district, over eligible owners
FIELDS = 4
SHORTEST_HEARSAY_DAYS = 3.0  # summed over the enrolled owners of a district (assumption)


class Enrolment:
    """Enrolment choices of the owners of a city, made daily at noon.

    Attributes
    ----------
    offer : Offer
        The terms as owners see them.
    """

    def __init__(self, city: CityState):
        self._city, spec = city, city.spec
        self.offer: Offer = offer_of(spec)
        self._member_days = np.zeros(city.drivers.n if self.is_open else 1)
        choice, terms = spec.participation.choice, spec.participation
        self._terms = as_record(
            {
                **choice.model_dump(),
                "gain": np.array(self.offer.gain_yuan_per_kwh),
                "fixed_yuan": self.offer.fixed_yuan_per_year,
                "hours": self.offer.hours_that_pay,
                "most_kwh": self.offer.most_kwh_per_day,
                "cost": np.array(self.offer.cost_yuan_per_kwh),
                "delay_yuan": self.offer.delay_yuan_per_year,
                "rating_kw": spec.chargers.bidirectional_kw,
                "efficiency": spec.chargers.one_way_efficiency,
                "bidirectional_share": spec.chargers.home_bidirectional_share,
                "plug_in": terms.plug_in_probability,
            }
        )

    @property
    def is_open(self) -> bool:
        """Whether enrolment is endogenous in this run."""
        terms = self._city.spec.participation
        return terms.enrolment == "choice" and terms.form.controls

    def step(self, now: int) -> None:
        """Let a share of eligible owners reconsider the offer, once a day at noon."""
        steps_per_day = self._city.clock.steps_per_day
        if not self.is_open or now % steps_per_day != steps_per_day // 2:
            return
        world, n = self._city.world, self._city.drivers.n
        districts = int(world.figures["n_districts"][0])
        days = (now - self._filled_from(now)) / steps_per_day
        if days < 1.0:  # accounts were opened less than a day ago
            self._member_days[:] = 0.0
        self._member_days += world.drivers["enrolled"] * min(1.0, days)
        width = districts * FIELDS
        heard = sum_over_blocks(_look_around, n, width, self._member_days, self._terms, world)
        around = heard.reshape(districts, FIELDS)
        peers = around[:, HAS_JOINED] / np.maximum(around[:, MAY], 1.0)
        hearsay = self._hearsay(around)
        over_blocks(_consider_all, n, now // steps_per_day, days, peers, hearsay, self._terms, world)

    def _filled_from(self, now: int) -> int:
        """Step in which accounts were opened: the start of recording, or of the run."""
        first = self._city.clock.warmup_steps
        return first if first <= now else 0

    def _hearsay(self, around: NDArray[np.float64]) -> NDArray[np.float64]:
        """Annualised discharge earnings of enrolled owners since they enrolled, by district [yuan/a].

        NaN where no earnings have been observed, and where savings appear only on the home's bill.
        """
        hearsay = np.full(len(around), np.nan)
        known = around[:, MEMBER_DAYS] >= SHORTEST_HEARSAY_DAYS
        if not self._city.spec.market.needs_meter:
            hearsay[known] = around[known, EARNED_YUAN] / around[known, MEMBER_DAYS] * 365.0
        return hearsay


@per_row
def _may_join(driver: DriverRecord, car: CarRecord, town: Town) -> bool:
    private = town.archetypes[driver.archetype].commercial == 0
    return private and not car.is_phev and driver.home_charger >= 0


@per_row
def _look_around(start: int, stop: int, out: Any, member_days: Any, terms: Any, w: World) -> None:
    """Sums by district: eligible owners, enrolled owners, and the latter's days enrolled and earnings."""
    drivers, cars, cost = w.drivers, w.cars, terms[0].cost
    for row in range(start, stop):
        driver, car = drivers[row], cars[row]
        if not _may_join(driver, car, w.town):
            continue
        at = w.town.zones[driver.home_zone].district * FIELDS
        out[at + MAY] += 1.0
        if driver.enrolled:
            out[at + HAS_JOINED] += 1.0
            out[at + MEMBER_DAYS] += member_days[row]
            sums = w.accounts[car.account].sums
            revenue = sums[FEED_IN_REVENUE_YUAN] + sums[EVENT_REVENUE_YUAN] + sums[COMPENSATION_YUAN]
            revenue -= sums[PENALTY_YUAN]
            out[at + EARNED_YUAN] += revenue - sums[DISCHARGED_KWH] * cost[car.is_nmc]


@per_row
def _consider_all(
    start: int, stop: int, day: int, days: float, peers: Any, hearsay: Any, terms: Any, w: World
) -> None:
    drivers, cars, f, t = w.drivers, w.cars, w.figures[0], terms[0]
    for row in range(start, stop):
        driver, car = drivers[row], cars[row]
        if car.charger >= 0 or not _may_join(driver, car, w.town):
            continue
        if uniform(f.key, driver.driver_id, day, CONSIDERING) >= t.considering_per_day:
            continue
        district = w.town.zones[driver.home_zone].district
        able = car.v2g_capable and f.discharges_at_home
        to_spare = (driver.target_soc - driver.reserve_soc) * car.capacity_kwh * t.efficiency
        energy = min(to_spare, t.rating_kw * t.hours, t.most_kwh) if able else 0.0
        fixed = t.fixed_yuan * t.rating_kw if able else 0.0
        expected = expected_earnings_yuan(energy, t.gain[car.is_nmc], t.plug_in, fixed + t.delay_yuan)
        heard = hearsay[district]
        if heard == heard:  # earnings have been observed
            told = heard + fixed + t.delay_yuan
            expected = (1.0 - t.hearsay) * expected + t.hearsay * told
        hassle = t.hassle_yuan_per_year * np.exp(t.hassle_spread * normal(f.key, driver.driver_id, 0, HASSLE))
        sums = w.accounts[car.account].sums
        used = sums[DRIVEN_KWH] / max(days, 1.0) / car.capacity_kwh
        utility = join_utility(
            t.utility_at_nothing, t.utility_per_100_yuan, expected, hassle, t.range_worry, used,
            t.trust_lost_per_broken_promise, sums[PROMISE_SHORTFALLS], t.peers, peers[district],
        )  # fmt: skip
        driver.enrolled = signs_up(uniform(f.key, driver.driver_id, day, JOINING), utility)
        if driver.enrolled and car.v2g_capable:
            _install(driver, w.chargers, t.rating_kw, t.bidirectional_share, f.key)


@per_row
def _install(driver: DriverRecord, chargers: Any, rating_kw: float, share: float, key: Any) -> None:
    """Install a bidirectional charger for a share of newly enrolled owners; it stays if they leave."""
    if uniform(key, driver.driver_id, 1, HOME_CHARGER) < share:
        charger = chargers[driver.home_charger]
        charger.bidirectional = 1
        charger.rated_kw = rating_kw
