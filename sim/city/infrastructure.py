"""Location of chargers: own chargers at homes, and shared chargers by district."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.city.charger_kinds import AT_WORKPLACES, CHARGER_KINDS, HOME_KIND, POOLED, PUBLIC, REST, setting
from sim.city.people import People
from sim.city.town import Town
from sim.rules.chance import HOME_CHARGER, HOME_SIZE, log_normals, uniforms
from sim.scenario.schema import Scenario
from sim.scenario.supply_side import ChargersSection


class ChargerColumns(NamedTuple):
    """Columns of chargers: those at homes first, then pools of each kind by district."""

    kind: NDArray[np.uint8]
    district: NDArray[np.uint8]
    rated_kw: NDArray[np.float32]
    bidirectional: NDArray[np.uint8]
    home_size: NDArray[np.float32]
    pool_first: NDArray[np.int64]  # (n_pools * n_districts,)
    pool_stop: NDArray[np.int64]


def build_chargers(
    key: np.uint64, spec: Scenario, town: Town, people: People, home_charger: NDArray[np.int32]
) -> ChargerColumns:
    """Place the chargers of a scenario (as one arm sees it) for the simulated part of the fleet.

    Writes the charger of each driver's home into `home_charger`, shape (n_drivers,), -1 for none.
    """
    n_districts = int(town.zones["district"].max()) + 1
    owners = np.flatnonzero(people.has_home_charger).astype(np.int32)  # a few bytes, but for each of millions
    home_charger[:] = -1
    home_charger[owners] = np.arange(len(owners), dtype=np.int32)
    counts = _pooled_chargers(spec, town, people, n_districts)

    kinds = [np.full(len(owners), HOME_KIND, np.uint8)]
    districts = [town.zones["district"][people.home_zone[owners]]]
    two_way = [_home_bidirectional(key, spec, people, owners)]
    for kind in POOLED:
        share = setting(CHARGER_KINDS[kind].bidirectional_share, spec.chargers)
        for district, count in enumerate(counts[kind]):
            kinds.append(np.full(count, kind, np.uint8))
            districts.append(np.full(count, district, np.uint8))
            two_way.append((np.arange(count) < round(share * count)).astype(np.uint8))
    kind_column, bidirectional = np.concatenate(kinds), np.concatenate(two_way)
    edges = len(owners) + np.concatenate([[0], np.cumsum([n for kind in POOLED for n in counts[kind]])])
    return ChargerColumns(
        kind=kind_column,
        district=np.concatenate(districts).astype(np.uint8),
        rated_kw=_ratings(spec, kind_column, bidirectional),
        bidirectional=bidirectional,
        home_size=_home_sizes(key, spec, people, owners, len(kind_column)),
        pool_first=edges[:-1].astype(np.int64),
        pool_stop=edges[1:].astype(np.int64),
    )


def apportion(total: int, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Split a whole number by shares, largest remainders first, so that the parts sum to it."""
    exact = total * shares / shares.sum() if shares.sum() > 0.0 else shares * 0.0
    parts = np.floor(exact).astype(np.int64)
    missing = total - int(parts.sum()) if shares.sum() > 0.0 else 0
    order = np.argsort(-(exact - parts), kind="stable")
    parts[order[:missing]] += 1
    return parts


def _pooled_chargers(
    spec: Scenario, town: Town, people: People, n_districts: int
) -> dict[int, NDArray[np.int64]]:
    """Number of chargers of every shared kind by district."""
    users = people.has_work_access.astype(bool)
    by_work = np.bincount(town.zones["district"][people.work_zone[users]], minlength=n_districts)
    # Public chargers are distributed by residents and by destinations.
    zone_cars, zone_jobs = np.diff(town.cars_cdf, prepend=0.0), np.diff(town.jobs_cdf, prepend=0.0)
    demand = np.bincount(town.zones["district"], weights=zone_cars + zone_jobs, minlength=n_districts)
    at_work = _shared_chargers(spec.chargers, AT_WORKPLACES, int(users.sum()))
    public = _shared_chargers(spec.chargers, PUBLIC, len(people.driver_id))
    return {kind: apportion(count, by_work.astype(np.float64)) for kind, count in at_work.items()} | {
        kind: apportion(count, demand.astype(np.float64)) for kind, count in public.items()
    }


def _shared_chargers(chargers: ChargersSection, kinds: Sequence[int], users: int) -> dict[int, int]:
    """Number of chargers of some kinds: of those per user a share, or what other kinds leave."""
    counts: dict[int, int] = {}
    for per_user in {CHARGER_KINDS[kind].per_user for kind in kinds}:
        every = users * setting(per_user, chargers) * chargers.availability
        traits = {kind: CHARGER_KINDS[kind] for kind in kinds}
        alike = {kind: each.share for kind, each in traits.items() if each.per_user == per_user}
        sized = {
            kind: round(every * (setting(share, chargers) if share else 1.0))
            for kind, share in alike.items()
            if share != REST
        }
        left = round(every) - sum(sized.values())
        counts |= sized | {kind: left for kind, share in alike.items() if share == REST}
    return counts


def _home_bidirectional(
    key: np.uint64, spec: Scenario, people: People, owners: NDArray[np.int32]
) -> NDArray[np.uint8]:
    """Enrolled owners of capable cars have a bidirectional charger, or a share of them."""
    share = spec.chargers.home_bidirectional_share
    candidates = people.enrolled[owners] & people.v2g_capable[owners]
    if share >= 1.0:
        return candidates.astype(np.uint8)
    lots = uniforms(key, people.driver_id[owners], 1, HOME_CHARGER)
    return (candidates.astype(bool) & (lots < share)).astype(np.uint8)


def _home_sizes(
    key: np.uint64, spec: Scenario, people: People, owners: NDArray[np.int32], n_chargers: int
) -> NDArray[np.float32]:
    """Use of homes with a charger relative to the mean home, log-normal; 0 for other chargers."""
    sizes = np.zeros(n_chargers, np.float32)
    sizes[: len(owners)] = log_normals(
        key, people.driver_id[owners], 0, HOME_SIZE, spec.market.household.spread
    )
    return sizes


def _ratings(
    spec: Scenario, kind: NDArray[np.uint8], bidirectional: NDArray[np.uint8]
) -> NDArray[np.float32]:
    chargers = spec.chargers
    one_way, two_way = (
        np.array([setting(getattr(each, trait), chargers) for each in CHARGER_KINDS])
        for trait in ("rated_kw", "bidirectional_kw")
    )
    ratings = np.where(bidirectional.astype(bool), two_way[kind], one_way[kind])
    return ratings.astype(np.float32)
