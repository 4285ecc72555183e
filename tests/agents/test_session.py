"""A session is an agent's view of a stay at a charger, and the row of the table when it has ended."""

from __future__ import annotations

from sim import CityModel
from tests.conftest import small


def test_sessions_that_go_on_are_those_of_plugged_cars_and_become_rows_when_they_end():
    model = CityModel(small(outputs__sessions=True), arm="v2g")
    while model.step_index < model.clock.warmup_steps + 60:
        model.step()
    going_on = model.sessions
    assert len(going_on) == int((model.world.cars["charger"] >= 0).sum()) > 50
    by_car = {session.car.row: session for session in going_on}
    assert model.cars[next(iter(by_car))].session == by_car[next(iter(by_car))]
    parked = next(row for row in range(len(model.cars)) if row not in by_car)
    assert model.cars[parked].session is None
    seen = {
        row: (session.start_step, session.promised_soc, session.stated_end_step, session.rated_kw)
        for row, session in by_car.items()
    }
    for session in going_on:
        assert session.charger.session == session
        assert session.driver.row == session.car.row
        assert session.soc == session.car.soc
        assert session.end_step >= model.step_index
        assert session.controlled <= (session.promised_soc > 0.0 or session.charger.overridden)
    model.run_model()
    table = model.sessions_frame().set_index("car")
    start = model.clock.times[0]
    for row, (start_step, promised_soc, stated_end, rated_kw) in seen.items():
        of_car = table.loc[[row]]
        begun = of_car["start"] <= start + (model.step_index - 1) * (model.clock.times[1] - start)
        assert begun.any()
        if start_step > model.clock.warmup_steps:
            same = of_car[of_car["start"] == model.clock.times[start_step]]
            assert len(same) == 1
            assert abs(float(same["promised_soc"].iloc[0]) - promised_soc) < 1e-6
            assert (stated_end is None) == same["stated_end"].isna().iloc[0]
            assert rated_kw > 0.0


def test_a_charger_without_a_car_has_no_session():
    model = CityModel(small(), arm="v2g")
    free = int((model.world.chargers["car"] < 0).argmax())
    assert model.chargers[free].session is None
