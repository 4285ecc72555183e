"""Kinds of chargers: rows of ``charger_kinds.csv``; code depends on their traits, not on their order.

A trait that a scenario may set holds the key of the setting (``home_kw``); any other trait is a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.data.catalogue import Row, rows
from sim.state.records import as_records

#: Locations of kinds of chargers (column ``at``).
SITES = ("home", "work", "public", "road")
AT_HOME, AT_WORK, AT_PUBLIC, ON_THE_ROAD = range(len(SITES))
#: When a driver moves a full car away (column ``makes_room``).
MAKES_ROOM = ("never", "when awake", "always")
NEVER_MAKES_ROOM, WHEN_AWAKE, ALWAYS_MAKES_ROOM = range(len(MAKES_ROOM))


@dataclass(frozen=True)
class ChargerKind:
    """A kind of charger.

    Attributes
    ----------
    name : str
    at : int
        Location: at home, at work, in public, or en route as a service.
    found_as : str
        ``own``: at each home that has one; ``pool``: shared in a district; ``service``: not occupied.
    stay_from_h : float
        Shortest stop for which drivers look for a public charger of this kind [h].
    commercial, fast_inlet : bool
        Whether commercial drivers use it, and whether a car needs a fast inlet for it.
    rated_kw, per_user, bidirectional_share, bidirectional_kw : str
        Rating [kW], chargers per user, share of bidirectional ones and their rating [kW]: numbers, or keys
        of ``chargers``.
    share : str
        Share of the chargers per car that are of this kind: a number, a key of ``chargers``, ``rest``, or
        empty for all.
    tariff, fee : str
        Key of ``market`` that names the tariff; service fee [yuan/kWh], a number or a key of ``market``.
    seller : str
        Who sells the energy (:mod:`sim.market.parties`).
    controllable, direct_current : bool
        Whether an operator may control sessions, and whether the charger bypasses the on-board charger.
    makes_room : int
        When a driver moves a full car away.
    driver_waits : bool
        Whether the driver waits at the post while the car charges.
    stops_at_soc, access_yuan, idle_fee : str
        State of charge at which drivers stop there at the latest, what finding the post and the way from it
        cost them [yuan], and the fee of a full car [yuan/min]: numbers, or keys of ``chargers``.
    """

    name: str
    at: int
    found_as: str
    stay_from_h: float
    commercial: bool
    fast_inlet: bool
    rated_kw: str
    per_user: str
    share: str
    bidirectional_share: str
    bidirectional_kw: str
    tariff: str
    fee: str
    seller: str
    controllable: bool
    direct_current: bool
    makes_room: int
    driver_waits: bool
    stops_at_soc: str
    access_yuan: str
    idle_fee: str

    @classmethod
    def of(cls, row: Row) -> ChargerKind:
        """A kind from its row."""
        return cls(
            name=row["kind"],
            at=SITES.index(row["at"]),
            found_as=row["found_as"],
            stay_from_h=float(row["stay_from_h"]),
            commercial=row["commercial"] == "1",
            fast_inlet=row["fast_inlet"] == "1",
            rated_kw=row["rated_kw"],
            per_user=row["per_user"],
            share=row["share"],
            bidirectional_share=row["bidirectional_share"],
            bidirectional_kw=row["bidirectional_kw"],
            tariff=row["tariff"],
            fee=row["fee"],
            seller=row["seller"],
            controllable=row["controllable"] == "1",
            direct_current=row["direct_current"] == "1",
            makes_room=MAKES_ROOM.index(row["makes_room"]),
            driver_waits=row["driver_waits"] == "1",
            stops_at_soc=row["stops_at_soc"],
            access_yuan=row["access"],
            idle_fee=row["idle_fee"],
        )


def _only(found_as: str) -> int:
    """Number of the one kind that is found so.

    Raises
    ------
    ValueError
        If the table has none, or several: code would see the first alone.
    """
    found = [number for number, kind in enumerate(CHARGER_KINDS) if kind.found_as == found_as]
    if len(found) != 1:
        raise ValueError(f"charger_kinds.csv: {len(found)} kinds have found_as '{found_as}'; expected one")
    return found[0]


CHARGER_KINDS = tuple(ChargerKind.of(row) for row in rows("charger_kinds"))
KINDS = tuple(kind.name for kind in CHARGER_KINDS)
#: Kinds whose chargers are shared in a district, in the order of their pools.
POOLED = tuple(number for number, kind in enumerate(CHARGER_KINDS) if kind.found_as == "pool")
PUBLIC = tuple(number for number in POOLED if CHARGER_KINDS[number].at == AT_PUBLIC)
AT_WORKPLACES = tuple(number for number in POOLED if CHARGER_KINDS[number].at == AT_WORK)
HOME_KIND = _only("own")
EN_ROUTE = _only("service")
NO_KIND = 255
#: Public posts with direct current: for those who drive for a living, and for owners who drive out to sell.
FAST_KIND = next(kind for kind in PUBLIC if CHARGER_KINDS[kind].direct_current)
#: Share of chargers that remains after other kinds.
REST = "rest"


def setting(cell: str, section: Any) -> float:
    """Value of a trait: the number that it is, or the key of a section of the scenario that it names."""
    return float(getattr(section, cell) if cell.isidentifier() else cell)


def charger_traits(chargers: Any, controlled_at: Sequence[str]) -> Any:
    """Traits that compiled code reads, one record for each kind.

    Parameters
    ----------
    chargers : ChargersSection
        Settings that traits name.
    controlled_at : sequence of str
        Sites at which a contract lets the operator control sessions (``participation.places``).
    """
    settings = {
        "rated_kw": "rated_kw",
        "stops_at_soc": "stops_at_soc",
        "access_yuan": "access_yuan",
        "idle_fee_yuan_per_min": "idle_fee",
    }
    return as_records(
        {
            "at": np.array([kind.at for kind in CHARGER_KINDS]),
            "pool": np.array(
                [POOLED.index(number) if number in POOLED else -1 for number in range(len(KINDS))]
            ),
            "stay_from_h": np.array([kind.stay_from_h for kind in CHARGER_KINDS]),
            "commercial": np.array([int(kind.commercial) for kind in CHARGER_KINDS]),
            "fast_inlet": np.array([int(kind.fast_inlet) for kind in CHARGER_KINDS]),
            "direct_current": np.array([int(kind.direct_current) for kind in CHARGER_KINDS]),
            "makes_room": np.array([kind.makes_room for kind in CHARGER_KINDS]),
            "driver_waits": np.array([int(kind.driver_waits) for kind in CHARGER_KINDS]),
            **{
                name: np.array([setting(getattr(kind, trait), chargers) for kind in CHARGER_KINDS])
                for name, trait in settings.items()
            },
            "controlled": np.array(
                [int(kind.controllable and SITES[kind.at] in controlled_at) for kind in CHARGER_KINDS]
            ),
        }
    )
