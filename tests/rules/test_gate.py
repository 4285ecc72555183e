"""The gate: whatever a policy wishes, limits hold, promises are kept, reserves stay."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.rules import battery, gate

FIXED = battery.fixed_loss_share(0.933, 0.85)
PROPORTIONAL = battery.proportional_loss_share(0.933, 0.85)
KEPT_KWH = gate.FULL_ENOUGH_KWH + 0.02


@dataclass
class Session:
    capacity: float
    start_soc: float
    target_soc: float
    reserve_soc: float
    rated_kw: float
    battery_kw: float
    steps: int
    step_hours: float
    two_way: bool

    @property
    def full(self):
        return 1.02 * self.capacity

    @property
    def taper(self):
        return 0.42 * self.capacity / self.battery_kw

    @property
    def target(self):
        return self.target_soc * self.capacity

    @property
    def owed(self):
        inside = battery.battery_side_kw(self.rated_kw, self.rated_kw, FIXED, PROPORTIONAL)
        reach = battery.energy_after_kwh(
            self.start_soc * self.capacity, self.steps * self.step_hours, inside, self.full, self.taper
        )
        return min(self.target, reach)

    def box(self, energy, step):
        high = gate.highest_kw(
            energy, self.target, self.step_hours, self.rated_kw, self.full, self.taper, FIXED, PROPORTIONAL
        )
        left = (self.steps - step - 1) * self.step_hours
        needed = gate.needed_kwh(
            self.reserve_soc * self.capacity,
            self.owed,
            left,
            self.rated_kw,
            self.full,
            self.taper,
            FIXED,
            PROPORTIONAL,
        )
        low = gate.lowest_kw(
            energy, needed, self.step_hours, high, self.rated_kw, self.capacity, self.battery_kw, 0.1, 0.2,
            self.two_way, FIXED, PROPORTIONAL,
        )  # fmt: skip
        return low, high

    def move(self, energy, power):
        inside = battery.battery_side_kw(power, self.rated_kw, FIXED, PROPORTIONAL)
        return energy + inside * self.step_hours


sessions = st.builds(
    Session,
    capacity=st.floats(12.0, 100.0),
    start_soc=st.floats(0.02, 1.0),
    target_soc=st.sampled_from([0.8, 0.9, 1.0]),
    reserve_soc=st.floats(0.1, 0.7),
    rated_kw=st.sampled_from([3.3, 6.6, 7.0, 11.0, 20.0]),
    battery_kw=st.floats(12.0, 200.0),
    steps=st.integers(1, 60),
    step_hours=st.sampled_from([1 / 60, 0.25, 0.5, 1.0]),
    two_way=st.booleans(),
)


@given(session=sessions, wishes=st.lists(st.floats(-1.0, 1.0), min_size=60, max_size=60))
def test_no_wish_can_break_a_promise_or_a_limit(session, wishes):
    start = energy = session.start_soc * session.capacity
    floor = min(start, session.reserve_soc * session.capacity, session.owed)
    for step in range(session.steps):
        low, high = session.box(energy, step)
        assert low <= high
        assert -session.rated_kw <= low
        assert high <= session.rated_kw
        assert session.two_way or low >= 0.0
        power = min(max(wishes[step] * session.rated_kw, low), high)
        energy = session.move(energy, power)
        assert -1e-9 <= energy <= max(start, session.target) + 1e-9
        assert energy >= floor - 1e-6, "feeding in never goes below the reserve"
    assert energy >= session.owed - KEPT_KWH, "the promise is kept"


@given(session=sessions)
def test_waiting_as_long_as_possible_keeps_the_promise(session):
    energy = session.start_soc * session.capacity
    for step in range(session.steps):
        energy = session.move(energy, session.box(energy, step)[0])
    assert energy >= session.owed - KEPT_KWH


@given(session=sessions)
def test_below_the_reserve_a_car_charges_at_once(session):
    energy = session.start_soc * session.capacity
    reserve = min(session.reserve_soc * session.capacity, session.owed)
    low, high = session.box(energy, 0)
    if energy < reserve - 1e-9:
        assert low > 0.0
        assert session.move(energy, low) >= min(reserve, session.move(energy, high)) - 1e-3


@given(session=sessions)
def test_full_power_reaches_the_target_and_stops_there(session):
    energy = session.start_soc * session.capacity
    for step in range(session.steps):
        energy = session.move(energy, session.box(energy, step)[1])
    assert energy >= session.owed - KEPT_KWH
    assert energy <= max(session.target, session.start_soc * session.capacity) + 1e-9


def test_a_full_car_is_left_alone():
    session = Session(60.0, 0.9, 0.9, 0.4, 7.0, 80.0, 10, 0.25, two_way=False)
    assert session.box(0.9 * 60.0 - 0.01, 0) == (0.0, 0.0)


def test_a_converter_does_not_start_for_a_trickle():
    """Spare energy for less than a fifth of the rating is not sold."""
    session = Session(60.0, 0.5, 0.9, 0.49, 7.0, 80.0, 60, 1.0, two_way=True)
    assert session.box(0.5 * 60.0, 0)[0] == 0.0


@pytest.mark.parametrize("soc", [0.41, 0.5, 0.7])
def test_feeding_in_stops_at_the_reserve(soc):
    session = Session(60.0, soc, 0.9, 0.4, 7.0, 80.0, 200, 0.25, two_way=True)
    energy = soc * 60.0
    for step in range(40):
        energy = session.move(energy, session.box(energy, step)[0])
    assert energy >= 0.4 * 60.0 - 1e-9
    assert energy <= 0.4 * 60.0 + 0.2 * 7.0 * 0.25 / 0.85 + 0.1, "and comes near it"
