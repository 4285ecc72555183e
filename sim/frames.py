"""Tables of a run as frames: what a model hands to effects, reports and people."""

from __future__ import annotations

import pandas as pd

from sim.accounting.accountant import Accountant
from sim.accounting.owners import Owners, owners_frame
from sim.accounting.tables import units_frame
from sim.agents.city_state import CityState


class Frames:
    """Frames of a model, each with its arm and replication."""

    accountant: Accountant
    arm: str
    replication: int
    step_index: int
    city: CityState

    def system_frame(self) -> pd.DataFrame:
        """One row for each recorded step, see ``sim.accounting.tables.SYSTEM_COLUMNS``."""
        clock = self.city.clock
        return self.accountant.records.frame(self.arm, self.replication, clock.times[clock.warmup_steps :])

    def flexibility_frame(self) -> pd.DataFrame:
        """One row for each recorded hour and place, see ``sim.accounting.tables.FLEXIBILITY_COLUMNS``."""
        return self.accountant.flexibility.frame(self.arm, self.replication)

    def units_frame(self) -> pd.DataFrame:
        """One row for each recorded step and unit, see ``sim.accounting.tables.UNIT_COLUMNS``."""
        return units_frame(self.city, self.arm, self.replication)

    def owner_days_frame(self) -> pd.DataFrame:
        """One row for each noted car and day, see ``sim.accounting.owner_days.OWNER_DAY_COLUMNS``."""
        return self.accountant.owner_days.frame(self.arm, self.replication)

    def sessions_frame(self) -> pd.DataFrame:
        """One row for each session if asked for, see ``sim.accounting.sessions.SESSION_COLUMNS``."""
        sessions = self.accountant.sessions
        return pd.DataFrame() if sessions is None else sessions.frame(self.arm, self.replication)

    def trips_frame(self) -> pd.DataFrame:
        """One row for each trip if asked for, see ``sim.accounting.trips.TRIP_COLUMNS``."""
        trips = self.accountant.trips
        return pd.DataFrame() if trips is None else trips.frame(self.replication)

    def stories_frame(self) -> pd.DataFrame:
        """One row for each change of a car, see ``sim.accounting.owner_timeline.STORY_COLUMNS``."""
        return self.accountant.timeline.frame(self.arm, self.replication)

    def owners_frame(self) -> pd.DataFrame:
        """One row for each car that has an account, see ``sim.accounting.owners.OWNER_COLUMNS``."""
        owners = Owners.of(self.city, self.accountant.settlement, self.step_index)
        return owners_frame(owners, self.arm, self.replication)
