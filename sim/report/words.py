"""What a run shows, in plain words. Every sentence is built from the figures of the run."""

from __future__ import annotations

from typing import Any

from sim.effects.reference_lines import YUAN_PER_NIGHT
from sim.effects.summary import interval_of, midpoint
from sim.report.grid_words import (
    adequacy_sentences,
    bound_sentence,
    fuel_sentences,
    parts_sentence,
    stability_sentences,
)
from sim.report.quantities import cheaper, interval, is_nothing, less, number, perhaps_chance, signed
from sim.runs.run import RunResult

BETWEEN_TOLERANCE_MW = 1.0
#: What is told of fuel: coal in the city and elsewhere, CO2, cost.
FUEL_KEYS = (
    "coal_system_displaced_tce",
    "coal_displaced_tce",
    "coal_elsewhere_displaced_tce",
    "co2_avoided_t",
    "generation_cost_saved_yuan",
)


def findings(result: RunResult) -> list[str]:
    """Sentences that a reader without a spreadsheet understands, most important first."""
    if not float(result.owners["sessions"].sum()):
        return [
            *_what_was_run(result),
            "There is no charger in this city: nobody can plug in, so no arm can differ from another.",
        ]
    return [
        *_what_was_run(result),
        *_peak(result),
        *_fuel(result),
        *_grid(result),
        *_owners(result),
        *_mobility(result),
        *_certainty(result),
    ]


def _what_was_run(result: RunResult) -> list[str]:
    spec, fleet = result.spec, result.summary["fleet"]
    share = 100.0 * fleet["enrolled"] / fleet["cars"]
    stands = f", each standing for {spec.weight:.1f} cars" if spec.weight > 1.0 else ""
    when = f"{spec.time.recorded_days} day(s) from {spec.time.start:%d %B %Y}"
    if spec.time.weeks:
        when = f"a year in {len(spec.time.weeks)} representative weeks, weighed by month and kind of day,"
    return [
        f"{fleet['simulated']:,} cars were simulated one by one{stands}, {when} in steps of {spec.time.step_minutes} minutes. {fleet['enrolled']:,} cars "
        f"({share:.0f}%) are enrolled with the grid operator."
    ]


def _peak(result: RunResult) -> list[str]:
    summary, sentences = result.summary, []
    reference = summary["reference"]
    base = midpoint(summary["arms"][reference]["peak_net_load_mw"])
    for arm, effect in summary["effects"].items():
        cut, share = midpoint(effect["peak_shaving_mw"]), midpoint(effect["peak_shaving_pct"])
        peak = "the peak of net load (demand less wind and sun, with cars)"
        ends = interval(effect["peak_shaving_mw"], "MW", by_size=True)
        chance = perhaps_chance(effect["peak_shaving_mw"])
        if is_nothing(cut):
            sentences.append(f"Arm '{arm}' leaves {peak} at {number(base)} MW{ends}.")
            continue
        sentences.append(
            f"Arm '{arm}' {'lowers' if cut > 0.0 else 'raises'} {peak} by {number(abs(cut))} MW "
            f"({number(abs(share), 2)}%) from {number(base)} MW{ends}{chance}."
        )
    return [*sentences, *_order_of_arms(result)]


def _order_of_arms(result: RunResult) -> list[str]:
    """Whether one-way charging lies between doing nothing and feeding in, and why not."""
    arms = result.summary["arms"]
    if not {"smart", "v2g"} <= arms.keys() or result.summary["reference"] != "uncontrolled":
        return []
    none, smart, v2g = (midpoint(arms[arm]["peak_net_load_mw"]) for arm in ("uncontrolled", "smart", "v2g"))
    if v2g <= smart + BETWEEN_TOLERANCE_MW and smart <= none + BETWEEN_TOLERANCE_MW:
        return ["One-way charging lies between the two, as it should: it can wait, but not give back."]
    if smart > none:
        chance = perhaps_chance(result.summary["effects"]["smart"]["peak_shaving_mw"])
        return [
            f"One-way charging does not lie between the two: its peak is {smart - none:,.1f} MW above the uncontrolled one{chance}. "
            "Those who are enrolled plug in more often, and whoever arrives below the reserve charges at once; "
            "at the moment of the peak this outweighs the little uncontrolled charging there is to delay."
        ]
    return [
        f"One-way charging does not lie between the two: its peak is {v2g - smart:,.1f} MW below that of feeding in. "
        "The energy sold has to be bought back, and here this falls into another high hour."
    ]


def _fuel(result: RunResult) -> list[str]:
    sentences = []
    for arm, effect in result.summary["effects"].items():
        system, coal, elsewhere, co2, cost = (midpoint(effect[key]) for key in FUEL_KEYS)
        share = midpoint(effect["coal_system_displaced_pct"])
        of_city = midpoint(effect["coal_displaced_pct"])
        chance = {key: perhaps_chance(effect[key]) for key in effect if key in FUEL_KEYS}
        sentences.append(
            f"Arm '{arm}' burns {less(system, 'tce')} coal in the whole system ({number(abs(share), 2)}%{chance['coal_system_displaced_tce']}): "
            f"{less(coal, 'tce')} in the city ({number(abs(of_city), 2)}% of the city's{chance['coal_displaced_tce']}) and "
            f"{less(elsewhere, 'tce')} elsewhere for imports{chance['coal_elsewhere_displaced_tce']}. It emits "
            f"{less(co2, 't')} CO2{chance['co2_avoided_t']}, and makes supply {cheaper(cost / 1e6, 'million yuan', 2)} "
            f"in variable cost{chance['generation_cost_saved_yuan']}."
        )
    if sentences:
        sentences.append(
            "Cars move energy from the night to the peak and lose about an eighth of it on the way. Whether that saves coal "
            "depends on which plant is the last one needed at both times, not on the cars."
        )
    return sentences


def _grid(result: RunResult) -> list[str]:
    """Bounds, parts, factors, adequacy and stability, of the two-way arm people ask for."""
    effects = result.summary["effects"]
    if not effects:
        return []
    arm = "v2g" if "v2g" in effects else next(iter(effects))
    effect = effects[arm]
    return [
        bound_sentence(arm, effect),
        *parts_sentence(arm, effect),
        *fuel_sentences(arm, effect),
        *adequacy_sentences(arm, effect),
        *stability_sentences(result),
    ]


def _owners(result: RunResult) -> list[str]:
    sentences = []
    line = result.against.get(YUAN_PER_NIGHT)
    said = f" {line.who_begins} speaks of {line.value:.0f} yuan a night." if line else ""
    for arm, effect in result.summary["effects"].items():
        earned = effect["owner_earnings_yuan_per_day"]
        if not midpoint(earned["n"]):
            continue
        median, low, high, top = (midpoint(earned[key]) for key in ("median", "p05", "p95", "max"))
        sentences.append(
            f"Arm '{arm}': the median enrolled owner earns {number(median, 2)} yuan a day; nine in ten earn between {number(low, 2)} and "
            f"{number(high, 2)}, the luckiest {number(top)}{interval(earned['median'], 'yuan for the median', 2)}.{said}"
        )
        sentences += _who_gains(arm, effect)
    return [*sentences, *_response_to_pay(result)]


#: Other sources of a firm kilowatt, in words.
OTHER_POWER = {
    "stationary_battery": "a grid battery",
    "gas_peaker": "a gas turbine",
    "demand_response": "demand response",
}


def _surplus(arm: str, effect: Any) -> str:
    """What owners, the others and society have of an arm."""
    found = {key: midpoint(value) / 1e6 for key, value in effect["who_gains"].items() if key != "days"}
    return (
        f"Arm '{arm}', in million yuan over the {midpoint(effect['who_gains']['days']):,.0f} days it stands for: owners {signed(found['owners_yuan'], 2)}, "
        f"aggregator {signed(found['aggregator_yuan'], 2)}, grid company and sellers {signed(found['grid_and_sellers_yuan'], 2)}. For society, supply is "
        f"{cheaper(found['supply_saved_yuan'], 'million yuan', 2)}, batteries wear by {number(found['wear_yuan'], 2)}, chargers cost {number(found['chargers_yuan'], 2)}, and "
        f"CO2 counts {signed(found['climate_yuan'], 2)}: {signed(found['society_yuan'], 2)} in all"
        f"{interval(_in_millions(effect['who_gains']['society_yuan']), 'million yuan', 2)}{perhaps_chance(effect['who_gains']['society_yuan'])}."
    )


def _in_millions(figure: Any) -> Any:
    """A figure of money, with its interval, in millions."""
    ends = interval_of(figure)
    if ends is None:
        return midpoint(figure) / 1e6
    return {"mean": midpoint(figure) / 1e6, "ci95": [end / 1e6 for end in ends], "n": figure["n"]}


def _who_gains(arm: str, effect: Any) -> list[str]:
    """Who gains and loses, what a charger takes to pay, and what a firm kilowatt costs."""
    gain, lose = (100.0 * midpoint(effect[f"owners_{what}_share"]) for what in ("gaining", "losing"))
    even = midpoint(effect["break_even_feed_in_yuan_per_kwh"]["median"])
    text = f"Arm '{arm}': {gain:.0f}% of them gain and {lose:.0f}% lose"
    if even is None:
        return [f"{text}.", _surplus(arm, effect)]
    sentences = [f"{text}; with what they fed in, the median owner would break even at {even:.2f} yuan/kWh."]
    sentences.append(_surplus(arm, effect))
    years = midpoint(effect["charger_payback"]["median_years"])
    if years:
        sentences.append(
            f"Year after year, the extra price of a bidirectional charger is earned back in {years:.1f} years."
        )
    firm = effect["firm_power_yuan_per_kw_year"]
    cost = midpoint(firm["cars"])
    if midpoint(firm["gas_peaker"]) is None:
        return [*sentences, "Nothing is said of a year: the run stands for less."]
    others = ", ".join(f"{midpoint(firm[name]):,.0f} from {words}" for name, words in OTHER_POWER.items())
    if cost is None:
        sentences.append(f"It avoids hardly any plant capacity; a firm kilowatt costs {others} yuan a year.")
    else:
        paid = midpoint(effect["pay_for_firm_power_yuan_per_kw_year"])
        sentences.append(
            f"Year after year, a firm kilowatt from the cars costs {cost:,.0f} yuan a year in chargers, wear and what supply costs more or less, against {others}; for its buyer, who "
            f"pays the owners, it costs {paid:,.0f}."
        )
    return sentences


def _response_to_pay(result: RunResult) -> list[str]:
    """How the power on offer in the evening follows the pay, where arms differ in it."""
    sentences = []
    for arm, effect in result.summary["effects"].items():
        found = effect["response_to_pay"]
        if found is None or midpoint(found["elasticity"]) is None:
            continue
        before = result.summary["effects"][found["against"]]["response_to_pay"]
        sentences.append(
            f"From {before['pay_yuan_per_kwh']:.2f} to {found['pay_yuan_per_kwh']:.2f} yuan/kWh ('{found['against']}' to '{arm}') the power "
            f"on offer in the evening goes from {before['evening_power_mw']:,.0f} to {found['evening_power_mw']:,.0f} MW: an "
            f"elasticity of {found['elasticity']:.2f}."
        )
    return sentences


#: What broke a promise, in words.
CAUSES = {
    "left_early": "the driver left before the stated time",
    "shock": "of a shock",
    "limit": "of the limit of a site or feeder",
}


def _mobility(result: RunResult) -> list[str]:
    arms = result.summary["arms"]
    broken = [
        _broken_promises(name, arm) for name, arm in arms.items() if midpoint(arm["promise_shortfalls"])
    ]
    en_route = ", ".join(
        f"{midpoint(arm['en_route_charges']):,.0f} in '{name}'{_of_trips(arm)}" for name, arm in arms.items()
    )
    return [
        *(broken or ["No promise to a driver was broken."]),
        f"Trips with charging on the way because the battery would have run dry: {en_route}.",
    ]


def _of_trips(arm: Any) -> str:
    share = midpoint(arm["promises"]["en_route_pct"])
    return "" if share is None else f" ({share:.2f}% of trips of the enrolled)"


def _broken_promises(name: str, arm: Any) -> str:
    """How many sessions of an arm ended with less than promised, and why."""
    count = midpoint(arm["promise_shortfalls"])
    found = {cause: midpoint(number) for cause, number in arm["promise_shortfalls_with_cause"].items()}
    reasons = ", ".join(f"{number:,.0f} because {CAUSES[cause]}" for cause, number in found.items() if number)
    share, missing = (midpoint(arm["promises"][key]) for key in ("broken_pct", "missing_kwh_per_session"))
    of_all = (
        ""
        if share is None
        else f", {share:.2f}% of all of the enrolled, {missing:.3f} kWh missing for each session"
    )
    return f"Arm '{name}': {count:,.0f} sessions ended with less than was promised{of_all}: {reasons}."


def _certainty(result: RunResult) -> list[str]:
    if result.spec.replications > 1:
        return [
            f"Intervals are 95% Student intervals over {result.spec.replications} replications of the city."
        ]
    return [
        "This is one draw of the city: it carries no interval. Run with --replications 5 or more to see how much is chance; "
        "what the assumptions below do to the result is not in that interval either."
    ]
