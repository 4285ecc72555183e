"""Write the figures of the README and of the page on policies from the reference results.

``python docs/make_prose.py`` reads ``results/reference/*.json``, which ``make reference`` renews.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from page_table import put_between

from sim.report.quantities import more_than

ROOT = Path(__file__).parents[1]
README, POLICIES = ROOT / "README.md", ROOT / "docs" / "policies.md"
MARKS = {
    name: (f"<!-- {name} -->", f"<!-- end of {name} -->") for name in ("figures", "unplugging", "rebound")
}


def effects_of(name: str) -> dict[str, Any]:
    """Effects of a reference result, by arm."""
    found: dict[str, Any] = json.loads(
        (ROOT / "results" / "reference" / f"{name}.json").read_text(encoding="utf-8")
    )["effects"]
    return found


def figures() -> str:
    """What a week of record heat and a year give, in a paragraph."""
    week, year = effects_of("shanghai-summer"), effects_of("shanghai-year")["v2g"]
    v2g, waiting = week["v2g"], week["smart"]["peak_shaving_mw"]
    peak, coal, earned = v2g["peak_shaving_mw"], v2g["coal_displaced_pct"], v2g["owner_earnings_yuan_per_day"]
    low, high = (end / 1000.0 for end in peak["ci95"])
    chance = ", which may be chance" if waiting["ci95"][0] < 0.0 < waiting["ci95"][1] else ""
    assert coal["ci95"][1] < 0.0, "the text says that coal rises, and not by chance"
    text = (
        "A fifth of Shanghai's 1.51 million electric cars, all able to feed in, lower the week's peak of net load by "
        f"{peak['mean'] / 1000.0:.2f} GW (95% interval {low:.2f} to {high:.2f}), which is "
        f"{v2g['peak_shaving_pct']['mean']:.1f}%. The median owner earns {earned['median']['mean']:.1f} yuan a day after "
        f"charging, losses and battery wear, and one in twenty earns more than {more_than(earned['p95']['mean'], 1)}; "
        f"{100.0 * v2g['owners_losing_share']['mean']:.0f}% lose, most owners of cars with NMC cells among them. The "
        "article that speaks of 200 yuan a night is not describing this city. Coal burnt in the city rises "
        f"({-coal['mean']:.2f}% more, interval {-coal['ci95'][1]:.2f}% to {-coal['ci95'][0]:.2f}%; the article says 8% "
        f"less), and CO2 rises by {-round(v2g['co2_avoided_t']['mean'], -2):,.0f} t, because what the cars give back at "
        "the peak was charged at night from coal, with an eighth lost on the way. Charging that merely waits, without "
        f"feeding in, lowers the peak by {waiting['mean']:.0f} MW{chance}. With the outages of plants counted, the fleet "
        f"is worth {v2g['adequacy']['elcc_mw']['mean']:.0f} MW of firm capacity. Over a whole year (one draw) it burns "
        f"{-year['coal_displaced_pct']:.2f}% more coal in the city; the median owner then earns "
        f"{year['owner_earnings_yuan_per_day']['median']:.1f} yuan a day."
    )
    return textwrap.fill(text, 119, break_long_words=False, break_on_hyphens=False)


def with_interval(figure: dict[str, Any]) -> str:
    """A mean and its interval, in whole numbers."""
    low, high = figure["ci95"]
    return f"{figure['mean']:,.0f} ({low:,.0f} to {high:,.0f})"


def median(effect: dict[str, Any]) -> float:
    """What the median owner earns [yuan/d]."""
    return float(effect["owner_earnings_yuan_per_day"]["median"]["mean"])


def unplugging() -> str:
    """What a mass unplugging does, by arm."""
    lines = ["| arm | peak lowered by, MW | median owner earns, yuan/day |", "| --- | --- | --- |"]
    lines += [
        f"| `{arm}` | {with_interval(effect['peak_shaving_mw'])} | {median(effect):.2f} |"
        for arm, effect in effects_of("mass-unplug").items()
    ]
    return "\n".join(lines)


def rebound() -> str:
    """What a night tariff does when all clocks agree, by arm, and what the remedy costs owners."""
    arms = effects_of("tariff-rebound")
    lines = [
        "| arm | largest rise in a step | rebound: highest net load where it rose, over the uncontrolled peak "
        "| peak lowered by |",
        "| --- | --- | --- | --- |",
    ]
    keys = ("largest_rise_mw", "rebound_mw", "peak_shaving_mw")
    lines += [
        f"| `{arm}` | {' | '.join(with_interval(effect[key]) for key in keys)} |"
        for arm, effect in arms.items()
    ]
    told = (
        f"The median owner earns {median(arms['tou']):.2f} yuan a day under `tou` and "
        f"{median(arms['tou-staggered']):.2f} under `tou-staggered`."
    )
    return "\n".join([*lines, "", told])


if __name__ == "__main__":
    put_between(README, *MARKS["figures"], figures())
    put_between(POLICIES, *MARKS["unplugging"], unplugging())
    put_between(POLICIES, *MARKS["rebound"], rebound())
