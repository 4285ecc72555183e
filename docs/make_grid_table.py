"""Hold the grid against published figures and against the cheapest dispatch, for ``docs/grid.md``.

``python docs/make_grid_table.py`` reads ``results/reference/{grid_check,commitment,places}.csv``; with
``--run`` it first measures them anew (about half an hour).
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from page_table import put_between
from stamps import stamp

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "results" / "reference"
PAGE = ROOT / "docs" / "grid.md"
SCENARIOS = ROOT / "scenarios"
PLACES = {
    "shanghai": "shanghai-summer",
    "china-2025": "china-2025-week",
    "china-2030": "china-2030",
    "california": "california",
}
CARS = 8_000  # of a year that asks what supply does; 300 move the peak of an evening by a gigawatt
DRAWS = 4  # of weather; one year's energy is up to 3% off by its weather


def weeks_of_a_year() -> list[dict[str, Any]]:
    """One week for each month, and the two record weeks for a week each."""
    starts = [13, 10, 10, 14, 12, 9, 14, 11, 15, 20, 10, 8]
    months = [
        {"start": dt.date(2025, month, day), "months": [month], "temperature_profile": "normal"}
        for month, day in enumerate(starts, start=1)
    ]
    return [
        *months,
        {"start": dt.date(2025, 8, 25), "stands_for_days": 7.0, "temperature_profile": "heatwave"},
        {"start": dt.date(2025, 12, 22), "stands_for_days": 7.0, "temperature_profile": "cold_spell"},
    ]


def year_of(scenario: str) -> pd.DataFrame:
    """System table of years without control, few cars; weights make one mean year of all draws."""
    import sim
    from sim.scenario import load_scenario

    spec = load_scenario(SCENARIOS / f"{scenario}.yaml")
    data = spec.resolved()
    data["time"] = {"warmup_days": 1, "step_minutes": 60, "weeks": weeks_of_a_year()}
    data["fleet"]["sample"] = CARS / spec.fleet.cars
    data |= {"replications": DRAWS, "reference": "uncontrolled", "outputs": {"figures": False}}
    data["arms"] = {"uncontrolled": data["arms"]["uncontrolled"]}
    system = sim.run(data).system
    return system.assign(weight=system["weight"] / DRAWS)


def check_place(place: str) -> list[dict[str, Any]]:
    """Yearly energy, peaks and shares of a place beside what is published."""
    from sim.data.catalogue import rows

    published = {row["parameter"]: row for row in rows("place", place)}
    system = year_of(PLACES[place])
    weight = system["weight"]
    gross = system["net_load_mw"] + system["wind_mw"] + system["solar_mw"]
    summer = system["time"].dt.month.isin([6, 7, 8, 9])
    energy = float((gross * weight).sum())

    def peak_gw(season: pd.Series) -> float:
        """Mean of the draws' peaks."""
        return float(gross[season].groupby(system["replication"]).max().mean()) / 1000.0

    found: dict[str, tuple[float, str]] = {
        "annual_consumption": (energy / 1e6, "TWh"),
        "record_summer": (peak_gw(summer), "GW"),
        "record_winter": (peak_gw(~summer), "GW"),
    }
    when = {
        "record_summer": str(system["time"][gross[summer].idxmax()])[5:16],
        "record_winter": str(system["time"][gross[~summer].idxmax()])[5:16],
    }
    for fuel in ("coal", "gas", "import", "wind", "solar", "other"):
        found[f"{fuel}_share"] = (100.0 * float((system[f"{fuel}_mw"] * weight).sum()) / energy, "%")
    if "wind_and_solar_share" in published:
        both = found.pop("wind_share")[0] + found.pop("solar_share")[0]
        found["wind_and_solar_share"] = (both, "%")
    if place == "shanghai":
        measure_months(system)
    lines = []
    for name, (value, unit) in found.items():
        row = published.get(name)
        scale = {"GW": 1e-3, "%": 100.0}.get(unit, 1.0)
        other = scale * float(row["value"]) if row else None
        lines.append(
            {
                "place": place, "figure": name, "unit": unit, "model": value, "model_at": when.get(name, ""),
                "published": other, "published_at": row["when"] if row else "",
                "source": row["source"] if row else "", "confidence": row["confidence"] if row else "",
            }
        )  # fmt: skip
    return lines


def measure_months(system: pd.DataFrame) -> None:
    """Output of Shanghai's own plants by month, from the year without control."""
    local = (system["coal_mw"] + system["gas_mw"] + system["other_mw"]) * system["weight"] / 1e6
    by_month = local.groupby(system["time"].dt.month).sum()
    pd.DataFrame({"month": by_month.index, "twh": by_month.to_numpy()}).to_csv(
        REFERENCE / "local_output.csv", index=False, float_format="%.4g"
    )
    stamp("local_output.csv")


def months_table() -> str:
    """Local output by month beside the published months, which had no part in setting it."""
    from sim.data.catalogue import rows

    model = pd.read_csv(REFERENCE / "local_output.csv").set_index("month")["twh"]
    published: dict[str, dict[str, float]] = {}
    for row in rows("local_output_by_month"):
        published.setdefault(row["month"], {})[row["year"]] = float(row["twh"])
    lines = ["| month | model, TWh | 2020 | 2021 | 2022 |", "| --- | --- | --- | --- | --- |"]
    for month, years in published.items():
        mine = sum(model[number] for number in ((1, 2) if month == "01-02" else (int(month),)))
        told = " | ".join(f"{years[year]:.1f}" if year in years else "-" for year in ("2020", "2021", "2022"))
        lines.append(f"| {month} | {mine:.1f} | {told} |")
    return "\n".join(lines)


def measure_check() -> None:
    """A year of every place beside what is published."""
    rows = [line for place in PLACES for line in check_place(place)]
    pd.DataFrame(rows).to_csv(REFERENCE / "grid_check.csv", index=False, float_format="%.4g")
    stamp("grid_check.csv")


def measure_commitment() -> None:
    """Shipped weeks of Shanghai against the cheapest dispatch."""
    from sim.runs.run import prepare
    from sim.studies.commitment import commitment_table

    few = {"fleet.sample": 2000 / 1_510_000}
    weeks = {
        "record heat, August": (SCENARIOS / "shanghai-summer.yaml", few),
        "record cold, January": (SCENARIOS / "shanghai-winter.yaml", few),
        "a mild week, April": (
            SCENARIOS / "base" / "shanghai.yaml", {**few, "time.start": dt.date(2025, 4, 14)}
        ),
    }  # fmt: skip
    tables = []
    for name, (path, settings) in weeks.items():
        for outages in ("drawn", "expected"):
            spec = prepare(path, settings={**settings, "grid.outages": outages})
            table = commitment_table(spec, "v2g", lambda text: print(text, file=sys.stderr))
            tables.append(table.drop(columns="seconds").assign(week=name, outages=outages))
    pd.concat(tables).to_csv(REFERENCE / "commitment.csv", index=False, float_format="%.6g")
    stamp("commitment.csv")


def measure_places() -> None:
    """What the same share of cars does in every place."""
    from sim.runs.audited import audited
    from sim.runs.run import prepare, simulate

    effects = []
    for place, scenario in PLACES.items():
        spec = prepare(SCENARIOS / f"{scenario}.yaml", settings={"outputs.figures": False}, replications=1)
        summary = audited(simulate(spec)).summary
        effect, arm = summary["effects"]["v2g"], summary["arms"]["uncontrolled"]
        effects.append(
            {
                "place": place,
                "cars_million": summary["fleet"]["cars"] / 1e6,
                "peak_gw": arm["peak_net_load_mw"] / 1000.0,
                "peak_time": arm["peak_time"],
                "cut_gw": effect["peak_shaving_mw"] / 1000.0,
                "cut_pct": effect["peak_shaving_pct"],
                "half_gw": effect["peak_bound"]["half_plugged_mw"] / 1000.0,
                "bound_gw": effect["peak_bound"]["as_plugged_mw"] / 1000.0,
                "coal_tce": -effect["coal_system_displaced_tce"],
                "coal_pct": -effect["coal_system_displaced_pct"],
                "co2_t": -effect["co2_avoided_t"],
                "elcc_gw": effect["adequacy"]["elcc_mw"] / 1000.0,
                "median_yuan": effect["owner_earnings_yuan_per_day"]["median"],
            }
        )
    pd.DataFrame(effects).to_csv(REFERENCE / "places.csv", index=False, float_format="%.5g")
    stamp("places.csv")


NAMES = {
    "annual_consumption": "energy of the year", "record_summer": "summer peak",
    "record_winter": "winter peak",
    "coal_share": "coal", "gas_share": "gas", "import_share": "imports", "wind_share": "wind",
    "solar_share": "sun", "other_share": "other plants", "wind_and_solar_share": "wind and sun",
}  # fmt: skip


def check_table() -> str:
    """Model against published, place by place."""
    rows = pd.read_csv(REFERENCE / "grid_check.csv", keep_default_na=True)
    lines = [
        "| place | figure | model | published | difference | source |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows.itertuples(index=False):
        at = f" ({row.model_at})" if isinstance(row.model_at, str) and row.model_at else ""
        model = f"{row.model:,.1f} {row.unit}{at}"
        if pd.isna(row.published):
            lines.append(f"| {row.place} | {NAMES[row.figure]} | {model} | - | - | - |")
            continue
        when = (
            f" ({row.published_at})"
            if isinstance(row.published_at, str) and row.figure.startswith("record")
            else ""
        )
        change = (
            f"{row.model - row.published:+.1f} points"
            if row.unit == "%"
            else f"{100.0 * (row.model / row.published - 1.0):+.1f}%"
        )
        lines.append(
            f"| {row.place} | {NAMES[row.figure]} | {model} | {row.published:,.1f} {row.unit}{when} | "
            f"{change} | {row.source} ({row.confidence}) |"
        )
    return "\n".join(lines)


def commitment_lines() -> str:
    """Gap by week, and of the worst day; with outages as drawn, and with each unit at its mean."""
    rows = pd.read_csv(REFERENCE / "commitment.csv")
    lines = [
        "| week | outages | as run, million yuan | cheapest | gap | worst day | with foresight of load |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    words = {"drawn": "as drawn", "expected": "none: mean availability"}
    for (name, outages), week in rows.groupby(["week", "outages"], sort=False):
        sums = week[["as_run_yuan", "foresight_yuan", "yardstick_yuan"]].sum()
        gap, foreseen = (
            100.0 * (sums[key] / sums["yardstick_yuan"] - 1.0) for key in ("as_run_yuan", "foresight_yuan")
        )
        lines.append(
            f"| {name} | {words[outages]} | {sums['as_run_yuan'] / 1e6:,.1f} | "
            f"{sums['yardstick_yuan'] / 1e6:,.1f} | {gap:.2f}% | {week['gap_pct'].max():.2f}% | "
            f"{foreseen:.2f}% |"
        )
    return "\n".join(lines)


def places_table() -> str:
    """What the same fifth of cars does elsewhere."""
    rows = pd.read_csv(REFERENCE / "places.csv")
    lines = [
        "| place | cars, million | peak of net load | lowered by | half plugged, by hand | bound, as plugged "
        "| coal | CO2, t | firm capacity | median owner |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows.itertuples(index=False):
        coal = f"{row.coal_pct:+.2f}%" if row.coal_pct else "none burnt"
        when = row.peak_time[5:].replace("T", " ")
        lines.append(
            f"| {row.place} | {row.cars_million:,.2f} | {row.peak_gw:,.1f} GW ({when}) | "
            f"{row.cut_gw:,.2f} GW ({row.cut_pct:.1f}%) | {row.half_gw:,.2f} GW | {row.bound_gw:,.2f} GW | "
            f"{coal} | {row.co2_t:+,.0f} | {row.elcc_gw:,.2f} GW | {row.median_yuan:+.2f} yuan/d |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    if "--run" in sys.argv[1:]:
        measure_check()
        measure_commitment()
        measure_places()
    for name, text in (
        ("check", check_table()),
        ("months", months_table()),
        ("commitment", commitment_lines()),
        ("places", places_table()),
    ):
        put_between(PAGE, f"<!-- {name} table -->", f"<!-- end of {name} table -->", text)
