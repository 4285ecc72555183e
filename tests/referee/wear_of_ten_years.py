"""Wear of a kilowatt-hour by adding up ten years day by day, beside published runs and a result."""

from __future__ import annotations

import sys

from tests.referee.tables import Result, data

YEARS, DAYS, DEPTH = 10, 365, 0.33
#: A day's driving over the pack, and packs of the published runs [kWh].
DRIVING = {"LFP": 5.7 / 60.0, "NMC": 5.7 / 75.0}


def yuan_per_kwh(cell: str, pack_yuan_per_kwh: float, days_per_year: int = 250, fade: float = 0.2) -> float:
    """Loss of capacity in ten years of driving with discharge less driving alone, for each kWh out of the battery."""
    law = data("battery_ageing").set_index("cell").loc[cell]
    depth, power = float(law["depth_exponent"]), float(law["cycle_exponent"])
    usual = DRIVING[str(law["chemistry"])]
    without = with_it = 0.0
    for day in range(YEARS * DAYS):
        discharges = (day * days_per_year) // DAYS != ((day + 1) * days_per_year) // DAYS
        without += usual**depth
        with_it += DEPTH**depth if discharges else usual**depth
    lost_pct = float(law["first_cycle_pct"]) * (with_it**power - without**power)
    return lost_pct / 100.0 / fade * pack_yuan_per_kwh / (YEARS * days_per_year * (DEPTH - usual))


def charged_in(result: Result, arm: str, chemistry: str) -> float:
    """What owners of a chemistry are charged for each kWh fed in beyond the reference [yuan/kWh]."""
    before, after = result.table("owners", result.reference), result.table("owners", arm)
    mine = (after["chemistry"] == chemistry) & (after["discharged_kwh"] > 1.0)
    worn = (after["cycle_wear_yuan"] - before["cycle_wear_yuan"])[mine].sum()
    return float(worn / after["discharged_kwh"][mine].sum())


def published(cell: str) -> float:
    """The same by the ten-year run with 250 days of discharge, calendar ageing included."""
    runs = data("degradation_blast_runs")
    here = (runs["cell_model"] == cell) & (runs["scenario"] == "v2g_15kWh_x250d")
    return float(runs.loc[here, "wear_yuan_per_kwh_eol20pct"].iloc[0])


if __name__ == "__main__":
    folder = Result(sys.argv[1])
    wear = folder.scenario["fleet"]["wear"]
    for kind in ("lfp", "nmc"):
        pack = wear[f"pack_price_{kind}_usd_per_kwh"] * wear["yuan_per_usd"]
        print(kind, yuan_per_kwh(wear[f"{kind}_cell"], pack), published(wear[f"{kind}_cell"]),
              [charged_in(folder, arm, kind.upper()) for arm in folder.summary["effects"]])  # fmt: skip
