"""The network for PyPSA: it opens, solves, and dispatches as the run did."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from sim.cli import main
from sim.rules.battery import fixed_loss_share, proportional_loss_share, round_trip_efficiency
from sim.runs.export.pypsa import export_pypsa
from sim.scenario import ScenarioError

pypsa = pytest.importorskip("pypsa", reason="an extra that newer Pythons may lack")


def solved(folder, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = pypsa.Network(str(folder))
        status = network.optimize(
            solver_name="highs", log_to_console=False, include_objective_constant=False, **options
        )
    assert status[0] == "ok"
    return network


def by_carrier(network):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        output = network.generators_t.p
    return output.T.groupby(network.generators["carrier"]).sum().T


def cost_of_the_run(network, result, arm):
    """What PyPSA would charge for the dispatch of the run: incremental cost and extra imports [yuan]."""
    price, size = network.generators["marginal_cost"], network.generators["p_nom"]
    units = result.units[result.units["arm"] == arm]
    system = result.system[result.system["arm"] == arm]
    total = float((units["output_mw"] * units["unit"].map(price).astype(float)).sum())
    total += float(system["unserved_mw"].sum() * price["not met"])
    left = (system["import_mw"] - system["contract_mw"]).to_numpy()
    extra = sorted(name for name in size.index if name.startswith("extra imports"))
    room = network.generators_t.p_max_pu[extra].to_numpy() * size[extra].to_numpy()
    for k, name in enumerate(extra):
        taken = np.minimum(left, room[:, k])
        total, left = total + float(taken.sum() * price[name]), left - taken
    return total * result.spec.step_hours


def cars_at_the_plants_mw(system):
    """Load of the cars with its losses in the grid: what plants make for them [MW]."""
    return system["ev_charge_mw"] - system["ev_discharge_mw"] + system["ev_grid_losses_mw"]


@pytest.mark.parametrize("arm", ["uncontrolled", "v2g"])
def test_pypsa_dispatches_as_the_run_did(small_result, tmp_path, arm):
    """With the units on that were on, PyPSA's optimum is our merit order.

    It knows the whole day and lets units ramp ahead of the morning; nothing else differs.
    """
    export_pypsa(small_result, tmp_path / "net", arm, as_run=True)
    network = solved(tmp_path / "net")
    system = small_result.system[small_result.system["arm"] == arm].reset_index(drop=True)
    found = by_carrier(network)
    theirs = {name: found[name].to_numpy() for name in ("coal", "gas", "unserved")}
    theirs["import"] = found["import"].to_numpy() + network.generators_t.p["contracted imports"].to_numpy()
    for name, output in theirs.items():
        ours = system[f"{name}_mw"].to_numpy()
        assert np.mean(np.abs(output - ours) < 1.0) > 0.85, name
        assert output.sum() == pytest.approx(ours.sum(), rel=0.005, abs=1.0), name
    ours = cost_of_the_run(network, small_result, arm)
    assert network.objective <= ours * (1.0 + 1e-6)
    assert network.objective == pytest.approx(ours, rel=0.001)
    price = network.generators["marginal_cost"]
    assert price["not met"] > price.drop("not met").max(), "load is shed last, as in the run"
    load = network.loads_t.p_set["demand with cars"].to_numpy()
    assert load == pytest.approx((system["demand_mw"] + cars_at_the_plants_mw(system)).to_numpy())


def test_pypsa_charges_the_fleet_at_no_more_than_the_run(small_result, tmp_path):
    """The powers of the run are feasible, so that the best is no dearer; stores keep their bounds."""
    export_pypsa(small_result, tmp_path / "given", "v2g", as_run=True)
    export_pypsa(small_result, tmp_path / "free", "v2g", as_run=True, fleet=True)
    given, free = solved(tmp_path / "given"), solved(tmp_path / "free")
    rows = small_result.flexibility[small_result.flexibility["arm"] == "v2g"]
    wear = (
        free.links.loc["feeding in home", "marginal_cost"] / free.links.loc["feeding in home", "efficiency"]
    )
    assert free.objective <= given.objective + wear * rows["fed_in_mwh"].sum()
    posts = small_result.spec.chargers
    efficiency = posts.one_way_efficiency, posts.part_load_efficiency
    turned = round_trip_efficiency(fixed_loss_share(*efficiency), proportional_loss_share(*efficiency))
    assert free.links.loc[["charging home", "feeding in home"], "efficiency"].prod() == pytest.approx(turned)
    home = rows[rows["place"] == "home"]
    moved, hours = free.links_t.p0["charging home"], small_result.spec.step_hours
    assert 0.0 < moved.sum() * hours < 2.0 * home["drawn_mwh"].sum()
    ends = home["energy_mwh"].iloc[-1] + (
        home["drawn_mwh"].iloc[-1] * free.links.loc["charging home", "efficiency"]
        - home["fed_in_mwh"].iloc[-1] / free.links.loc["feeding in home", "efficiency"]
    )
    assert free.stores_t.e["batteries home"].iloc[-1] >= ends - 1e-6
    assert free.stores.loc["batteries home", "e_initial"] == pytest.approx(home["energy_mwh"].iloc[0])


def test_the_controlled_cars_are_taken_out_of_demand_once(small_result, tmp_path):
    export_pypsa(small_result, tmp_path / "free", "v2g", fleet=True)
    system = small_result.system[small_result.system["arm"] == "v2g"]
    rows = small_result.flexibility[small_result.flexibility["arm"] == "v2g"]
    load = pd.read_csv(tmp_path / "free" / "loads-p_set.csv")["demand with cars that nobody controls"].sum()
    hours = small_result.spec.step_hours
    assert system["ev_steered_mw"].sum() * hours == pytest.approx(
        (rows["drawn_mwh"] - rows["fed_in_mwh"]).sum(), abs=1e-6
    )
    everything = system["demand_mw"] + cars_at_the_plants_mw(system)
    steered = system["ev_steered_mw"] / (1.0 - small_result.spec.grid.losses_share)
    assert load == pytest.approx(everything.sum() - steered.sum())


def test_pypsa_may_choose_the_units_itself(small_result, tmp_path):
    """Free to commit, and without reserve to hold, it finds something at most as dear."""
    export_pypsa(small_result, tmp_path / "fixed", "uncontrolled", as_run=True)
    export_pypsa(small_result, tmp_path / "free", "uncontrolled")
    fixed, free = solved(tmp_path / "fixed"), solved(tmp_path / "free", linearized_unit_commitment=True)
    assert free.generators["committable"].sum() > 30
    assert free.generators.loc[free.generators["committable"], "start_up_cost"].min() > 0.0
    assert 0.5 * fixed.objective < free.objective < 2.0 * fixed.objective


def test_the_command_says_what_it_wrote(small_result, tmp_path):
    from sim.runs.store import write_result

    write_result(small_result, tmp_path / "result")
    told = CliRunner().invoke(main, ["export", str(tmp_path / "result"), "--to", "pypsa", "--arm", "v2g"])
    assert told.exit_code == 0, told.output
    assert "network of arm 'v2g'" in told.output
    assert (tmp_path / "result" / "pypsa" / "generators.csv").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"arm": "v2k"}, "no such arm, did you mean 'v2g'"),
        ({"replication": 3}, "allowed: 0 to 0"),
        ({"arm": "uncontrolled", "fleet": True}, "nobody is controlled under this arm"),
    ],
)
def test_what_is_not_there_cannot_be_exported(small_result, tmp_path, options, message):
    with pytest.raises(ScenarioError, match=message):
        export_pypsa(small_result, tmp_path / "net", **options)
    assert not (tmp_path / "net").exists()


def test_a_folder_of_something_else_is_left_alone(small_result, tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "letter.txt").write_text("dear")
    with pytest.raises(ScenarioError, match="holds files that are not a network"):
        export_pypsa(small_result, tmp_path / "net")
