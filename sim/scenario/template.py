"""A scenario to start from: what people change most, with units and what is allowed, the rest by name."""

from __future__ import annotations

import json
from pathlib import Path

from sim.scenario.errors import ScenarioError
from sim.scenario.load import load_scenario
from sim.scenario.schema import Scenario
from sim.scenario.shipped import find_scenario, folder_name, scenarios_folder

TEMPLATE = """\
# A scenario says what is different from the one it extends; everything else stays as it is there.
# v2gcity data {file} prints every parameter in use, with unit, source and confidence.
extends: {base}
title: {title}

time:
  start: {start}        # first recorded day
  days: {days}
  warmup_days: {warmup}             # simulated before, not recorded

fleet:
  cars: {cars}          # electric cars of the city
  sample: {sample:.6g}       # share that is simulated one by one; each stands for 1/sample

participation:
  enrolled_share: {enrolled:g}       # of all cars; only owners with a charger at home may enrol

chargers:
  bidirectional_kw: {kw:g}         # rating of chargers that also feed in

market:
  regime: {regime}       # v2gcity regimes lists what pilots pay

replications: {replications}           # draws of the city; with 4 or more every effect has its interval

# arms:                   # policies on the same cars and days; those of the base hold unless you change them
#   v2g: {{operator: {{policy: coordinated}}}}     # v2gcity policies lists them
# shocks:
#   - {{kind: unplug, at: "{start} 19:00", hours: 1.0, share: 0.5}}
"""


def write_new(name: str, shown: str) -> Path:
    """Write a commented scenario into the working folder.

    Raises
    ------
    ScenarioError
        If there is a file of that name, or no scenario to start from.
    """
    base = find_scenario(shown)
    spec = load_scenario(base)
    if spec.time.weeks:
        raise ScenarioError.single("--from", shown, "a year in weeks is no beginning; take one of its weeks")
    path = Path(f"{folder_name(name.removesuffix('.yaml'))}.yaml")
    text = _filled(spec, path, _name_of(base))
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise ScenarioError.single(str(path), "", "is there already; choose another name") from None
    return path


def _name_of(base: Path) -> str:
    """The name of a scenario that ships, or the path of another."""
    return base.stem if base.parent == scenarios_folder() else str(base)


def _filled(spec: Scenario, path: Path, base: str) -> str:
    title = f"What I want to know ({spec.title or spec.name})"
    return TEMPLATE.format(
        file=path.name,
        base=base,
        title=json.dumps(title, ensure_ascii=False),
        start=spec.time.start,
        days=spec.time.recorded_days,
        warmup=spec.time.warmup_days,
        cars=spec.fleet.cars,
        sample=spec.fleet.sample,
        enrolled=spec.participation.enrolled_share,
        kw=spec.chargers.bidirectional_kw,
        regime=spec.market.regime,
        replications=spec.replications,
    )
