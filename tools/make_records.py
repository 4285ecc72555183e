"""Write the types of the records that rules work on: ``sim/city/records.py``, ``sim/agents/records.py``.

``python tools/make_records.py``; a test holds the files against the columns. Rules say ``car: CarRecord``,
and an editor jumps from ``car.energy_kwh`` to the field with its unit and meaning.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sim.agents.car import Car
from sim.agents.charger import Charger
from sim.agents.driver import Driver
from sim.agents.meter import METER
from sim.city.plans import PLAN
from sim.model import CityModel
from sim.state.columns import columns_of

ROOT = Path(__file__).parents[1]
SMALL = {"fleet__cars": 20, "fleet__sample": 1.0, "time__days": 1, "time__warmup_days": 0}
HEAD = '''"""Types of the records of {what}.

Made by ``tools/make_records.py`` from their columns; do not edit.
"""

from __future__ import annotations

{imports}from sim.state.records import Record
'''
#: What a file imports where it needs it.
IMPORTS = {
    "NDArray[Any]": "from typing import Any\n\n",
    "np.": "import numpy as np\n",
    "NDArray": "from numpy.typing import NDArray\n",
}
CLASS = '''

class {name}(Record):
    """{meaning}"""

'''


def files() -> dict[Path, str]:
    """Text of every file, by its place."""
    model = CityModel("quickstart", arm="v2g", **SMALL)
    world, town = model.world, model.world.town
    city = {
        "ZoneRecord": ("A zone of the town.", town.zones.dtype),
        "ArchetypeRecord": ("Traits of a kind of driver (archetypes.csv).", town.archetypes.dtype),
        "HolidayRecord": ("The long holiday that a day belongs to.", world.holidays.dtype),
        "LegRecord": ("A leg of driving for a living (driving_days.csv).", town.legs.dtype),
        "StayRecord": ("How long people stay for a purpose (stays.csv).", town.stays.dtype),
        "TownFigures": ("Numbers of a scenario that streets and days depend on.", town.figures.dtype),
        "PlanRecord": ("Trips of one driver on one day, in order.", PLAN),
        "ChargerTraits": ("Traits of a kind of charger (charger_kinds.csv).", world.kinds.dtype),
    }
    agents = {
        "DriverRecord": ("State of a driver: a row of ``Driver``.", world.drivers.dtype),
        "CarRecord": ("State of a car: a row of ``Car``.", world.cars.dtype),
        "ChargerRecord": ("State of a charger: a row of ``Charger``.", world.chargers.dtype),
        "AccountRecord": ("Account of a car; ``sums`` holds its entries.", world.accounts.dtype),
        "Moment": ("What a step brings: weather, prices, shocks.", world.series.dtype),
        "Figures": ("Numbers of a scenario, as one arm sees it, see ``figures_of``.", world.figures.dtype),
        "PoolRecord": ("Chargers that drivers of a district share.", world.pools.dtype),
        "MeterRecord": ("Meter of a home since the first of January.", METER),
    }  # fmt: skip
    meanings = {f"{kind.__name__}Record": columns_of(kind) for kind in (Driver, Car, Charger)}
    meanings["AccountRecord"] = meanings["CarRecord"]
    return {
        ROOT / "sim/city/records.py": _file("the town", city, meanings),
        ROOT / "sim/agents/records.py": _file("agents, and of what they meet", agents, meanings),
    }  # fmt: skip


def _file(what: str, records: dict[str, tuple[str, Any]], meanings: dict[str, Any]) -> str:
    classes = _classes(records, meanings)
    imports = "".join(line for name, line in IMPORTS.items() if name in classes)
    return HEAD.format(what=what, imports=imports + "\n" if imports else "") + classes


def _classes(records: dict[str, tuple[str, Any]], meanings: dict[str, Any]) -> str:
    text = ""
    for name, (meaning, dtype) in records.items():
        text += CLASS.format(name=name, meaning=meaning)
        for field in dtype.names:
            column = meanings.get(name, {}).get(field)
            comment = (
                "" if column is None else f"  # {f'[{column.unit}] ' if column.unit else ''}{column.meaning}"
            )
            text += f"    {field}: {_type_of(dtype[field])}{comment}\n"
    return text


def _type_of(dtype: np.dtype[Any]) -> str:
    if dtype.subdtype is not None:
        return "NDArray[Any]"
    if dtype == np.uint64:
        return "np.uint64"
    return {"f": "float", "b": "bool"}.get(dtype.kind, "int")


def main() -> None:
    """Write both files."""
    for path, text in files().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
