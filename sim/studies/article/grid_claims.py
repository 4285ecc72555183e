"""Claims about the grid: peaks, stability, coal, plants, emissions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.effects.arms import ArmTables
from sim.studies.article.answer import FAILS, HOLDS, NO_LIMIT, ONLY_IF, UNDEFINED, Answer, Figure, judged
from sim.studies.article.runs import Bench

#: Sizes of a coal plant that "50 plants" may mean [MW] (claims.yaml, C19): a mean unit, a unit, two, a large plant.
PLANT_MW = {"a mean unit": 356.0, "a unit": 660.0, "two units": 1_320.0, "a large plant": 2_000.0}
PLANTS = 50.0
EVENING_H = (17, 22)
PER_KW = "yuan per kW and year that owners are paid"


def c05(bench: Bench) -> Answer:
    """Power on call at the peak, for each car."""

    def kw_per_car(before: ArmTables, after: ArmTables) -> float:
        step = int(before.system["net_load_mw"].to_numpy().argmax())
        row = after.system.iloc[step]
        could_mw = row["ev_discharge_mw"] + row["up_available_mw"]
        return float(1000.0 * could_mw / (after.weight * after.cars))

    found = bench.each_draw("china-2030", kw_per_car)
    return judged(
        found, 10.0, NO_LIMIT,
        f"At the peak of 2030 the fleet, a fifth of it enrolled, could give {found.value:.2f} kW for each car, charging that is "
        "stopped included.",
        "kW for each car", ("china-2030",),
        f"At 10 kW for each charger it takes {10.0 / max(found.value or 0.0, 1e-9):,.0f} times as many cars enrolled and plugged in: more than "
        "there are." if found.value and found.value < 2.0 else "",
    )  # fmt: skip


def c11(bench: Bench) -> Answer:
    """Stability has no definition in the article; the candidates are reported."""
    measures = {
        "peak of net load": "stability.peak_cut_pct",
        "gap between peak and valley": "stability.peak_to_valley_cut_pct",
        "steepest ramp": "stability.max_ramp_cut_pct",
        "least reserve margin": "stability.min_reserve_margin_gain_pct",
        "loss of load": "stability.loss_of_load_cut_pct",
    }
    found = {name: bench.effect("summer", key) for name, key in measures.items()}
    told = ", ".join(
        f"{name} {figure.value:+.1f}%" for name, figure in found.items() if figure.value is not None
    )
    return Answer(
        UNDEFINED,
        f"The article does not say what stability is. Improvement by measures in use: {told}. Whoever picks the measure picks the answer.",
        figure=found["peak of net load"], unit="%", runs=("summer",),
    )  # fmt: skip


def c12(bench: Bench) -> Answer:
    """Coal burnt."""
    system = bench.effect("year", "coal_system_displaced_pct", outcome="coal_system_displaced_pct")
    city = bench.effect("year", "coal_displaced_pct", outcome="coal_displaced_pct")
    tons = (bench.effect("year", f"{which}_displaced_tce").value or 0.0 for which in ("coal_system", "coal"))
    return judged(
        system, 8.0, NO_LIMIT,
        f"With a fifth of owners enrolled {_more_or_less(system)} coal is burnt for the city's power over a year, imports included{_range(system)}; the city's own "
        f"plants burn {_more_or_less(city)}{_range(city)}{_moved(*tons)}.",
        "% less coal, whole system", ("year",), _within_reach(bench, system, city),
    )  # fmt: skip


def _moved(system_tce: float, city_tce: float) -> str:
    """Whether more than half of the city's change of coal is undone, or turned, by its neighbours'."""
    moved = city_tce != 0.0 and system_tce / city_tce < 0.5
    return ": most of that is moved between the city and its neighbours" if moved else ""


def _range(figure: Figure) -> str:
    """The interval of a change told by its size, as text."""
    if figure.low is None or figure.high is None:
        return ""
    return f" (from {figure.low:+.2f} to {figure.high:+.2f}% less over draws)"


def _within_reach(bench: Bench, system: Figure, city: Figure) -> str:
    """How near the uncertain parameters, the policy and the share enrolled among them, bring coal to the claim."""
    if system.spread is None or city.spread is None or bench.unknowns is None:
        return ""
    count, points = bench.unknowns.parameters, len(bench.unknowns.runs)
    most = float(bench.unknowns.runs["coal_system_displaced_pct"].max())
    return (
        f"Over {points} points of {count} parameters of supply, money, behaviour, wear and policy, with 5 to 39% enrolled, the system burns {system.spread[0]:+.2f} to {system.spread[1]:+.2f}% less "
        f"(the city {city.spread[0]:+.2f} to {city.spread[1]:+.2f}), at most {most:+.2f}%.{_decided_by(system)}"
    )


def _decided_by(figure: Figure) -> str:
    return f" What decides: {', '.join(figure.decides)}." if figure.decides else ""


def _more_or_less(figure: Figure) -> str:
    value = figure.value or 0.0
    return f"{abs(value):.2f}% {'less' if value >= 0.0 else 'more'}"


def c14(bench: Bench) -> Answer:
    """When the peak is."""
    arm = bench["summer"].summary["arms"]["uncontrolled"]
    gross, net = (np.atleast_1d(arm[key]) for key in ("peak_demand_time", "peak_time"))
    hours = {
        name: [pd.Timestamp(each).hour for each in times] for name, times in (("gross", gross), ("net", net))
    }
    evening = {
        name: np.mean([EVENING_H[0] <= hour < EVENING_H[1] for hour in found])
        for name, found in hours.items()
    }
    times = {
        name: " and ".join(sorted({str(each)[11:16] for each in found}))
        for name, found in (("gross", gross), ("net", net))
    }
    text = f"In the week of record heat demand peaks at {times['gross']}, net load (less wind and sun) at {times['net']}."
    if evening["gross"] == 1.0 and evening["net"] == 1.0:
        return Answer(HOLDS, text, runs=("summer",))
    if evening["net"] > 0.0:
        return Answer(
            ONLY_IF, text, "the sun is taken off first, and the day is one of those", runs=("summer",)
        )
    return Answer(
        FAILS, text, runs=("summer",),
        inverse="It becomes true in winter: the record of the cold season fell at 21:00, and the cold week of the model peaks in the evening.",
    )  # fmt: skip


def c15(bench: Bench) -> Answer:
    """Ramps that plants cannot follow, and brownouts."""
    arm = bench["summer"].summary["arms"]["uncontrolled"]
    unserved, ramp = Figure.of(arm["unserved_mwh"]), Figure.of(arm["max_ramp_mw_per_h"])
    short = bench.effect("summer", "adequacy.reserve_short_hours_reference")
    text = (
        f"In the week of record heat without any help from cars {unserved.value:,.0f} MWh go unserved; the steepest hour asks for "
        f"{ramp.value:,.0f} MW, and reserve is below its rule in {short.value:.1f} hours."
    )
    most = unserved.high if unserved.high is not None else unserved.value or 0.0
    verdict = FAILS if most < 1.0 else ONLY_IF
    return Answer(
        verdict,
        text,
        "" if verdict == FAILS else "plants fail by chance",
        unserved,
        "MWh unserved",
        "",
        ("summer",),
    )


def c19(bench: Bench) -> Answer:
    """Plants that a fifth of all cars makes superfluous, counted in two ways."""
    cut = bench.effect("china", "avoided_capacity_mw")
    firm = bench.effect("china", "adequacy.elcc_mw")
    by_cut, by_firm = cut.value or 0.0, firm.value or 0.0
    told = ", ".join(f"{by_cut / size:.0f} times {name} of {size:,.0f} MW" for name, size in PLANT_MW.items())
    text = (
        f"A fifth of 40 million cars cuts the peak of net load of every tight day by at least {by_cut / 1000.0:.1f} GW: {told}. Counted as plants that may fail, of "
        f"which there are more than are needed, it is worth {by_firm / 1000.0:.1f} GW."
    )
    enough, surely = (_plants_spared(figure) for figure in (cut, firm))
    inverse = f"Fifty plants are spared where a plant has {by_cut / PLANTS:,.0f} MW or less by the cut of the peak, {by_firm / PLANTS:,.0f} MW by firm capacity."
    if len(surely) == len(PLANT_MW):
        return Answer(HOLDS, text, "", cut, "MW less at the peak", inverse, ("china",))
    if enough:
        how = "" if surely else ", and the cut of the peak is what counts"
        return Answer(
            ONLY_IF,
            text,
            f"a plant is {' or '.join(enough)}{how}",
            cut,
            "MW less at the peak",
            inverse,
            ("china",),
        )
    if not _plants_spared(Figure(cut.high if cut.high is not None else cut.value)):
        return Answer(FAILS, text, "", cut, "MW less at the peak", inverse, ("china",))
    chance = "chance decides: the interval over draws contains the limit"
    return Answer(ONLY_IF, text, chance, cut, "MW less at the peak", inverse, ("china",))


def _plants_spared(power_mw: Figure) -> list[str]:
    """Sizes of a plant of which fifty are spared, by the lower end of the interval over draws."""
    least_mw = power_mw.low if power_mw.low is not None else power_mw.value or 0.0
    return [name for name, size_mw in PLANT_MW.items() if least_mw / size_mw >= PLANTS]


def c20(bench: Bench) -> Answer:
    """CO2 that cars save: days with a saving, and the sum."""

    def share_of_days(before: ArmTables, after: ArmTables) -> float:
        noon = before.system["time"] - pd.Timedelta(hours=12)
        saved = (before.system["co2_t"] - after.system["co2_t"]).groupby(noon.dt.date).sum()
        return float((saved.iloc[1:-1] > 0.0).mean())  # from noon to noon; the first and last are halves

    days = bench.each_draw("summer", share_of_days)
    total = bench.effect("year", "co2_avoided_t", outcome="co2_avoided_t")
    factors = {
        name: bench.effect("year", f"emission_factors.marginal_{name}_t_per_mwh")
        for name in ("at_peak", "in_valley")
    }
    text = (
        f"Over a year CO2 changes by {-(total.value or 0.0) / 1000.0:+,.0f} thousand t, imports included; in a hot week there is a saving on {100.0 * (days.value or 0.0):.0f}% of nights. The last plant emits "
        f"{factors['at_peak'].value:.2f} t/MWh at the peak and {factors['in_valley'].value:.2f} at night; cars save where the first is more than "
        "1.15 times the second."
    )
    found = judged(total, 0.0, NO_LIMIT, text, "t CO2 avoided a year", ("year", "summer"))
    return found.with_inverse(
        "It becomes true where the night's last plant is cleaner than the evening's, as with wind that would be spilled."
        + _decided_by(total)
    )


def c27(bench: Bench) -> Answer:
    """Cost of a firm kilowatt, counted as resources and as what its buyer lays out, beside other sources."""
    cars = bench.effect("year", "firm_power_yuan_per_kw_year.cars")
    paid = bench.effect("year", "pay_for_firm_power_yuan_per_kw_year")
    others = {
        name: bench.effect("year", f"firm_power_yuan_per_kw_year.{name}").value
        for name in ("stationary_battery", "gas_peaker", "demand_response")
    }
    told = ", ".join(
        f"{value:,.0f} from {name.replace('_', ' ')}" for name, value in others.items() if value is not None
    )
    if cars.value is None or paid.value is None:
        return Answer(
            UNDEFINED,
            f"The cars avoid hardly any capacity; a firm kilowatt costs {told} yuan a year.",
            runs=("year",),
        )
    text = (
        f"Over a year a firm kilowatt from cars costs {cars.value:,.0f} yuan in chargers, wear and supply; its buyer pays owners {paid.value:,.0f} for it, at the price assumed for all that "
        f"is fed in, peak or not. The same costs {told} (the battery's arbitrage taken off)."
    )
    battery = others["stationary_battery"] or 0.0
    cheap, cheap_to_buy = (figure.within(-NO_LIMIT, battery)[0] for figure in (cars, paid))
    inverse = f"Cars are the cheaper source for their buyer where owners are paid less than {battery:,.0f} yuan per kW and year."
    if cheap == cheap_to_buy:
        return Answer(cheap, text, cars.within(-NO_LIMIT, battery)[1], paid, PER_KW, inverse, ("year",))
    condition = "resources are counted and what owners are paid is not a cost"
    return Answer(ONLY_IF, text, condition, paid, PER_KW, inverse, ("year",))
