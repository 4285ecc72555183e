"""Renew what was computed by the model itself.

The embedded charging table, the golden figures, the reference results and the README's picture.

Run after a change that is meant to change results, look at the difference it prints, and commit
the files with the reason: ``python tests/update_reference.py``.
"""

from __future__ import annotations

import csv
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from stamps import stamp  # noqa: E402

from sim import CityModel, load_scenario, run  # noqa: E402
from sim.city.codes import RESTDAY, WORKDAY  # noqa: E402
from sim.data import catalogue  # noqa: E402
from sim.data.catalogue import TABLES, rows  # noqa: E402
from tests.test_golden import GOLDEN, golden_figures  # noqa: E402

EMBEDDED = TABLES / "embedded_charging.csv"


def embedded_charging(cars: int) -> dict[str, np.ndarray]:
    """Mean power of a car by hour when everybody charges at once [kW], on workdays and rest days."""
    settings = {"fleet.sample": cars / 1_510_000, "time.days": 14, "time.warmup_days": 14}
    spec = load_scenario(ROOT / "scenarios" / "shanghai-summer.yaml", settings)
    model = CityModel(spec, arm="uncontrolled")
    model.run_model()
    system = model.system_frame()
    kinds = model.clock.kinds[model.clock.warmup_steps :]
    per_car = system["ev_charge_mw"].to_numpy() * 1000.0 / spec.fleet.cars
    hours = system["time"].dt.hour.to_numpy()
    return {
        name: np.array([per_car[(hours == hour) & (kinds == kind)].mean() for hour in range(24)])
        for name, kind in (("workday_kw_per_car", WORKDAY), ("restday_kw_per_car", RESTDAY))
    }


def write_embedded() -> None:
    """Write the table of charging that the demand profiles already contain."""
    before = rows("embedded_charging")
    curves = embedded_charging(100_000)
    with EMBEDDED.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["hour", *curves, "source", "confidence"])
        for hour in range(24):
            values = [f"{curve[hour]:.4f}" for curve in curves.values()]
            writer.writerow([hour, *values, "M", "derived"])
    for name, curve in curves.items():
        old = np.array([float(row[name]) for row in before])
        print(
            f"{name}: mean {old.mean():.4f} -> {curve.mean():.4f} kW, largest change {np.abs(curve - old).max():.4f}"
        )


def write_golden() -> None:
    """Write the golden figures and print what changed."""
    yaml = YAML()
    old = yaml.load(GOLDEN.read_text()) if GOLDEN.is_file() else {}
    new = golden_figures()
    for key, value in new.items():
        if old.get(key) != value:
            print(f"{key}: {old.get(key)} -> {value}")
    with GOLDEN.open("w", encoding="utf-8") as stream:
        yaml.dump(new, stream)


#: Shipped weeks, and which of their figures the documents show, under which name.
SHOWN = {
    "shanghai-summer": {
        "net_load": "net_load",
        "earnings": "earnings",
        "earnings_by_group": "earnings_by_group",
    },
    "shanghai-winter": {},
    "shanghai-year": {"year": "year", "stability": "stability"},
    "tariff-rebound": {"net_load": "tariff_rebound"},
    "mass-unplug": {"net_load": "mass_unplug"},
    "pay-and-power": {},
}


def write_results() -> None:
    """Run the shipped weeks; keep their summaries, and the pictures that the documents show."""
    for name, figures in SHOWN.items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / name
            run(ROOT / "scenarios" / f"{name}.yaml", folder)
            shutil.copy(folder / "summary.json", ROOT / "results" / "reference" / f"{name}.json")
            stamp(f"{name}.json")
            for figure, shown in figures.items():
                shutil.copy(folder / "figures" / f"{figure}.png", ROOT / "docs" / "pictures" / f"{shown}.png")


if __name__ == "__main__":
    write_embedded()
    catalogue._shipped_table.cache_clear()
    write_golden()
    write_results()
