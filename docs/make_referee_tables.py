"""Ten findings of a referee, before and after, into ``docs/fooled.md``; and what decides each claim.

``python docs/make_referee_tables.py`` reads ``results/reference``; with ``--run`` it first makes the sweeps over
the price of feeding in and over renewables anew and draws them (an hour). The sweep over the uncertain parameters is one
of the claims: ``make_claims_table.py --run`` takes it over.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from page_table import put_between
from stamps import stamp

ROOT = Path(__file__).parents[1]
REFERENCE, PICTURES = ROOT / "results" / "reference", ROOT / "docs" / "pictures"
SWEEPS = ROOT / "scenarios" / "sweeps"
PAGE = ROOT / "docs" / "fooled.md"
MEASURED = ("feed-in-price", "renewables", "renewables-shanghai")
#: Outcomes of the sweep, what they are called, and their unit.
OUTCOMES = {
    "coal_system_displaced_pct": ("less coal, whole system", "%"),
    "coal_displaced_pct": ("less coal, city", "%"),
    "co2_avoided_t": ("less CO2", "t a year"),
    "peak_shaving_mw": ("peak cut", "MW"),
    "firm_mw": ("firm capacity", "MW"),
    "median_owner_yuan": ("median owner", "yuan a day"),
    "society_yuan": ("gain of society", "yuan a year"),
}
DECISIVE = 5


def measure() -> None:
    """Make the sweeps, and keep their runs."""
    import sim

    for name in MEASURED:
        with tempfile.TemporaryDirectory() as scratch:
            runs = sim.sweep(SWEEPS / f"{name}.yaml", Path(scratch) / name)
        runs.to_csv(REFERENCE / f"{name}.csv", index=False, float_format="%.6g")
        stamp(f"{name}.csv")


def take_over(claims: Path) -> None:
    """Keep the runs of the sweep over the uncertain parameters, gathered from the store of the claims."""
    from sim.runs.sweeps.plan import load_sweep
    from sim.runs.sweeps.run_store import RunStore
    from sim.runs.sweeps.sensitivity import indices
    from sim.runs.sweeps.sweep import Sweeping

    plan = load_sweep(SWEEPS / "claims-unknowns.yaml")
    runs = Sweeping(plan, RunStore(claims / "unknowns")).run(lambda *_: None, lambda count: None).runs
    runs.to_csv(REFERENCE / "claims-unknowns.csv", index=False, float_format="%.6g")
    indices(plan, runs).to_csv(REFERENCE / "decides.csv", index=False, float_format="%.4g")
    stamp("claims-unknowns.csv", "decides.csv")


def effects_of(name: str, arm: str = "v2g") -> dict[str, Any]:
    """Effects of an arm of a stored result."""
    found: dict[str, Any] = json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))
    return dict(found["effects"][arm])


def told(figure: dict[str, Any], scale: float = 1.0, digits: int = 0, sign: str = ",") -> str:
    """A figure with its interval."""
    low, high = sorted(scale * end for end in figure["ci95"])
    return f"{scale * figure['mean']:{sign}.{digits}f} ({low:{sign}.{digits}f} to {high:{sign}.{digits}f})"


def findings() -> str:
    """The ten findings: what stood here, what stands here now, and why it changed."""
    year = effects_of("shanghai-year")
    arms = json.loads((REFERENCE / "shanghai-year.json").read_text(encoding="utf-8"))["arms"]
    unknown = pd.read_csv(REFERENCE / "claims-unknowns.csv")
    shares = (
        pd.read_csv(REFERENCE / "grid_check.csv").query("place == 'shanghai'").set_index("figure")["model"]
    )
    late = (
        100.0 * arms["v2g"]["recharged_at_a_loss_mwh"]["mean"] / arms["v2g"]["energy_discharged_mwh"]["mean"]
    )
    gains, v2g, once = year["who_gains"], arms["v2g"]["promises"], arms["uncontrolled"]["promises"]
    owner = unknown["median_owner_yuan"].quantile([0.05, 0.95])
    city, system = (
        unknown[name].quantile([0.05, 0.95]) for name in ("coal_displaced_pct", "coal_system_displaced_pct")
    )
    firm, battery = (year["firm_power_yuan_per_kw_year"][name] for name in ("cars", "stationary_battery"))
    firm_told = "none (hardly any capacity is avoided)" if firm["mean"] is None else told(firm)
    rows = [
        ("dispatch wastes: fed in over a year, wear, society",
         "1,025 GWh, 243 million yuan, a loss of some 330 million that no page stated",
         f"{told(arms['v2g']['energy_discharged_mwh'], 1e-3)} GWh, {told(gains['wear_yuan'], 1e-6)} million, society {told(gains['society_yuan'], 1e-6, 0, '+,')} million",
         "the operator plans by cost and peak; nobody discharges at a loss"),
        ("the sign of coal rests on an assumed price",
         "city -2.3 to +2.7% less by a factor of 0.85 to 0.93 on it; coal, gas, imports 46.3, 2.9, 46.8%",
         f"system {system.iloc[0]:+.2f} to {system.iloc[1]:+.2f}% less, city {city.iloc[0]:+.2f} to {city.iloc[1]:+.2f}, over all of supply, money, habits, wear and policy; coal, gas, imports "
         f"{shares['coal_share']:.1f}, {shares['gas_share']:.1f}, {shares['import_share']:.1f}% (2023: 37.6, 12.2, 45.1)",
         "gas and imports by contract as in the balance; the ladder fitted; the system told first"),
        ("\"nothing that was tried comes near\" 8% less coal",
         "twenty parameters, two hot days, one policy",
         f"{len(unknown)} points of 37 parameters and two policies over a year: at most {unknown['coal_system_displaced_pct'].max():+.2f}% less",
         "the sweep holds supply, prices, wear and policy"),
        ("a firm kilowatt from cars, yuan a year", "177, one record week times 52",
         f"{firm_told}; grid battery, its arbitrage taken off, {told(battery)}",
         "annual figures come from a year alone"),
        ("wear of NMC cells, yuan/kWh", "0.61; BLAST-Lite 0.30", "0.28 by the mean of a contract's life",
         "the first cycle after ten years was charged for a lifetime"),
        ("discharged at a loss to the owner", "31% of the energy",
         f"0 kWh, checked by the audit; {late:.0f}% was recharged at dearer hours than foreseen, and the operator paid what was missing: {told(arms['v2g']['compensation_yuan'], 1e-6, 1)} million yuan",
         "owners refuse what costs more than it earns; the operator, who decides when to recharge, bears its price"),
        ("\"Shanghai pays 0.8\": median owner, yuan a day",
         "-1.05, 0.47, 1.63, 4.47 at 0.4155, 0.617, 0.80, 1.22 yuan/kWh",
         f"{told(year['owner_earnings_yuan_per_day']['median'], 1.0, 2)} at an assumed 0.80 from 6 to 22 h; {owner.iloc[0]:.2f} to {owner.iloc[1]:.2f} where 0.42 to 1.22 is paid at any hour",
         "no price is published: earnings are a range over prices, policy and habits"),
        ("the year", "fourteen weeks, one draw, three figures on three pages",
         f"four draws of city and weather: coal {told(year['coal_system_displaced_pct'], -1.0, 2, '+')}%, CO2 {told(year['co2_avoided_t'], -1e-3, 0, '+,')} thousand t",
         "README and this page are written from one stored result"),
        ("what forecasts know", "tomorrow's temperature exactly; clouds once a day; nine departures in ten to the step",
         "demand missed by 1 to 2%, sun by 7 to 8% of capacity, wind by 9%; every departure with a spread",
         "errors as published, that keep for hours (tests/grid/test_grid.py)"),
        ("broken promises", "a count, beside a zero by definition",
         f"{told(v2g['broken_pct'], 1.0, 2)}% of sessions, {told(v2g['missing_kwh_per_session'], 1.0, 3)} kWh missing for each; trips with charging on the way "
         f"{told(v2g['en_route_pct'], 1.0, 2)}%, charging at once {told(once['en_route_pct'], 1.0, 2)}%",
         "shares, beside the same of the reference"),
    ]  # fmt: skip
    lines = ["| finding | before | now | why |", "| --- | --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _rounded(value: float) -> str:
    """A figure to two digits, in full."""
    return f"{float(f'{value:.2g}'):,.0f}" if abs(value) >= 10.0 else f"{value:.2f}"


def decisive() -> str:
    """The five parameters that decide each outcome, by rank correlation over their ranges."""
    found = pd.read_csv(REFERENCE / "decides.csv").query("index == 'rank_correlation'")
    lines = ["| outcome | 5th to 95th percentile | decided by (rank correlation) |", "| --- | --- | --- |"]
    runs = pd.read_csv(REFERENCE / "claims-unknowns.csv")
    for name, (words, unit) in OUTCOMES.items():
        mine = found[found["outcome"] == name].set_index("parameter")["value"]
        top = mine.loc[mine.abs().sort_values(ascending=False).index].head(DECISIVE)
        low, high = runs[name].quantile([0.05, 0.95])
        by = ", ".join(f"{parameter.replace('_', ' ')} {value:+.2f}" for parameter, value in top.items())
        lines.append(f"| {words}, {unit} | {_rounded(low)} to {_rounded(high)} | {by} |")
    return "\n".join(lines)


def draw_decisive() -> None:
    """Picture: which parameters decide each outcome."""
    found = pd.read_csv(REFERENCE / "decides.csv").query("index == 'rank_correlation'")
    table = found.pivot(index="parameter", columns="outcome", values="value")[list(OUTCOMES)]
    strong = {name: set(table[name].abs().nlargest(DECISIVE).index) for name in OUTCOMES}
    table = table.loc[sorted(set.union(*strong.values()), key=lambda name: -table.loc[name].abs().max())]
    figure, ax = plt.subplots(figsize=(10, 7.0), layout="constrained")
    shown = ax.imshow(table, cmap="RdBu", vmin=-1.0, vmax=1.0, aspect="auto")
    ax.set_xticks(range(len(OUTCOMES)), [words for words, _ in OUTCOMES.values()], rotation=20, ha="right")
    ax.set_yticks(range(len(table)), [name.replace("_", " ") for name in table.index])
    for row, parameter in enumerate(table.index):
        for column, name in enumerate(OUTCOMES):
            if parameter in strong[name]:
                value = table.iloc[row, column]
                ax.text(column, row, f"{value:+.2f}", ha="center", va="center", fontsize=9,
                        color="white" if abs(value) > 0.5 else "black")  # fmt: skip
    figure.colorbar(shown, label="rank correlation over the ranges")
    ax.set_title(
        "What decides each outcome: the five strongest of 37 parameters are written out",
        loc="left",
        fontsize=11,
    )
    figure.savefig(PICTURES / "decides.png", dpi=110)
    plt.close(figure)


def draw_prices() -> None:
    """Picture: earnings and enrolment over the price of feeding in, with the published pilots."""
    from sim.data.catalogue import rows

    runs = pd.read_csv(REFERENCE / "feed-in-price.csv")
    mean = runs.groupby("feed_in_price").mean(numeric_only=True)
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(10, 7), sharex=True, layout="constrained")
    top.fill_between(mean.index, mean["lowest_twentieth_yuan"], mean["highest_twentieth_yuan"], color="#cfe3f2",
                     label="nine owners in ten")  # fmt: skip
    top.plot(mean.index, mean["median_owner_yuan"], color="#0072b2", label="median owner")
    top.axhline(0.0, color="black", linewidth=0.8)
    top.set_ylabel("yuan a day, after charging, losses and wear")
    top.legend(loc="upper left", frameon=False)
    bottom.plot(
        mean.index,
        100.0 * mean["gaining_share"],
        color="#009e73",
        label="gain, of a fixed fifth enrolled [%]",
    )
    bottom.plot(mean.index, 100.0 * mean["enrolled_by_choice"] / 1.51e6, color="#d55e00",
                label="enrol, of all cars, where owners choose [%]")  # fmt: skip
    bottom.set_xlabel("price of feeding in [yuan/kWh], paid at any hour")
    bottom.set_ylim(bottom=0.0)
    bottom.legend(loc="upper left", frameon=False)
    pilots: dict[float, str] = {}
    for row in rows("pay_regimes"):
        try:
            price = float(row["sells_at"])
        except ValueError:
            continue
        if price <= mean.index.max() and row["regime"] != "shanghai":
            pilots[price] = row["regime"]
    for number, (price, name) in enumerate(sorted(pilots.items())):
        for ax in (top, bottom):
            ax.axvline(price, color="grey", linewidth=0.7, linestyle=":")
        top.annotate(name, (price, 1.0), xycoords=("data", "axes fraction"), rotation=90, fontsize=8, color="grey",
                     xytext=(-9, -6 - 6 * (number % 2)), textcoords="offset points", va="top")  # fmt: skip
    figure.suptitle(
        "What owners earn, and how many enrol, over the price (pilots dotted)", x=0.01, ha="left", fontsize=11
    )
    figure.savefig(PICTURES / "feed_in_price.png", dpi=110)
    plt.close(figure)


PLACES = {"renewables-shanghai": ("Shanghai", 1.51e6, "#0072b2"), "renewables": ("China", 100e6, "#d55e00")}
ENROLLED_SHARE = 0.2


def over_renewables(name: str) -> pd.DataFrame:
    """Results over the capacity of wind and sun, with kg CO2 avoided for each enrolled car."""
    _, cars, _ = PLACES[name]
    runs = pd.read_csv(REFERENCE / f"{name}.csv")
    mean = runs.groupby("capacity").mean(numeric_only=True).sort_values("wind_and_solar_pct")
    kg_per_car = 1000.0 * mean["co2_avoided_t"] / (ENROLLED_SHARE * cars)
    return mean.assign(kg_per_car=kg_per_car, yuan_per_car=mean["society_yuan"] / (ENROLLED_SHARE * cars))


def draw_renewables() -> None:
    """Picture: CO2 over the share of wind and sun."""
    figure, ax = plt.subplots(figsize=(10, 5), layout="constrained")
    for name, (place, _, colour) in PLACES.items():
        found = over_renewables(name)
        ax.plot(found["wind_and_solar_pct"], found["kg_per_car"], "o-", color=colour, label=place)
    ax.axhline(0.0, color="black", linewidth=0.8)
    ax.set_xlabel("wind and sun that are used, of gross demand without V2G [%]")
    ax.set_ylabel("kg CO2 avoided for each enrolled car and year")
    ax.legend(frameon=False)
    figure.suptitle("Does V2G save CO2 where sun and wind are curtailed?", x=0.01, ha="left", fontsize=11)
    figure.savefig(PICTURES / "renewables.png", dpi=110)
    plt.close(figure)


def renewables_table() -> str:
    """CO2 and gain of society over the share of wind and sun, and where their signs turn."""
    lines = [
        "| place | capacity, of the base | wind and sun used | curtailed without V2G | CO2 avoided, kg a car "
        "| coal, whole system | society, yuan a car |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    turns = []
    for name, (place, _, _) in PLACES.items():
        found = over_renewables(name)
        lines += [
            f"| {place} | {row.Index:g} | {row.wind_and_solar_pct:.0f}% | {row.spilled_mwh / 1e6:,.1f} TWh | {row.kg_per_car:+,.0f} "
            f"| {-row.coal_system_displaced_pct:+.2f}% | {row.yuan_per_car:+,.0f} |"
            for row in found.itertuples()
        ]
        turns += [_turn(place, what, found, column) for what, column in
                  (("CO2 is saved", "kg_per_car"), ("society gains", "yuan_per_car"))]  # fmt: skip
    text = "; ".join(turns)
    return "\n".join([*lines, "", f"{text[0].upper()}{text[1:]}."])


def _turn(place: str, what: str, found: pd.DataFrame, column: str) -> str:
    """In words, from which share of wind and sun on a figure stays positive."""
    share, good = found["wind_and_solar_pct"].to_numpy(), found[column].to_numpy() > 0.0
    if good.all():
        return f"in {place} {what} at every share that was tried, {share[0]:.0f} to {share[-1]:.0f}%"
    if not good[-1]:
        return f"in {place} {what} at {good.sum()} of {len(good)} shares only"
    last = int(np.flatnonzero(~good)[-1])
    return f"in {place} {what} from a share between {share[last]:.0f} and {share[last + 1]:.0f}% on"


def prices_table() -> str:
    """Earnings and enrolment over the price of feeding in."""
    mean = pd.read_csv(REFERENCE / "feed-in-price.csv").groupby("feed_in_price").mean(numeric_only=True)
    lines = [
        "| price, yuan/kWh at any hour | median owner, yuan a day | one in twenty below, above | gain | lose "
        "| fed in, GWh | enrol of all cars, where owners choose | society, million yuan |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.Index:g} | {row.median_owner_yuan:+.2f} | {row.lowest_twentieth_yuan:+.1f}, {row.highest_twentieth_yuan:+.1f} "
        f"| {100 * row.gaining_share:.0f}% | {100 * row.losing_share:.0f}% | {row.fed_in_mwh / 1e3:,.0f} "
        f"| {100 * row.enrolled_by_choice / 1.51e6:.1f}% | {row.society_yuan / 1e6:+,.0f} |"
        for row in mean.itertuples()
    ]
    return "\n".join(lines)


#: What is written into the page, by its mark.
BLOCKS = {
    "referee": findings, "decides": decisive, "prices": prices_table, "renewables": renewables_table,
}  # fmt: skip


if __name__ == "__main__":
    if "--run" in sys.argv[1:]:
        measure()
    draw_decisive()
    draw_prices()
    draw_renewables()
    for mark, text in BLOCKS.items():
        put_between(PAGE, f"<!-- {mark} -->", f"<!-- end of {mark} -->", text())
