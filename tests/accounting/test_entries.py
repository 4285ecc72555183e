"""An account entry is declared once: everything that lists entries follows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sim import Car, CityModel
from sim.accounting.owner_days import OWNER_DAY_COLUMNS
from sim.accounting.owner_timeline import STORY_COLUMNS
from sim.accounting.owners import COLUMNS, STATES
from sim.agents.entries import CHART
from sim.effects.earnings import PARTS
from sim.market import parties
from sim.state.entries import COST, REVENUE, Chart, Entry
from tests.conftest import small

#: One declaration, and one rule: cars at a charger get a yuan in every step.
DECLARED = """
import json, sys
from sim.agents.entries import CHART
from sim.state.entries import REVENUE, Entry

CHART.declare(Entry("loyalty_yuan", "yuan", "received for loyalty", sign=REVENUE, payer="government",
                    payee="owners", reason="loyalty", part="loyalty"))

import sim
from sim.accounting.owner_days import OWNER_DAY_COLUMNS
from sim.accounting.owner_timeline import STORY_COLUMNS

class Loyal(sim.Car):
    def step(self):
        super().step()
        if self.charger >= 0:
            self.post("loyalty_yuan", 1.0)

city = {"fleet": {"cars": 200}, "time": {"days": 1, "warmup_days": 1}, "outputs": {"figures": False},
        "arms": {"plain": {"participation": {"contract": "none"}}, "v2g": {}}, "reference": "plain"}
result = sim.run(city, cars={Loyal: range(40)})
model = sim.CityModel(city, arm="v2g")
model.recruit(Loyal, range(40))
model.run_model()
owners = result.owners[result.owners["arm"] == "v2g"]
print(json.dumps({
    "owners": owners["loyalty_yuan"].tolist(), "plugged_h": owners["plugged_h"].tolist(),
    "net": (owners["net_cost_yuan"] + owners["loyalty_yuan"] + owners["feed_in_revenue_yuan"]
            + owners["event_revenue_yuan"] + owners["availability_revenue_yuan"] - owners["charging_cost_yuan"]
            - owners["penalty_yuan"] - owners["rental_yuan"] - owners["wear_cost_yuan"]).abs().max(),
    "parts": result.summary["effects"]["v2g"]["owner_earnings_parts_yuan_per_day"],
    "audit": result.summary["audit"], "days": "loyalty_yuan" in OWNER_DAY_COLUMNS,
    "told": "loyalty_yuan" in STORY_COLUMNS and float(result.stories["loyalty_yuan"].max()),
    "day": float(result.owner_days.loc[result.owner_days["arm"] == "v2g", "loyalty_yuan"].sum()),
    "paid": sum(yuan for (payer, payee, why), yuan in model.accountant.settlement.ledger.paid.items()
                if (payer, payee, why) == ("government", "owners", "loyalty")) / model.spec.weight,
}))
"""


def test_a_new_entry_is_one_declaration_and_one_rule(tmp_path: Path):
    script = tmp_path / "mine.py"
    script.write_text(DECLARED)
    outcome = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    found = json.loads(outcome.stdout)
    assert sum(found["owners"]) > 100.0
    for loyalty, plugged_h in zip(found["owners"][:40], found["plugged_h"][:40], strict=True):
        assert loyalty == pytest.approx(plugged_h * 4.0)  # a yuan for every quarter of an hour
    assert not any(found["owners"][40:])
    assert found["net"] == pytest.approx(0.0, abs=1e-9)
    assert "loyalty" in found["parts"]
    assert found["audit"]["passed"]
    assert found["days"]
    assert found["day"] == pytest.approx(sum(found["owners"]))
    assert found["told"] > 0.0
    assert found["paid"] == pytest.approx(sum(found["owners"]))


def test_every_entry_is_a_column_an_attribute_and_zero_when_recording_begins():
    model = CityModel(small(), arm="v2g")
    while model.step_index < model.clock.warmup_steps:
        model.step()
    for entry in CHART:
        assert entry.meaning
        assert getattr(Car, entry.name).unit == entry.unit
        assert not model.city.accounts[entry.name].any(), entry.name
        assert (entry.name in COLUMNS) == (not entry.monthly)
        assert entry.name not in STATES
        if entry.sign:
            assert (entry.day or entry.name) in OWNER_DAY_COLUMNS
            assert (entry.timeline or entry.name) in STORY_COLUMNS
            assert (entry.part or entry.name) in PARTS
            assert entry.payer
            assert entry.payee


def test_money_flows_between_parties_that_exist():
    known = {value for name, value in vars(parties).items() if name.isupper()}
    for entry in CHART.money:
        assert {entry.payer, entry.payee} <= known
        assert entry.payer == parties.OWNERS if entry.sign == COST else entry.payee == parties.OWNERS
        assert entry.sign in (COST, REVENUE)


def test_a_chart_refuses_twins_and_what_it_has_no_room_for():
    chart = Chart(room=1)
    chart.declare(Entry("a_yuan", "yuan", "a"))
    with pytest.raises(ValueError, match="'a_yuan' already"):
        chart.declare(Entry("a_yuan", "yuan", "a"))
    with pytest.raises(ValueError, match="room for 1"):
        chart.declare(Entry("b_yuan", "yuan", "b"))
    with pytest.raises(KeyError):
        chart.number("c_yuan")
    assert len(CHART) < CHART.room


def test_a_car_posts_only_to_what_is_declared():
    model = CityModel(small(), arm="v2g")
    with pytest.raises(KeyError):
        model.cars[0].post("nothing_yuan", 1.0)
    before = model.cars[3].km
    model.cars[3].post("km", 2.5)
    assert model.cars[3].km == before + 2.5
    assert model.world.flows[:, CHART.number("km")].sum() == 2.5
