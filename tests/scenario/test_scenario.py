"""Scenario files: inheritance, overrides, arms, and what is written back."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from sim.data.catalogue import sources
from sim.scenario import ScenarioError, load_scenario
from sim.scenario.parameters import CONFIDENCE_ORDER, parameters_in_use
from sim.scenario.schema import Scenario, json_schema, leaf_fields, merge
from sim.scenario.shipped import shipped_scenarios

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder / "child.yaml"


@pytest.mark.parametrize("path", shipped_scenarios(), ids=lambda path: path.stem)
def test_shipped_scenarios_load_and_resolve_to_themselves(path: Path, tmp_path: Path):
    from sim.runs.store import dump_scenario

    spec = load_scenario(path)
    assert spec.name == path.stem
    dump_scenario(spec, tmp_path / "resolved.yaml")
    assert load_scenario(tmp_path / "resolved.yaml") == spec
    assert (tmp_path / "resolved.yaml").read_text().isascii()


def test_extends_merges_mappings_and_replaces_lists(tmp_path: Path):
    child = write(
        tmp_path,
        grandparent="fleet: {cars: 100, v2g_capable: 0.5}\nparticipation: {places: [home, work]}\n",
        parent="extends: grandparent.yaml\nfleet: {cars: 200}\n",
        child="extends: parent.yaml\nparticipation: {places: [home]}\nseed: 3\n",
    )
    spec = load_scenario(child)
    assert (spec.fleet.cars, spec.fleet.v2g_capable, spec.participation.places) == (200, 0.5, ["home"])
    assert spec.name == "child"


def test_a_null_arm_is_removed(tmp_path: Path):
    child = write(
        tmp_path,
        parent="arms: {uncontrolled: {}, smart: {}, v2g: {}}\n",
        child="extends: parent.yaml\narms: {smart: null}\n",
    )
    assert list(load_scenario(child).arms) == ["uncontrolled", "v2g"]


@pytest.mark.parametrize(
    ("inherited", "own"), [("days: 3", "end: 2025-08-27"), ("end: 2025-08-27", "days: 2")]
)
def test_end_and_days_replace_each_other(inherited: str, own: str, tmp_path: Path):
    child = write(
        tmp_path,
        parent=f"time: {{start: 2025-08-26, {inherited}}}\n",
        child=f"extends: parent.yaml\ntime: {{{own}}}\n",
    )
    assert load_scenario(child).time.recorded_days == 2


def test_settings_override_whatever_the_files_say(tmp_path: Path):
    child = write(tmp_path, child="fleet: {cars: 100}\ntime: {start: 2025-08-26, end: 2025-08-30}\n")
    spec = load_scenario(
        child, ["fleet.cars=500", "time.days=1", "time.start=2025-01-06", "arms.v2g.operator.policy=tou"]
    )
    assert spec.fleet.cars == 500
    assert spec.time.recorded_days == 1
    assert spec.time.start == dt.date(2025, 1, 6)
    assert spec.for_arm("v2g").operator.policy == "tou"


def test_numbers_as_yaml_1_2_writes_them(tmp_path: Path):
    child = write(tmp_path, child="fleet: {cars: 1_510_000}\ngrid: {wind_mw: 1.2e3, solar_mw: 4600}\n")
    spec = load_scenario(child)
    assert (spec.fleet.cars, spec.grid.wind_mw, spec.grid.solar_mw) == (1_510_000, 1200.0, 4600.0)


def test_an_arm_sees_its_overrides_and_everything_else():
    spec = load_scenario({"fleet": {"cars": 10}})
    seen = spec.for_arm("v2g")
    assert seen.operator.policy == "coordinated"
    assert seen.participation.contract == "two_way"
    assert seen.fleet == spec.fleet
    assert seen.arms == {}


def test_sample_sets_weight():
    spec = load_scenario({"fleet": {"cars": 1000, "sample": 0.1}})
    assert (spec.simulated_cars, spec.weight) == (100, 10.0)


def test_zero_chargers_are_allowed():
    none = {
        "home_share_bev": 0,
        "home_share_phev": 0,
        "home_share_ride_hailing": 0,
        "work_access_share": 0,
        "public_posts_per_car": 0,
    }
    assert load_scenario({"chargers": none}).chargers.public_posts_per_car == 0


def test_merging_shares_replaces_the_whole_table():
    assert merge({"archetypes": {"taxi": 1.0}}, {"archetypes": {"shift_worker": 1.0}}) == {
        "archetypes": {"shift_worker": 1.0}
    }


def test_every_parameter_has_a_description_and_a_known_source():
    for key, info in leaf_fields():
        assert info.description, key
    for item in parameters_in_use(Scenario()):
        assert item.grade in CONFIDENCE_ORDER
        for code in filter(None, item.source.split("+")):
            assert code in sources(), f"{item.key}: unknown source {code}"
        if item.confidence != "choice":
            assert item.source, f"{item.key} claims to be {item.confidence} without a source"


def test_an_overridden_figure_is_the_scenarios_own():
    item = next(
        item
        for item in parameters_in_use(load_scenario({"grid": {"wind_mw": 9.0}}))
        if item.key == "grid.wind_mw"
    )
    assert (item.source, item.confidence, item.default) == ("scenario", "choice", 1200.0)


def test_units_stand_in_the_keys():
    """A key that measures something ends in its unit."""
    endings = {
        "MW": "_mw", "kW": "_kw", "W": "_w", "km": "_km", "km2": "_km2", "min": "_minutes", "h": "_hours", "km/h": "_kmh",
        "yuan/kWh": "_yuan_per_kwh", "kWh/a": "_kwh_per_year", "degC": "_c", "kW/K": "_kw_per_k", "K": "_k", "a": "_years",
    }  # fmt: skip
    for key, info in leaf_fields():
        unit = (info.json_schema_extra or {}).get("unit", "")
        if unit in endings:
            assert key.endswith(endings[unit]), f"{key} is in {unit}"


def test_schema_ships_with_the_scenarios():
    """Regenerate with: v2gcity schema > scenarios/schema.json"""
    assert json.loads((SCENARIOS / "schema.json").read_text()) == json_schema()


def test_schema_knows_every_key_of_the_shipped_files():
    schema = json_schema()
    for path in [*shipped_scenarios(), SCENARIOS / "base" / "shanghai.yaml"]:
        for key in YAML(typ="safe").load(path.read_text()):
            assert key in schema["properties"], key


def test_error_is_a_plain_python_exception():
    with pytest.raises(ScenarioError, match=r"scenario: fleet\.cars: must be more than 0"):
        load_scenario({"fleet": {"cars": -1}})
