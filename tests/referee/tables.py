"""What a referee has: a folder of results and the data tables that it names. No code of the package is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

DATA = Path(__file__).parents[2] / "sim" / "data"


class Result:
    """A folder of results, read with pandas alone."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        yaml = YAML(typ="safe")
        self.scenario: dict[str, Any] = yaml.load((self.folder / "scenario.yaml").read_text(encoding="utf-8"))
        self.summary: dict[str, Any] = yaml.load((self.folder / "summary.json").read_text(encoding="utf-8"))
        self.hours = self.scenario["time"]["step_minutes"] / 60.0
        self.reference = self.summary["reference"]
        self.scale = self.summary["fleet"]["cars"] / self.summary["fleet"]["simulated"]

    def table(self, name: str, arm: str, replication: int = 0) -> pd.DataFrame:
        """Rows of one arm and replication."""
        frame = pd.read_parquet(self.folder / f"{name}.parquet")
        frame = frame[(frame["arm"] == arm) & (frame["replication"] == replication)]
        return frame.reset_index(drop=True)

    def input(self, name: str) -> pd.DataFrame:
        """A table of the place, as used."""
        return pd.read_csv(self.folder / "inputs" / f"{name}.csv", keep_default_na=False)

    def units(self) -> pd.DataFrame:
        """Units in operation, with the name that results give them."""
        table = self.input("units").query("status == 'operating'").copy()
        named = [
            ", ".join(filter(None, (str(p), str(u))))
            for p, u in zip(table["plant"], table["unit"], strict=True)
        ]
        table["name"] = named
        return table.astype({"mw": float, "heat_gce_per_kwh": float, "count": int}).set_index("name")


def data(name: str) -> pd.DataFrame:
    """A data table that holds anywhere."""
    return pd.read_csv(DATA / "tables" / f"{name}.csv")


def close(mine: Any, theirs: Any, relative: float = 1e-6) -> bool:
    """Whether two figures agree."""
    return bool(np.allclose(mine, theirs, rtol=relative, atol=1e-6))
