"""Claims that are inputs of the model, or no matter of the grid: shown with their evidence, not judged."""

from __future__ import annotations

from sim.data.catalogue import select
from sim.effects.arms import ArmTables
from sim.effects.summary import midpoint
from sim.studies.article.answer import INPUT, UNDEFINED, Answer
from sim.studies.article.runs import GAP, Bench

PLAN_GWH, PLAN_FACILITIES = 20.0, 5_000.0  # a year, by the end of 2027 (S52)


def _fleet(region: str, year: str) -> tuple[float, float]:
    row = select("fleet_by_year", region=region, year_end=year)[0]
    return float(row["nev_million"]), float(row["bev_million"] or "nan")


def c01(bench: Bench) -> Answer:
    """The fleet of today is an input."""
    all_cars, electric = _fleet("China", "2025")
    return Answer(
        INPUT,
        f"An input: 40 million cars in china-2025. The tables have {all_cars:.1f} million at the end of 2025, of which {electric:.1f} million purely electric "
        "(background knowledge).",
    )


def c02(bench: Bench) -> Answer:
    """The fleet of 2030 is an input."""
    return Answer(
        INPUT, f"An input: {_fleet('China', '2030')[0]:.0f} million cars in china-2030, a projection."
    )


def c03(bench: Bench) -> Answer:
    """Stations of today are an input."""
    return Answer(
        INPUT,
        "An input. The tables have Shanghai alone at 20 MW of bidirectional chargers in 2025, more than thirty bidirectional.",
    )


def c04(bench: Bench) -> Answer:
    """Energy of a facility in a year, against what the plan implies."""

    def kwh_a_year(_: ArmTables, arm: ArmTables) -> float:
        bidirectional = arm.fleet_total("bidirectional_charger")
        return 365.0 * 1000.0 * arm.energy_mwh("ev_discharge_mw") / arm.days / max(1.0, bidirectional)

    found = bench.each_draw("year", kwh_a_year)
    implied = PLAN_GWH * 1e6 / PLAN_FACILITIES
    return Answer(
        INPUT,
        f"The number of stations is an input. The plan's 20 GWh a year from 5,000 facilities are {implied:,.0f} kWh for each; a bidirectional charger at a home gives {found.value:,.0f} kWh a year in the model.",
        "", found, "kWh for each charger and year", "", ("year",),
    )  # fmt: skip


def c09(bench: Bench) -> Answer:
    """No matter of the grid."""
    return Answer(
        UNDEFINED,
        "What a household spends on groceries is not in the model; the 180 yuan themselves are judged above.",
    )


def c23(bench: Bench) -> Answer:
    """Share of cars that can feed in: an input, with what it does."""
    today, every = (bench.effect(run, "peak_shaving_mw") for run in ("today", "summer"))
    return Answer(
        INPUT,
        f"An input. With the cars of today's catalogue a fifth of owners cuts the peak by {today.value:,.0f} MW, with cars that can all feed in by {every.value:,.0f} MW.",
        figure=today, unit="MW", runs=("today", "summer"),
    )  # fmt: skip


def c25(bench: Bench) -> Answer:
    """How good coordination is, against the best possible."""
    saved = {
        arm: midpoint(effect["generation_cost_saved_yuan"])
        for arm, effect in bench["summer"].summary["effects"].items()
    }
    told = ", ".join(
        f"'{arm}' saves {value / 1e6:.1f} million yuan of supply" for arm, value in saved.items()
    )
    gap = bench.gap().query("form == 'two_way' and forecasts == 'own'").set_index("policy")
    by_cost = float(gap["saved_pct"]["coordinated, cost"])
    by_peak = float(gap["peak_cut_pct"]["coordinated, peak"])
    text = (
        f"The article gives no measure. In the hot week {told}. Held against the best possible on the same cars and a day of them, the coordinating operator reaches "
        f"{by_cost:.0f}% of the saving of supply when it minds cost, and {by_peak:.0f}% of the cut of the peak when it minds the peak. No learning was tried: it plans."
    )
    return Answer(UNDEFINED, text, runs=("summer", GAP))


def c26(bench: Bench) -> Answer:
    """Owners who do it already: an input."""
    return Answer(
        INPUT,
        f"An input. The plan's {PLAN_GWH:.0f} GWh a year would be {PLAN_GWH * 1e6 / 1e6:.0f} kWh, one session, for each of a million owners.",
    )
