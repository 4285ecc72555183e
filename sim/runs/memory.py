"""Estimate of the memory that a run needs, made before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from sim.agents.building import account_holders
from sim.agents.car import Car
from sim.agents.charger import Charger
from sim.agents.driver import Driver
from sim.agents.entries import CHART
from sim.city.people import home_charger_share
from sim.scenario import Scenario, ScenarioError
from sim.state.columns import new_accounts, new_records

#: Program, libraries, machine code, and tables independent of the number of cars [bytes].
BASE_BYTES = 450e6
#: Wake, activity and the list of active cars.
AGENDA_BYTES = 9.0
#: Temporary arrays while the city is built, per car and per charger.
BUILDING_BYTES, BUILDING_CHARGER_BYTES = 3.5, 12.0
#: A row of ``owners.parquet`` in memory: stored once by its arm, once in the table of all arms.
OWNER_ROW_BYTES = 2 * 320.0
#: A row of ``sessions.parquet`` and of ``trips.parquet`` in memory, likewise; and rows per car and day.
SESSION_ROW_BYTES, TRIP_ROW_BYTES = 2 * 140.0, 2 * 100.0
SESSIONS_PER_DAY, TRIPS_PER_DAY = 1.0, 3.0
#: Meter of a home, where bills depend on it.
METER_BYTES = 48.0
#: Files with the memory limits of a Linux container.
CONTAINER = Path("/sys/fs/cgroup")
#: Share of free memory that a run may use.
USABLE_SHARE = 0.95


@dataclass(frozen=True)
class Need:
    """Memory of a run. `per_car` [bytes] is without `fixed` [bytes]; `cars` are simulated."""

    cars: int
    per_car: float
    fixed: float

    @property
    def bytes(self) -> float:
        """Total memory."""
        return self.fixed + self.cars * self.per_car

    def cars_within(self, available: float) -> int:
        """Largest number of cars that fits into the available memory."""
        return max(0, int((available - self.fixed) / self.per_car))


def memory_need(spec: Scenario) -> Need:
    """Peak memory of a run of a scenario."""
    n = spec.simulated_cars
    chargers = spec.chargers
    chargers_per_car = home_charger_share(spec) + chargers.public_posts_per_car
    chargers_per_car += chargers.work_access_share * chargers.work_posts_per_user
    holders = max((_holders(spec.for_arm(arm)) for arm in spec.arms), default=n)
    rows = min(holders, spec.outputs.owner_rows) * len(spec.arms) * spec.replications
    state = new_records(Car, 1).itemsize + new_records(Driver, 1).itemsize + AGENDA_BYTES
    accounts = new_accounts(Car, CHART, 1).itemsize * holders
    homes = METER_BYTES * n if any(spec.for_arm(arm).market.needs_meter for arm in spec.arms) else 0.0
    per_car = (
        state
        + BUILDING_BYTES
        + chargers_per_car * (new_records(Charger, 1).itemsize + BUILDING_CHARGER_BYTES)
    )
    per_owner = (accounts + homes + rows * (OWNER_ROW_BYTES + _logs_bytes(spec))) / n
    if holders < n:  # the number of accounts no longer grows with the fleet
        return Need(n, per_car, BASE_BYTES + per_owner * n)
    return Need(n, per_car + per_owner, BASE_BYTES)


def _logs_bytes(spec: Scenario) -> float:
    """Sessions and trips of an account holder in one arm, if they are asked for; trips are kept once."""
    days = sum(days for _, days in spec.time.spans)
    sessions = spec.outputs.sessions * SESSIONS_PER_DAY * SESSION_ROW_BYTES
    trips = spec.outputs.trips * TRIPS_PER_DAY * TRIP_ROW_BYTES / len(spec.arms)
    return days * (sessions + trips)


def _holders(spec: Scenario) -> int:
    holders = account_holders(spec)
    return spec.simulated_cars if holders is None else len(holders)


def available_bytes() -> float:
    """Memory still available to this process, by the limits of machine, container and process."""
    free = [float(psutil.virtual_memory().available)]
    free += [left for left in (_left_in_container(CONTAINER), _own_limit()) if left is not None]
    return min(free)


def _left_in_container(folder: Path) -> float | None:
    """Memory left in a container, counting its file cache as free; None without a limit."""
    files = [folder / f"memory.{name}" for name in ("max", "current", "stat")]
    if not all(file.is_file() for file in files):
        return None
    limit, used, statistics = (file.read_text().strip() for file in files)
    if limit == "max":
        return None
    kept = dict(line.split() for line in statistics.splitlines())
    return float(limit) - float(used) + float(kept.get("inactive_file", 0))


def _own_limit() -> float | None:
    """Limit of the address space of this process, if set."""
    process = psutil.Process()
    if not hasattr(process, "rlimit"):
        return None
    limit = process.rlimit(psutil.RLIMIT_AS)[0]
    return None if limit == psutil.RLIM_INFINITY else float(limit)


def peak_memory_mb() -> float:
    """Peak memory of this process [MB]; current memory where the system does not report the peak."""
    status = Path("/proc/self/status")
    if status.is_file():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return float(lines["VmHWM"].split()[0]) / 1024.0
    held = psutil.Process().memory_info()
    return float(getattr(held, "peak_wset", held.rss)) / 2**20


def check_memory(spec: Scenario, cities: int = 1) -> Need:
    """Raise an error for a run that would not fit into memory.

    Parameters
    ----------
    spec : Scenario
    cities : int
        Number of cities in memory at the same time.

    Raises
    ------
    ScenarioError
        Stating the required and the available memory, and the largest sample that fits.
    """
    one, available = memory_need(spec), USABLE_SHARE * available_bytes()
    need = Need(one.cars, cities * one.per_car, BASE_BYTES + cities * (one.fixed - BASE_BYTES))
    if need.bytes <= available:
        return need
    fits = need.cars_within(available) / spec.fleet.cars
    largest = np.floor(fits * 1000.0) / 1000.0 if fits >= 0.001 else np.floor(fits * 1e6) / 1e6
    advice = f"the largest sample that fits is {largest:g}: --sample {largest:g}"
    if largest <= 0.0:
        advice = "no sample fits"
    raise ScenarioError.single(
        spec.name,
        "fleet.sample",
        f"{need.cars:,} simulated cars need about {need.bytes / 1e9:.1f} GB of memory, and "
        f"{available / 1e9:.1f} GB can be had; {advice}",
    )
