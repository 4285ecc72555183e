"""Write the agents with their columns into ``docs/agents.md``.

``python docs/make_agents.py``; a test holds the page against the classes.
"""

from __future__ import annotations

from pathlib import Path

from sim.agents.car import Car
from sim.agents.charger import Charger
from sim.agents.driver import Driver
from sim.agents.entries import CHART
from sim.state.columns import columns_of
from sim.step_plan import STEP_PARTS

PAGE = Path(__file__).parent / "agents.md"
HEAD = """# Agents and their columns

Made by `docs/make_agents.py` from the classes; do not edit.

Four kinds of Mesa agents live in a `CityModel`: `model.drivers`, `model.cars`, `model.chargers` and
`model.operator`, or all of them in `model.agents`. The state of the first three stands in columns, one row for each
agent, and an agent is a view of its row: `model.cars[5].energy_kwh` reads the column, and writing it writes the
column. Row *i* of the drivers owns row *i* of the cars. Sets of agents work on whole columns:

```python
from sim import CityModel, Car

model = CityModel("quickstart", arm="v2g", rng=7, fleet__sample=1.0, fleet__cars=500)
for _ in range(40):
    model.step()
low = model.cars.select(lambda car: car.soc < 0.3)
print(len(low), model.cars.agg("energy_kwh", sum), model.chargers.groupby("kind").count())
print(model.plan)  # the order of a step, with the time each part took
```

A stay of a car at a charger is a `Session`: `charger.session`, `car.session` and `model.sessions` are those that go
on, with start, stated and real end, rating, promise and state of charge; `sessions.parquet` has those that ended.

`mesa.batch_run(CityModel, {"scenario": "quickstart", "arm": ["uncontrolled", "v2g"], "rng": 7})` runs a batch. Rows
are fixed for a run: `agent.remove()` is refused, and an attribute that is no column is kept by agents of a class of
your own only (`model.recruit`).
"""
KINDS = {
    Driver: "Goes where the day asks, and decides about plugging in. Override `wants_to_plug` to try another habit.",
    Car: "A battery with an account. Override `step` to post something else to it (`car.post(entry, amount)`).",
    Charger: "Keeps its car safe and follows the operator inside that. Override `set_point` to react otherwise.",
}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for kind, what in KINDS.items():
        parts.append(f"\n## {kind.__name__}\n\n{what}\n\n| column | unit | meaning |\n| --- | --- | --- |\n")
        columns = {name: column for name, column in columns_of(kind).items() if column.entry is None}
        parts += [f"| `{name}` | {column.unit} | {column.meaning} |\n" for name, column in columns.items()]
    parts.append(
        "\n## The account of a car\n\nAttributes of `Car` too. Every entry is declared once, in "
        "`sim/agents/entries.py`; columns of `owners.parquet`, of days and timelines, parts of earnings and "
        "payments between parties follow from that.\n\n"
        "| entry | unit | meaning | paid by | paid to |\n| --- | --- | --- | --- | --- |\n"
    )
    parts += [
        f"| `{entry.name}` | {entry.unit} | {entry.meaning} | {entry.payer} | {entry.payee} |\n"
        for entry in CHART
    ]
    parts.append(
        "\n## The grid operator\n\nAn ordinary Mesa agent, `model.operator`: it forecasts (`forecast`), plans "
        "with its `policy`, and names one `signal` for all chargers. Write a policy of your own "
        "([policies](policies.md)), or subclass `GridOperator` and override `wish`.\n\n"
        "## One step, in order\n\n`model.plan` and `v2gcity run SCENARIO --plan` print it with the time each "
        "part took.\n\n| part | what happens |\n| --- | --- |\n"
    )
    parts += [f"| {part.name} | {part.does} |\n" for part in STEP_PARTS]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
