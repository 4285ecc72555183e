"""What a run shows of the grid, in plain words: bounds, fuel, adequacy, and what "stability" may mean."""

from __future__ import annotations

from typing import Any

from sim.effects.reference_lines import STABILITY_PCT
from sim.effects.stability import DEFINITIONS
from sim.effects.summary import interval_of, is_clear, midpoint
from sim.report.quantities import between, less, lower, number, perhaps_chance
from sim.runs.run import RunResult


def bound_sentence(arm: str, effect: Any) -> str:
    """The physical bound on the peak cut, next to what was found."""
    bound = {key: midpoint(value) for key, value in effect["peak_bound"].items()}
    cut = midpoint(effect["peak_shaving_mw"])
    text = (
        f"By hand, without any control: half of the enrolled cars plugged in, all feeding in at full power, are "
        f"{bound['half_plugged_mw']:,.0f} MW, {bound['half_plugged_pct']:.2f}% of the peak of demand; '{arm}' reaches {number(cut)} MW."
    )
    if bound["as_plugged_mw"] is None:
        return text
    return (
        f"{text} At the peak {100.0 * bound['plugged_share']:.0f}% of them were plugged in; these, and all charging of that "
        f"moment put off, could do {bound['as_plugged_mw']:,.0f} MW."
    )


def parts_sentence(arm: str, effect: Any) -> list[str]:
    """What comes from delay alone, and what from feeding in."""
    parts = effect["parts"]
    if not parts:
        return []
    said = []
    for which, words in (("delay", "waiting alone"), ("discharge", "feeding in beside it")):
        peak, coal, co2 = (
            parts[name][which] for name in ("peak_shaving_mw", "coal_displaced_tce", "co2_avoided_t")
        )
        said.append(
            f"{words} makes the peak {lower(midpoint(peak), 'MW')}{_maybe(peak)}, coal in the city "
            f"{less(midpoint(coal), 'tce')}{_maybe(coal)} and CO2 {less(midpoint(co2), 't')}{_maybe(co2)}"
        )
    return [f"Of what '{arm}' does, {said[0]}; {said[1]}."]


def fuel_sentences(arm: str, effect: Any) -> list[str]:
    """Where coal is saved and where it is burnt instead; what average factors would have said."""
    peak, other, total = (
        midpoint(effect[key])
        for key in ("peak_hours_coal_displaced_mwh", "other_hours_coal_added_mwh", "coal_displaced_mwh")
    )
    factors = {key: midpoint(value) for key, value in effect["emission_factors"].items()}
    sentences = []
    if total < 0.0:
        sentences.append(
            f"Arm '{arm}' INCREASES coal power in the city, by {-total:,.0f} MWh{perhaps_chance(effect['coal_displaced_mwh'])}: {less(peak, 'MWh')} in the peak hours, "
            f"{less(-other, 'MWh')} in the others, when coal is the last plant needed and the cars recharge."
        )
    elif peak > 0.0 and other > 0.0:
        sentences.append(
            f"Arm '{arm}' saves {peak:,.0f} MWh of coal power in the peak hours and takes {other:,.0f} MWh more in the others, "
            "to recharge; counting the peak alone would flatter it."
        )
    sentences.append(
        f"A megawatt-hour emits {factors['average_t_per_mwh']:.2f} t on average, but one more of it "
        f"{_rate(factors['marginal_at_peak_t_per_mwh'])} at the peak and {_rate(factors['marginal_in_valley_t_per_mwh'])} in the "
        f"valley. The average would make the change {_t(factors['co2_avoided_by_average_t'])}, the margin "
        f"{_t(factors['co2_avoided_by_margin_t'])}; dispatch, step by step, {_t(midpoint(effect['co2_avoided_t']))}."
    )
    return sentences


def adequacy_sentences(arm: str, effect: Any) -> list[str]:
    """Loss of load, firm capacity, and plants avoided."""
    found = {key: midpoint(value) for key, value in effect["adequacy"].items() if key != "units_avoided"}
    plants = {key: midpoint(value) for key, value in effect["adequacy"]["units_avoided"].items()}
    avoided = ", ".join(
        f"{number:,.1f} of {key.removesuffix('_mw')} MW".replace(".0 of", " of")
        for key, number in plants.items()
    )
    return [
        f"Outages of units taken into account, arm '{arm}' is worth {found['elcc_mw']:,.0f} MW of firm capacity as it runs "
        f"(effective load-carrying capability{_interval(effect['adequacy']['elcc_mw'])}), and {found['elcc_on_call_mw']:,.0f} MW if "
        f"the cars that are plugged in also gave what they can hold for an hour when supply is short. In whole plants: "
        f"{avoided}. Expected hours of unmet demand go from {found['loss_of_load_hours_reference']:.2g} to "
        f"{found['loss_of_load_hours']:.2g}; lines that alone bring a contract may fail, the others are taken as sure."
    ]


def stability_sentences(result: RunResult) -> list[str]:
    """A gain in stability from elsewhere, which does not say what it means, held against every definition."""
    line, sentences = result.against.get(STABILITY_PCT), []
    if line is None:
        return []
    for arm, effect in result.summary["effects"].items():
        found = effect["stability"]
        known = [key for key in DEFINITIONS if midpoint(found[key]) is not None]
        reached = [DEFINITIONS[key] for key in known if reaches(found[key], line.value)]
        perhaps = [DEFINITIONS[key] for key in known if may_reach(found[key], line.value)]
        verdict = (
            f"it is reached by {len(reached)} of them: {'; '.join(reached)}"
            if reached
            else "none of them reaches it"
        )
        if perhaps:
            verdict += f"; perhaps by {'; '.join(perhaps)}, where the mean does and the interval does not"
        sentences.append(
            f"{line.who_begins}'s {line.value:.0f}% more stability has no definition. Of {len(known)} that could be meant, in arm '{arm}' {verdict}."
        )
    return sentences


def reaches(figure: Any, goal_pct: float) -> bool:
    """Whether a gain in stability is as large as that or larger, all of its interval included."""
    ends = interval_of(figure)
    return bool((midpoint(figure) if ends is None else ends[0]) >= goal_pct)


def may_reach(figure: Any, goal_pct: float) -> bool:
    """Whether the mean of a gain is as large as that or larger, but not all of its interval."""
    return bool(midpoint(figure) >= goal_pct) and not reaches(figure, goal_pct)


def _maybe(figure: Any) -> str:
    """The remark on chance where a sentence goes on behind it."""
    return "" if is_clear(figure) else " (which may be chance)"


def _interval(figure: Any) -> str:
    ends = interval_of(figure)
    return "" if ends is None else f", {between(ends, 'MW')}"


def _rate(value: float | None) -> str:
    return "nothing known" if value is None else f"{value:.2f} t"


def _t(saved: float) -> str:
    return f"{less(saved, 't')} of CO2"
