"""Shared network limits: the connection of a site, and the feeders of a district.

All set points pass these limits after the gate of the single car. Mandatory charging comes first; other
charging shares the remaining capacity; discharging has the same limit as charging. The standby of idle
converters (tens of watts) is neglected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents import decision_codes
from sim.agents.charging import mandatory_kw
from sim.agents.records import CarRecord, ChargerRecord
from sim.agents.travelling import LIMIT
from sim.agents.world import World
from sim.rules.battery import whole_watts_below
from sim.rules.compiling import per_row
from sim.scenario.schema import Scenario
from sim.state.blocks import over_blocks, sum_over_blocks
from sim.state.records import as_records

MUST, REST, FED = range(3)
FLOWS = 3
ROUNDING_KW = 1e-6

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Limits:
    """Limits of one city.

    Attributes
    ----------
    sites : records, shape (n_sites,)
        Chargers behind one connection: charger rows ``first`` up to ``stop``, and the limit ``cap_kw``. Empty
        where connections never bind.
    feeders_kw : ndarray, shape (n_districts,)
        Capacity of the feeders of a district for cars, [kW]; infinite where they never bind.
    """

    sites: NDArray[Any]
    feeders_kw: Array

    @classmethod
    def of(cls, spec: Scenario, world: Any) -> Limits:
        """Limits of a scenario: shares of the ratings of the chargers concerned."""
        chargers, terms = world.chargers, spec.chargers
        feeders_kw = np.full(int(world.figures[0]["n_districts"]), np.inf)
        if terms.feeder_limit_share < 1.0:
            ratings = chargers["rated_kw"].astype(np.float64)
            feeders_kw = terms.feeder_limit_share * np.bincount(
                chargers["district"], ratings, len(feeders_kw)
            )
        found = sites(chargers, world.pools, terms.posts_per_site, terms.site_limit_share)
        return cls(found if terms.site_limit_share < 1.0 else found[:0], feeders_kw)

    def apply(self, world: Any) -> float:
        """Keep all sites and feeders within their limits.

        Returns
        -------
        float
            Largest remaining violation of a limit, [kW]; 0 up to rounding.
        """
        worst = 0.0
        if len(self.sites):
            over_blocks(limit_sites, len(self.sites), self.sites, world)
        if np.isfinite(self.feeders_kw).any():
            over_blocks(
                limit_feeders, len(world.chargers), _shares(self._flows(world), self.feeders_kw), world
            )
            flows = self._flows(world)
            drawn, fed = flows[:, MUST] + flows[:, REST], flows[:, FED]
            worst = float(np.max(np.maximum(drawn, fed) - self.feeders_kw))
        if len(self.sites):
            worst = max(worst, float(np.max(sum_over_blocks(
                site_excess, len(self.sites), len(self.sites), self.sites, world
            ))))  # fmt: skip
        return worst if worst > ROUNDING_KW else 0.0

    def _flows(self, world: Any) -> Array:
        n = len(self.feeders_kw)
        return sum_over_blocks(feeder_flows, len(world.chargers), n * FLOWS, world).reshape(n, FLOWS)


def _shares(flows: Array, cap_kw: Array) -> Array:
    """Share of each flow that a limit lets through."""
    shares = np.ones_like(flows)
    for group in range(len(flows)):
        must_kw, rest_kw, fed_kw = flows[group]
        shares[group] = shares_within(must_kw, rest_kw, fed_kw, cap_kw[group])
    return shares


@per_row
def shares_within(must_kw: float, rest_kw: float, fed_kw: float, cap_kw: float) -> tuple[float, float, float]:
    """Shares of mandatory charging, of other charging and of discharging that fit under a limit."""
    must = min(1.0, cap_kw / must_kw) if must_kw > 0.0 else 1.0
    left = max(0.0, cap_kw - must_kw)
    rest = min(1.0, left / rest_kw) if rest_kw > 0.0 else 1.0
    fed = min(1.0, cap_kw / fed_kw) if fed_kw > 0.0 else 1.0
    return must, rest, fed


@per_row
def split(power_kw: float, must_kw: float) -> tuple[float, float, float]:
    """Power of a charger split into mandatory charging, other charging and discharging [kW]."""
    if power_kw < 0.0:
        return 0.0, 0.0, -power_kw
    must = min(power_kw, must_kw)
    return must, power_kw - must, 0.0


@per_row
def throttle(
    charger: ChargerRecord, car: CarRecord, must_share: float, rest_share: float, fed_share: float
) -> None:
    """Curtail a charger to its share; the cause is stored in case a promise breaks because of it."""
    if must_share >= 1.0 and rest_share >= 1.0 and fed_share >= 1.0:
        return
    must, rest, fed = split(float(charger.power_kw), mandatory_kw(charger))
    if not car.converting or must + rest + fed <= 0.0:
        return
    if must_share < 1.0:
        charger.excuse = LIMIT
    charging = whole_watts_below(must * must_share + rest * rest_share)
    power = charging if fed == 0.0 else -whole_watts_below(fed * fed_share)
    car.converting = power != 0.0
    charger.reason = decision_codes.LIMITED
    charger.power_kw = power
    charger.low_kw = min(charger.low_kw, power)
    car.power_kw = power


@per_row
def feeder_flows(start: int, stop: int, out: Any, w: World) -> None:
    """Flows by district, flattened."""
    for charger_row in range(start, stop):
        charger = w.chargers[charger_row]
        if charger.car >= 0 and w.cars[charger.car].converting:
            must, rest, fed = split(float(charger.power_kw), mandatory_kw(charger))
            at = charger.district * FLOWS
            out[at + MUST] += must
            out[at + REST] += rest
            out[at + FED] += fed


@per_row
def limit_feeders(start: int, stop: int, shares: Any, w: World) -> None:
    """Curtail every charger to the shares of its district."""
    for charger_row in range(start, stop):
        charger = w.chargers[charger_row]
        if charger.car >= 0:
            must, rest, fed = shares[charger.district]
            throttle(charger, w.cars[charger.car], must, rest, fed)


@per_row
def limit_sites(start: int, stop: int, sites: Any, w: World) -> None:
    """Curtail the chargers of every site to the limit of its connection."""
    for number in range(start, stop):
        site = sites[number]
        must_kw, rest_kw, fed_kw = site_flows(site, w)
        must, rest, fed = shares_within(must_kw, rest_kw, fed_kw, site.cap_kw)
        for charger_row in range(site.first, site.stop):
            charger = w.chargers[charger_row]
            if charger.car >= 0:
                throttle(charger, w.cars[charger.car], must, rest, fed)


@per_row
def site_excess(start: int, stop: int, out: Any, sites: Any, w: World) -> None:
    """Power above the connection of every site [kW]."""
    for number in range(start, stop):
        must_kw, rest_kw, fed_kw = site_flows(sites[number], w)
        out[number] = max(must_kw + rest_kw, fed_kw) - sites[number].cap_kw


@per_row
def site_flows(site: Any, w: World) -> tuple[float, float, float]:
    """Flows of the chargers of a site [kW]."""
    must_kw, rest_kw, fed_kw = 0.0, 0.0, 0.0
    for charger_row in range(site.first, site.stop):
        charger = w.chargers[charger_row]
        if charger.car >= 0 and w.cars[charger.car].converting:
            must, rest, fed = split(float(charger.power_kw), mandatory_kw(charger))
            must_kw, rest_kw, fed_kw = must_kw + must, rest_kw + rest, fed_kw + fed
    return must_kw, rest_kw, fed_kw


def sites(chargers: Any, pools: Any, posts_per_site: int, share: float) -> NDArray[Any]:
    """Sites at work and in public: ``posts_per_site`` chargers of a pool behind one connection."""
    first: list[int] = []
    stop: list[int] = []
    for begin, end in zip(pools["first"], pools["stop"], strict=True):
        edges = [*range(int(begin), int(end), posts_per_site), int(end)]
        first += edges[:-1]
        stop += edges[1:]
    ratings = np.concatenate([[0.0], np.cumsum(chargers["rated_kw"].astype(np.float64))])
    begins, ends = np.array(first, dtype=np.int64), np.array(stop, dtype=np.int64)
    return as_records({"first": begins, "stop": ends, "cap_kw": share * (ratings[ends] - ratings[begins])})
