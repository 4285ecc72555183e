"""The override button: charges at once at full power, regardless of the operator's signal."""

from __future__ import annotations

from sim.agents.records import CarRecord, ChargerRecord, DriverRecord, Figures
from sim.agents.travelling import next_trip_kwh
from sim.rules.chance import OVERRIDE, uniform
from sim.rules.compiling import per_row
from sim.rules.plugging import energy_is_tight


@per_row
def presses_button(
    charger: ChargerRecord, driver: DriverRecord, car: CarRecord, step: int, temperature_c: float, f: Figures
) -> bool:
    """Whether the owner of a controlled car presses the button now.

    A share does so at random when plugging in. Others do so when they notice, some time before leaving,
    that they will depart earlier than stated and that energy for the next trip may be short.
    """
    if step == charger.since_step:
        return uniform(f.key, driver.driver_id, step, OVERRIDE) < f.override_share
    if driver.depart_step >= charger.stated_step or driver.depart_step - step > f.override_notice_steps:
        return False
    trip_kwh = next_trip_kwh(driver, car, temperature_c, f)
    return energy_is_tight(float(car.energy_kwh), trip_kwh, float(car.capacity_kwh), f.trip_buffer_soc)
