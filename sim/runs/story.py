"""Timeline of one car of a result: as recorded, or by repeating the run of its arm.

Repeated runs are bitwise identical, so that the timeline of any car can be recorded afterwards; the car's
account is compared with the result as a check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sim.effects.earnings import owner_earnings_yuan
from sim.model import CityModel
from sim.runs.run import RunResult, own_policies, tables_from_result
from sim.scenario.errors import ScenarioError, suggestion

RANKED = ("best", "median", "worst")
REPLICATION = 0
PURSE_TOLERANCE_YUAN = 1e-6


@dataclass(frozen=True)
class Story:
    """One car under one arm.

    Attributes
    ----------
    arm : str
    car : int
        Row of the car.
    name : str
        Display name: a person's name, or the number.
    owner : dict
        The car's row of ``owners.parquet``.
    rows : DataFrame
        The car's rows of ``stories.parquet`` in order of time.
    """

    arm: str
    car: int
    name: str
    owner: dict[str, Any]
    rows: pd.DataFrame


def pick_arm(result: RunResult, asked: str | None) -> str:
    """Selected arm: the requested one, else v2g, else the first with any discharge."""
    arms: list[str] = list(result.summary["arms"])
    if asked is not None:
        if asked not in arms:
            raise ScenarioError.single(
                "--arm", asked, f"no such arm{suggestion(asked, arms)} allowed: {', '.join(arms)}"
            )
        return asked
    if "v2g" in arms:
        return "v2g"
    fed = [
        arm for arm in arms if float(result.system.loc[result.system["arm"] == arm, "ev_discharge_mw"].sum())
    ]
    return fed[0] if fed else arms[-1]


def pick_car(result: RunResult, arm: str, asked: str) -> tuple[int, str]:
    """Row and name of a car: a number, the name of a person, or best, median or worst of the enrolled.

    Raises
    ------
    ScenarioError
        If there is no such car.
    """
    people = list(result.spec.drivers.personas)
    if asked in people:
        return people.index(asked), asked
    if asked in RANKED:
        return _ranked(result, arm, asked)
    known = result.owners.loc[result.owners["arm"] == arm, "car"]
    if asked.isdecimal():
        if int(asked) in set(known):
            return int(asked), f"car {asked}"
        whole = known.nunique() > int(known.max())
        kept = f"cars are 0 to {int(known.max())}" if whole else "owners.parquet holds a sample"
        raise ScenarioError.single("--car", asked, f"no such car; {kept}")
    words = [*people, *RANKED]
    raise ScenarioError.single(
        "--car", asked, f"no such car{suggestion(asked, words)} allowed: a number, {', '.join(words)}"
    )


def tell(result: RunResult, arm: str, car: int, name: str, say: Callable[[str], None]) -> Story:
    """The timeline of a car under an arm; repeats the run if it was not recorded."""
    owner = _owner(result, arm, car)
    if result.spec.time.weeks:
        raise ScenarioError.single(
            str(result.folder or result.spec.name),
            "",
            "a year in representative weeks tells of no single night; run one week",
        )
    rows = recorded(result, arm, car)
    if rows is None:
        say(f"{name} was not among the cars that were followed in '{arm}': running the arm again to watch it")
        rows = _watched(result, arm, car, owner)
    return Story(arm, car, name, owner, rows.sort_values("time", kind="stable").reset_index(drop=True))


def recorded(result: RunResult, arm: str, car: int) -> pd.DataFrame | None:
    """Recorded timeline rows of a car; None if it was not recorded."""
    stories = result.stories
    mine = (stories["arm"] == arm) & (stories["replication"] == REPLICATION) & (stories["car"] == car)
    return stories[mine] if mine.any() else None


def _watched(result: RunResult, arm: str, car: int, owner: dict[str, Any]) -> pd.DataFrame:
    if own_policies(result.spec) or result.own.agents:
        raise ScenarioError.single(
            "--car",
            str(car),
            "was not followed, and the run has code of your own in it, which is not run again here; "
            "follow it from the start with outputs.story_cars",
        )
    model = CityModel(result.spec, arm=arm, replication=REPLICATION, watched=[car])
    model.run_model()
    again = float(model.owners_frame()["net_cost_yuan"].iloc[car])
    if abs(again - owner["net_cost_yuan"]) > PURSE_TOLERANCE_YUAN:
        raise ScenarioError.single(
            str(result.folder or result.spec.name),
            "",
            "was made by another version: the same run gives this car another bill; run the scenario again",
        )
    frame = model.stories_frame()
    model.forget()
    return frame


def _owner(result: RunResult, arm: str, car: int) -> dict[str, Any]:
    owners = result.owners
    mine = (owners["arm"] == arm) & (owners["replication"] == REPLICATION) & (owners["car"] == car)
    return {str(name): value for name, value in owners[mine].iloc[0].items()}


def _ranked(result: RunResult, arm: str, asked: str) -> tuple[int, str]:
    """The car of the enrolled owner with the highest, lowest or median earnings."""
    reference = result.summary["reference"]
    before, after = (tables_from_result(result, name) for name in (reference, arm))
    earned = owner_earnings_yuan(before, after)
    enrolled = np.flatnonzero(after.owners["enrolled"].to_numpy())
    if len(enrolled) == 0:
        raise ScenarioError.single("--car", asked, f"nobody is enrolled in arm '{arm}'")
    order = enrolled[np.argsort(earned[enrolled], kind="stable")]
    place = {"best": -1, "worst": 0, "median": (len(order) - 1) // 2}[asked]
    car = int(after.owners["car"].to_numpy()[order[place]])
    return car, f"the {asked} owner (car {car})"
