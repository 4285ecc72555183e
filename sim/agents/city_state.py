"""The state of a city, shared by agents, accounting and supply side; independent of the stepping model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.limits import Limits
from sim.agents.meter import Homes
from sim.agents.world import World
from sim.grid.clock import Clock
from sim.grid.supply_side import SupplySide
from sim.scenario.schema import Scenario
from sim.state.row_tables import RowTable


@dataclass
class CityState:
    """One city of a scenario, as one arm sees it.

    Attributes
    ----------
    spec : Scenario
        Scenario that the city is built from; unforeseen shocks are added to it during a run.
    key : uint64
        Key of all random numbers of this replication.
    clock, horizon : Clock
        Steps of the run; and the same extended by the days after it that planning needs.
    drivers, cars, chargers : RowTable
        Rows of the agents; row i of drivers owns row i of cars.
    world : World
        State as compiled code sees it.
    grid : SupplySide
        Demand, weather and supply.
    limits : Limits
        Power limits of sites and feeders.
    homes : Homes
        Meters of homes, where bills depend on them.
    sale_sites : ndarray, shape (n_districts,)
        Sites at which owners can sell in a call, [1/km2].
    """

    spec: Scenario
    key: np.uint64
    clock: Clock
    horizon: Clock
    drivers: RowTable
    cars: RowTable
    chargers: RowTable
    world: World
    grid: SupplySide
    limits: Limits
    homes: Homes
    sale_sites: NDArray[np.float64]

    @property
    def accounts(self) -> NDArray[Any]:
        """Accounts of the cars that have one, with a field for each entry."""
        return self.cars.accounts

    @property
    def has_all_accounts(self) -> bool:
        """Whether every car has an account."""
        return self.cars.holders is None

    @property
    def account_rows(self) -> NDArray[np.int64]:
        """Rows of the cars that have an account, in the order of the accounts."""
        holders = self.cars.holders
        return np.arange(self.cars.n) if holders is None else holders

    @property
    def mw_per_kw(self) -> float:
        """Factor from the power of simulated cars to that of all cars of the city [MW/kW]."""
        return self.spec.weight / 1000.0

    def recorded_years(self, step: int) -> float:
        """Time from the first recorded step to the beginning of a step [a]."""
        f = self.world.figures[0]
        return float(max(0, step - int(f["first_recorded_step"])) * f["step_years"])
