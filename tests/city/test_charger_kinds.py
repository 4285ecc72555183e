"""Kinds of chargers and forms of contract are rows of tables: their traits decide, never their order."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from sim.agents.plugging import shared_kind
from sim.agents.starting import may_discharge
from sim.agents.world import contract_traits
from sim.city.charger_kinds import AT_PUBLIC, CHARGER_KINDS, HOME_KIND, KINDS, POOLED, charger_traits, setting
from sim.data.catalogue import rows
from sim.market.parties import CHARGE_POINT_OPERATORS, EMPLOYERS, GRID_COMPANY
from sim.model import CityModel
from sim.scenario.contract_forms import FORMS
from tests.conftest import FAST_KIND, PLAIN_PYTHON, ROOT, SLOW_KIND, few_plants, small

#: A kind of charger and a form of contract of tables alone: a post at the kerb, and a contract for homes that is paid.
BY_TABLE = """
import sim.data.catalogue as catalogue

own = catalogue.rows
slow = next(row for row in own("charger_kinds") if row["kind"] == "public slow")
kerb = {**slow, "kind": "kerbside", "stay_from_h": "6", "rated_kw": "11", "per_user": "0.2", "share": "",
        "bidirectional_share": "0.5", "fee": "0.1", "seller": "grid company", "makes_room": "never"}
paid_at_home = {**own("contract_forms")[2], "form": "homes_sell", "discharges_elsewhere": "0"}
work = next(row for row in own("charger_kinds") if row["kind"] == "work")
quick = {**work, "kind": "work quick", "rated_kw": "22", "per_user": "0.3", "stay_from_h": "2"}
added = {"charger_kinds": [kerb, quick], "contract_forms": [paid_at_home]}
# A row before the others: order decides nothing but which of two fitting public posts is looked for first.
catalogue.rows = lambda name, *of: [*added.get(name, []), *own(name, *of)]

import json
import sys

import numpy as np

import sim

np.seterr(over="ignore")  # random numbers wrap around

city = {"city": {"place": sys.argv[1]}, "fleet": {"cars": 80, "v2g_capable": 1.0}, "time": {"days": 1, "warmup_days": 1},
        "outputs": {"figures": False, "sessions": True}, "participation": {"places": ["home", "public"], "enrolled_share": 0.2},
        "drivers": {"habits": {"shared_alpha_factor": 3.0}},
        "arms": {"plain": {"participation": {"contract": "none"}},
                 "homes": {"participation": {"contract": "homes_sell"}, "operator": {"policy": "peak-shave"}}},
        "reference": "plain"}
result = sim.run(city)
sessions = result.sessions
chargers = sim.CityModel(city, arm="plain").world.chargers
kerbside = sessions["charger_kind"] == "kerbside"
posts = chargers[(chargers["kind"] == 0) & (chargers["bidirectional"] == 0)]
given = sessions.groupby(["arm", "charger_kind"])["discharged_kwh"].sum()
system = result.system.groupby("arm")[["ev_charge_kerbside_mw", "ev_discharge_kerbside_mw"]].sum()
print(json.dumps({
    "sessions": int(kerbside.sum()), "quick": int((sessions["charger_kind"] == "work quick").sum()), "kw": sorted(set(posts["rated_kw"].tolist())),
    "homes": float(given["homes"].get("home", 0.0)), "homes_elsewhere": float(given["homes"].drop("home").sum()),
    "charge_mw": float(system["ev_charge_kerbside_mw"].sum()),
    "audit": result.summary["audit"]["passed"],
}))
"""


def test_a_kind_of_charger_and_a_form_of_contract_are_rows_of_tables(tmp_path):
    """In plain Python: with one kind more all rules would be compiled anew."""
    script = tmp_path / "kinds.py"
    script.write_text(BY_TABLE)
    outcome = subprocess.run(
        [sys.executable, script, few_plants(tmp_path)], env=os.environ | PLAIN_PYTHON,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stderr
    found = json.loads(outcome.stdout)
    assert found["audit"]
    assert found["sessions"] > 5
    assert found["quick"] > 0, "those who stay at work for two hours look for the first kind that suits"
    assert found["kw"] == [11.0]
    assert found["charge_mw"] > 0.0
    assert found["homes"] > 0.0
    assert found["homes_elsewhere"] == 0.0


@pytest.mark.parametrize(
    ("commercial", "fast_inlet", "hours", "kind"),
    [(0, 1, 8.0, SLOW_KIND), (0, 1, 0.5, FAST_KIND), (1, 1, 8.0, FAST_KIND), (0, 0, 1.0, SLOW_KIND), (1, 0, 8.0, SLOW_KIND)],
)  # fmt: skip
def test_a_public_post_suits_stop_and_car(commercial, fast_inlet, hours, kind):
    assert (
        shared_kind(AT_PUBLIC, commercial, fast_inlet, hours, charger_traits(small().chargers, ["public"]))
        == kind
    )


def test_the_posts_at_which_sessions_are_controlled_are_those_of_the_contract():
    controlled = charger_traits(small().chargers, ["home", "public"])["controlled"].astype(bool)
    assert list(np.array(KINDS)[controlled]) == ["home", "public slow"]


def test_traits_name_settings_and_parties_that_there_are():
    spec = small()
    for kind in CHARGER_KINDS:
        assert setting(kind.rated_kw, spec.chargers) > 0.0
        assert 0.0 <= setting(kind.bidirectional_share, spec.chargers) <= 1.0
        assert setting(kind.fee, spec.market) >= 0.0
        assert isinstance(getattr(spec.market, kind.tariff), str)
        assert kind.seller in (GRID_COMPANY, EMPLOYERS, CHARGE_POINT_OPERATORS)
    assert [KINDS[kind] for kind in POOLED] == ["work", "public slow", "public fast"]


@pytest.mark.parametrize("table", ["charger_kinds", "contract_forms"])
def test_traits_are_read(table):
    """Every trait of the table is a column that code names; none stands there for nobody."""
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "sim").rglob("*.py"))
    for trait in set(rows(table)[0]) - {"note", "source", "confidence"}:
        assert f'"{trait}"' in sources


@pytest.mark.parametrize(
    ("form", "home", "elsewhere"),
    [("none", 0, 0), ("one_way", 0, 0), ("two_way", 1, 1), ("home_only", 1, 0)],
)
def test_a_form_of_contract_says_where_cars_may_discharge(form, home, elsewhere):
    model = CityModel(small(), arm="v2g")
    world, f = model.world, model.world.figures
    for trait, value in contract_traits(FORMS[form]).items():
        f[trait] = value
    row = int(np.flatnonzero(world.drivers["enrolled"] == 1)[0])
    charger = world.chargers[int(world.drivers["home_charger"][row])]
    charger.bidirectional = 1
    for kind, allowed in ((HOME_KIND, home), (SLOW_KIND, elsewhere)):
        charger.kind = kind
        assert may_discharge(world.drivers[row], world.cars[row], charger, f[0]) == allowed
    charger.bidirectional = 0
    charger.kind = HOME_KIND
    assert not may_discharge(world.drivers[row], world.cars[row], charger, f[0])
