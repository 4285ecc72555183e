"""Run time of the parts of a step in a scenario: ``v2gcity run --plan``."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from sim.agents.own_code import NO_OWN_CODE, OwnCode
from sim.model import CityModel
from sim.runs.periods import parts_of
from sim.scenario import Scenario


def step_times(
    spec: Scenario, own: OwnCode = NO_OWN_CODE, progress: Callable[[str, int, int, int], None] | None = None
) -> pd.DataFrame:
    """Run every arm once and return the order of a step with the time each part took.

    For a year of representative weeks, the first week is run.

    Returns
    -------
    DataFrame
        ``arm`` and the columns of :func:`sim.step_plan.plan_table`.
    """
    tables = []
    for arm in spec.arms:
        model = CityModel(parts_of(spec)[0].spec, arm=arm, own=own)
        while not model.finished:
            model.step()
            if progress is not None:
                progress(arm, 0, model.step_index, len(model.clock))
        tables.append(model.plan.assign(arm=arm))
        model.forget()
    table = pd.concat(tables, ignore_index=True)
    return table[["arm", *table.columns.drop("arm")]]
