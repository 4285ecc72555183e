"""Units, the merit order of a step, outages, contracts, storage."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import CityModel
from sim.data.catalogue import SHANGHAI
from sim.grid.clock import Clock
from sim.grid.contracts import contracts
from sim.grid.neighbours import lines_of
from sim.grid.outages import available_share, line_rows, lines_in_order, on_maintenance
from sim.grid.plants import COAL, GAS, fuel_line, plants_of, unit_names
from sim.grid.storage import level, level_by_storage
from sim.grid.supply import (
    dispatch,
    dispatch_units,
    merit_order,
    operating_stack,
    set_bounds,
    units_under_contract,
)
from sim.grid.supply_side import SupplySide
from sim.rules.chance import stream_key
from sim.scenario import load_scenario
from sim.scenario.grid import GridSection, StorageSection
from tests.conftest import small

KEY = np.uint64(stream_key(9, 0))
GRID = GridSection()
PLANTS = plants_of(GRID, SHANGHAI)
LINES = lines_of(GRID, SHANGHAI)
STACK = merit_order(PLANTS, LINES, PLANTS.availability)
N = len(PLANTS.mw)
LINES_MW = 24_000.0
SURPLUS, COAL_STATE, TIGHT, SHORT = range(4)  # rows of neighbours.csv
NONE_MW = np.zeros(N)  # under contract
states = st.integers(0, 3)

loads = st.floats(0.0, 80_000.0)


def spec_of(**changes):
    base = {"time": {"start": dt.date(2025, 8, 25), "days": 7, "warmup_days": 1}, "fleet": {"cars": 10}}
    return load_scenario(base, changes)


# --------------------------------------------------------------------------------- units
def test_units_of_shanghai():
    """35 coal and 25 gas units (S77), each with its size and heat rate; 12 captive and 4 with heat."""
    assert np.count_nonzero(PLANTS.fuel == COAL) == 35
    assert np.count_nonzero(PLANTS.fuel == GAS) == 25
    assert PLANTS.mw[PLANTS.fuel == COAL].sum() == pytest.approx(15_660.0, rel=0.005)
    assert PLANTS.mw[PLANTS.fuel == GAS].sum() == pytest.approx(8_540.0, rel=0.005)
    assert len(unit_names(GRID, SHANGHAI)) == N
    assert np.all(np.diff(PLANTS.full_cost_yuan_per_mwh) >= 0.0)
    coal = PLANTS.fuel == COAL
    fleet_g = 1000.0 * np.average(
        (PLANTS.tce_per_mwh + PLANTS.idle_tce_per_mwh)[coal], weights=PLANTS.mw[coal]
    )
    assert fleet_g == pytest.approx(301.6, abs=1.0)  # generation_technology.csv


def test_coal_by_hand():
    """A 1000 MW unit of 281 gce/kWh: 281 t an hour at full output, a tenth more for each MWh at 40%."""
    row = int(np.flatnonzero(np.isclose(PLANTS.tce_per_mwh + PLANTS.idle_tce_per_mwh, 0.281))[0])
    idle, more = PLANTS.idle_tce_per_mwh[row] * 1000.0, PLANTS.tce_per_mwh[row]
    assert idle + 1000.0 * more == pytest.approx(281.0)
    assert (idle + 400.0 * more) / 400.0 == pytest.approx(0.281 * 1.10)
    assert PLANTS.full_cost_yuan_per_mwh[row] == pytest.approx(0.281 * 850.0 + 25.0)
    assert PLANTS.co2_t_per_mwh[row] / more == pytest.approx(2.75)


@given(minimum=st.floats(0.05, 0.95), rise=st.floats(0.0, 0.5))
def test_the_fuel_line_has_both_its_ends(minimum, rise):
    idle, more = fuel_line(minimum, rise)
    assert idle + more == pytest.approx(1.0)
    assert idle / minimum + more == pytest.approx(1.0 + rise)


# --------------------------------------------------------------------------- merit order
@given(load=loads, renewable=st.floats(0.0, 6000.0), contract=st.floats(0.0, 30_000.0), state=states)
def test_generation_meets_load(load, renewable, contract, state):
    out = dispatch(STACK, load, renewable, contract, state)
    supply = out.coal_mw + out.gas_mw + out.import_mw + renewable + out.unserved_mw - out.spilled_mw
    assert supply == pytest.approx(load, rel=1e-12, abs=1e-6)
    assert min(out.coal_mw, out.gas_mw, out.import_mw, out.unserved_mw, out.spilled_mw) >= 0.0
    assert out.import_mw <= min(LINES_MW, max(0.0, contract) + LINES.room_mw[state]) + 1e-6
    assert out.coal_mw <= 0.9 * 15_660.0 * 1.001
    assert out.gas_mw <= 0.92 * 8_545.0
    assert out.unserved_mw == 0.0 or out.spilled_mw == 0.0


@given(load=loads, more=st.floats(0.0, 20_000.0), state=states)
def test_more_load_is_never_cheaper_nor_cleaner_in_fuel(load, more, state):
    low, high = (dispatch(STACK, each, 500.0, 10_000.0, state) for each in (load, load + more))
    if state != SHORT:  # its dearest block costs more than what is not served
        assert high.price_yuan_per_mwh >= low.price_yuan_per_mwh
    assert high.cost_yuan_per_h >= low.cost_yuan_per_h - 1e-6
    assert high.coal_tce_per_h >= low.coal_tce_per_h - 1e-9


@given(load=st.floats(15_000.0, 36_000.0), state=states)
def test_marginal_rates_are_slopes(load, state):
    """What one more megawatt costs, burns and emits."""
    step = 1e-3
    one, two = (dispatch(STACK, each, 500.0, 10_000.0, state) for each in (load, load + step))
    if one.price_yuan_per_mwh != two.price_yuan_per_mwh:
        return  # at the edge between two units
    for total, rate in (
        ("cost_yuan_per_h", "price_yuan_per_mwh"),
        ("coal_tce_per_h", "marginal_coal_tce_per_mwh"),
        ("co2_t_per_h", "marginal_co2_t_per_mwh"),
        ("coal_elsewhere_tce_per_h", "marginal_coal_elsewhere_tce_per_mwh"),
    ):
        slope = (getattr(two, total) - getattr(one, total)) / step
        assert slope == pytest.approx(getattr(one, rate), rel=1e-2, abs=1e-5)


def test_cheap_units_run_first():
    assert np.all(np.diff(STACK.cost_yuan_per_mwh) >= 0.0)
    assert dispatch(STACK, 20_000.0, 0.0, 10_000.0, COAL_STATE).gas_mw < 1500.0, "only what must run"


def test_must_run_units_run_and_what_nobody_takes_is_spilled():
    out = dispatch(STACK, 100.0, 0.0, 0.0, COAL_STATE)
    assert out.coal_mw > 0.0
    assert out.gas_mw > 0.0
    assert out.spilled_mw == pytest.approx(out.coal_mw + out.gas_mw - 100.0)


def test_scarcity_has_its_price():
    out = dispatch(STACK, 60_000.0, 0.0, 10_000.0, COAL_STATE)
    assert out.unserved_mw > 0.0
    assert out.price_yuan_per_mwh == 1500.0


def test_more_coal_at_night_than_it_saves_at_noon():
    """V2G may increase coal: gas is saved at the peak, coal burnt at night, and an eighth is lost."""
    noon = dispatch(STACK, 44_500.0, 0.0, 20_000.0, SHORT)
    night = dispatch(STACK, 24_000.0, 0.0, 12_000.0, TIGHT)
    assert noon.marginal_coal_tce_per_mwh == 0.0
    assert night.marginal_coal_tce_per_mwh > 0.0
    after_noon = dispatch(STACK, 43_500.0, 0.0, 20_000.0, SHORT)
    after_night = dispatch(STACK, 24_000.0 + 1000.0 / 0.87, 0.0, 12_000.0, TIGHT)
    before = noon.coal_tce_per_h + night.coal_tce_per_h
    assert after_noon.coal_tce_per_h + after_night.coal_tce_per_h - before > 0.25 * 1000.0


# -------------------------------------------------------------------- minimum and ramps
@given(
    load=st.floats(5_000.0, 45_000.0),
    before=st.lists(st.floats(0.4, 1.0), min_size=N, max_size=N),
    hours=st.sampled_from([0.0167, 0.25, 1.0]),
)
def test_units_keep_minimum_output_and_ramps(load, before, hours):
    """Whatever the load: a unit that stays on gives at least its minimum and changes no faster than it can."""
    on, share = np.ones(N, bool), np.ones(N)
    output = PLANTS.mw * np.maximum(np.array(before), PLANTS.minimum_share)
    stack, given_ = operating_stack(PLANTS, LINES), np.zeros(N + len(LINES.share))
    set_bounds(stack, PLANTS, on, share, NONE_MW, output, on, hours)
    dispatch_units(stack, load, 0.0, 10_000.0, COAL_STATE, given_)
    now = np.zeros(N)
    now[stack.unit[stack.unit >= 0]] = given_[stack.unit >= 0]
    assert np.all(now >= PLANTS.minimum_share * PLANTS.mw - 1e-6)
    assert np.all(now <= PLANTS.mw + 1e-6)
    assert np.all(np.abs(now - output) <= PLANTS.ramp_share_per_h * PLANTS.mw * hours + 1e-6)


def test_a_unit_that_is_off_or_broken_gives_nothing_and_burns_nothing():
    on, share = np.ones(N, bool), np.ones(N)
    on[3], share[5] = False, 0.0
    stack = operating_stack(PLANTS, LINES)
    set_bounds(stack, PLANTS, on, share, NONE_MW, PLANTS.mw, on, 1.0)
    for row in (3, 5):
        k = int(np.flatnonzero(stack.unit == row)[0])
        assert stack.most_mw[k] == stack.least_mw[k] == stack.idle_yuan_per_h[k] == 0.0


# ------------------------------------------------------------------------------- outages
def test_outages_have_their_mean_and_their_length():
    """Units are out for 60 hours on average (coal), 10% of the time."""
    shares = available_share(PLANTS, KEY, 24 * 2000, 1.0, drawn=True)
    coal = PLANTS.fuel == COAL
    assert shares[:, coal].mean() == pytest.approx(0.9, abs=0.02)
    assert shares[:, ~coal].mean() == pytest.approx(0.92, abs=0.02)
    starts = np.count_nonzero((shares[1:, coal] == 0.0) & (shares[:-1, coal] > 0.0))
    assert np.count_nonzero(shares[:, coal] == 0.0) / starts == pytest.approx(60.0, rel=0.15)


def test_outages_are_the_same_in_every_arm_and_others_in_another_draw():
    one, again = (available_share(PLANTS, KEY, 500, 0.25, drawn=True) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    other = available_share(PLANTS, np.uint64(stream_key(9, 1)), 500, 0.25, drawn=True)
    assert np.any(one != other)
    np.testing.assert_array_equal(available_share(PLANTS, KEY, 5, 0.25, drawn=False)[0], PLANTS.availability)


def test_a_row_of_many_units_fails_in_parts():
    many = PLANTS._replace(count=np.full(N, 200))
    shares = available_share(many, KEY, 400, 1.0, drawn=True)
    assert shares.mean() == pytest.approx(PLANTS.availability.mean(), abs=0.01)
    assert shares.std() < 0.05


# ----------------------------------------------------------------------------- contracts
def test_contracts_have_their_shape_and_stay_within_the_lines():
    spec = spec_of(**{"time.start": dt.date(2025, 1, 1), "time.days": 364, "time.step_minutes": 60})
    clock = Clock.of(spec)
    found = contracts(clock, spec.grid, SHANGHAI)
    assert found.import_mw.max() <= LINES_MW
    assert np.all(found.other_mw == 470.0), "biomass and waste are steady"
    assert found.gas_mw.mean() * 8.76 / 1000.0 == pytest.approx(22.5, rel=0.02)  # TWh, balance of 2023 (L60)
    assert found.import_mw.mean() * 8.76 / 1000.0 == pytest.approx(83.7, rel=0.02)
    assert found.import_mw[clock.months == 8].mean() > 1.5 * found.import_mw[clock.months == 2].mean(), (
        "water"
    )
    day, night = found.import_mw[clock.hours == 12.5].mean(), found.import_mw[clock.hours == 3.5].mean()
    assert day > night
    dry = contracts(clock, spec.grid.model_copy(update={"hydro_availability": 0.45}), SHANGHAI)
    assert dry.import_mw.mean() < found.import_mw.mean()
    few = contracts(clock, spec.grid.model_copy(update={"import_capability_mw": 5000.0}), SHANGHAI)
    assert few.import_mw.max() == pytest.approx(5000.0)
    assert few.of_imports["cost"].sum() < found.of_imports["cost"].sum()
    assert found.total("co2", 50, arrives=0.5) == pytest.approx(0.5 * found.total("co2", 50))


# ------------------------------------------------------------------------------- storage
@given(
    noise=st.lists(st.floats(0.0, 5000.0), min_size=24, max_size=24),
    power=st.floats(10.0, 5000.0),
    hours=st.floats(0.5, 10.0),
    held=st.floats(0.0, 1.0),
)
def test_storage_keeps_its_limits_and_never_makes_a_new_peak(noise, power, hours, held):
    load = 20_000.0 + 5000.0 * np.sin(np.arange(24) / 24 * 2 * np.pi) + np.array(noise)
    energy = power * hours
    plan = level(load, power, energy, 0.8, held * energy, 1.0)
    stored = held * energy + np.cumsum(np.where(plan < 0.0, -0.8 * plan, -plan))
    assert np.all(np.abs(plan) <= power + 1e-6)
    assert stored.min() >= -1e-6
    assert stored.max() <= energy + 1e-6
    assert (load - plan).max() <= load.max() + 1e-6


def test_stores_one_after_the_other_flatten_the_day():
    load = 20_000.0 + 5000.0 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    stores = [StorageSection(power_mw=1000.0, energy_mwh=4000.0)] * 2
    left = load - level_by_storage(load, stores, np.array([2000.0, 2000.0]), 1.0).sum(axis=0)
    assert left.max() < load.max() - 500.0
    assert np.ptp(left) < np.ptp(load)


# ---------------------------------------------------------------------------- the system
def test_grid_of_a_scenario():
    spec = spec_of()
    grid = SupplySide.of(spec, Clock.with_horizon(spec), KEY)
    step = 150
    assert grid.net_load_mw(step) == pytest.approx(
        grid.demand.actual_mw[step] - grid.renewables.wind_mw[step] - grid.renewables.solar_mw[step]
    )
    for now in range(8):
        out = grid.meet(now, 500.0)
        supply = out.coal_mw + out.gas_mw + out.import_mw + out.other_mw + out.unserved_mw - out.spilled_mw
        assert supply == pytest.approx(grid.net_load_mw(now) + 500.0 / (1.0 - 0.045)), "with losses"
        assert out.import_mw >= out.contract_mw - 1e-6


def test_storage_is_part_of_the_balance():
    store = {"power_mw": 2000.0, "energy_mwh": 8000.0}
    spec = spec_of(**{"grid.storage": [store], "weather.temperature_profile": "heatwave"})
    grid = SupplySide.of(spec, Clock.with_horizon(spec), KEY)
    other = []
    for now in range(96 * 6):
        out = grid.meet(now, 0.0)
        other.append(out.storage_mw)
        supply = out.coal_mw + out.gas_mw + out.import_mw + out.other_mw + out.unserved_mw - out.spilled_mw
        assert supply == pytest.approx(grid.net_load_mw(now))
        assert -1e-6 <= grid.system.state.held_mwh[0] <= 8000.0 + 1e-6
    assert min(other) < -500.0
    assert max(other) > 500.0


# --------------------------------------------------------------------------- neighbours
def test_neighbours_are_as_often_pressed_as_their_table_says():
    """17% surplus, 60% coal with room, 21% tight, 1 to 3% short over a year of weather."""
    spec = spec_of(**{"time.start": dt.date(2025, 1, 1), "time.days": 364, "time.step_minutes": 60,
                      "fleet.cars": 1_510_000})  # fmt: skip
    found = SupplySide.of(spec, Clock.of(spec), KEY).neighbours
    share = np.bincount(found.state, minlength=4) / len(found.state)
    assert share == pytest.approx([0.17, 0.60, 0.21, 0.02], abs=0.04)
    assert 0.8 < np.mean(found.state == found.expected) < 1.0, "foreseen, but for the weather's surprises"


@given(gas_mw=st.floats(0.0, 12_000.0))
def test_gas_under_contract_is_divided_among_the_units(gas_mw):
    of_units, able = np.zeros(N), PLANTS.availability
    units_under_contract(PLANTS, able, gas_mw, of_units)
    gas = PLANTS.fuel == GAS
    assert np.all(of_units[~gas] == 0.0)
    assert np.all(of_units <= PLANTS.mw * able + 1e-9)
    least = float((PLANTS.minimum_share * PLANTS.mw * able)[gas & PLANTS.must_run].sum())
    most = float((PLANTS.mw * able)[gas].sum())
    assert of_units.sum() == pytest.approx(min(max(gas_mw, least), most) if gas_mw else 0.0, abs=1e-6)


def test_gas_burns_what_was_contracted_whatever_the_load():
    """Take-or-pay: in a mild week the units give the contract's volume though coal would be cheaper."""
    spec = spec_of(**{"time.start": dt.date(2025, 4, 14), "time.days": 2, "grid.outages": "expected"})
    grid = SupplySide.of(spec, Clock.with_horizon(spec), KEY)
    given_mw = np.array([grid.meet(step, 0.0).gas_mw for step in range(192)])
    contract = grid.contracts.gas_mw[:192]
    assert np.all(given_mw >= contract - 1e-6)
    assert given_mw.mean() == pytest.approx(contract.mean(), rel=0.25)


# ------------------------------------------------------------------- lines and maintenance
def test_a_pole_that_fails_takes_its_share_of_the_hydropower():
    rows = line_rows(SHANGHAI)
    in_order = np.ones((1, len(rows.mw)))
    assert rows.share_of(in_order, "hydro") == pytest.approx([1.0])
    in_order[0, 0] = 0.5  # one of the two poles of Fufeng, 3.2 of 13.6 GW
    assert rows.share_of(in_order, "hydro") == pytest.approx([1.0 - 3.2 / 13.6])
    assert rows.share_of(in_order, None) == pytest.approx([1.0 - 3200.0 / 23_998.0])
    drawn = lines_in_order(rows, KEY, 24 * 3000, 1.0, drawn=True)
    assert drawn[:, :4].mean() == pytest.approx(0.985, abs=0.006)


def test_states_of_the_lines_are_a_distribution():
    """Each pole is out 1.5% of the time: all eight in order with 0.985 to the eighth."""
    lost, likely = line_rows(SHANGHAI).states_of_single_lines()
    assert likely.sum() == pytest.approx(1.0, abs=1e-6)
    assert lost[0] == 0.0
    assert likely[0] == pytest.approx(0.985**8)
    assert float(lost @ likely) == pytest.approx(0.015, rel=1e-3)
    assert line_rows("china-2025").states_of_single_lines()[0].tolist() == [0.0]


def test_units_are_overhauled_in_spring_and_autumn_and_by_turns():
    spec = spec_of(**{"time.start": dt.date(2025, 1, 1), "time.days": 364, "time.step_minutes": 60})
    clock = Clock.of(spec)
    out = on_maintenance(PLANTS, clock, SHANGHAI)
    coal = PLANTS.fuel == COAL
    by_month = [np.average(out[clock.months == month][0], weights=PLANTS.mw * coal) for month in range(1, 13)]
    assert np.array(by_month)[[0, 1, 6, 7, 11]].max() == 0.0
    assert by_month[3] == pytest.approx(0.15, abs=0.05)
    assert set(np.unique(out)) == {0.0, 1.0}, "a unit is out as a whole"
    days = 364.0 * out[:, coal].mean(axis=0)
    assert np.all(days < 62.0)
    assert days.mean() == pytest.approx(23.0, abs=5.0)
    assert np.all(on_maintenance(PLANTS, clock, "california") == 0.0)


def test_plants_scaled_to_nothing_take_no_turns():
    """A scenario without gas divides no maintenance among gas units that have no power."""
    model = CityModel(small(grid__gas_scale=0.0), arm="uncontrolled")
    model.run_model()
    system = model.system_frame()
    assert np.isfinite(system["coal_tce"]).all()
    assert system["gas_mw"].sum() == 0.0
