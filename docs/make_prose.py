"""Write the figures of the README and of the page on policies from the reference results.

``python docs/make_prose.py`` reads ``results/reference/*.json``, which ``make reference`` renews.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd
from page_table import put_between

from sim.report.quantities import more_than

ROOT = Path(__file__).parents[1]
README, POLICIES = ROOT / "README.md", ROOT / "docs" / "policies.md"
#: Outcomes of the sweep over the uncertain parameters that are told with the year.
UNCERTAIN = ("coal_system_displaced_pct", "peak_shaving_mw", "society_yuan")
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
    """What a year and a week of record heat give, in a paragraph: the system first, with intervals."""
    week, year = effects_of("shanghai-summer"), effects_of("shanghai-year")["v2g"]
    v2g, waiting = week["v2g"], week["smart"]["peak_shaving_mw"]
    earned, gains = year["owner_earnings_yuan_per_day"], year["who_gains"]
    text = (
        "A fifth of Shanghai's 1.51 million electric cars, all able to feed in, over a year in four draws of city and "
        f"weather (95% intervals in brackets): coal burnt for the city's power, imports included, {_change(year['coal_system_displaced_pct'])}, "
        f"by the city's own plants {_change(year['coal_displaced_pct'])}; the article says 8% less. CO2 {_tons(year['co2_avoided_t'])}. Society is "
        f"{_money(gains['society_yuan'])} million yuan a year, chargers, wear and CO2 counted: supply {_money(gains['supply_saved_yuan'])}, batteries "
        f"{-gains['wear_yuan']['mean'] / 1e6:+,.0f}, chargers {-gains['chargers_yuan']['mean'] / 1e6:+,.0f}, CO2 {gains['climate_yuan']['mean'] / 1e6:+,.0f}. At an assumed 0.80 "
        f"yuan/kWh from 6 to 22 h the median owner is left with {_signed(earned['median'], 2)} yuan a day after charging, losses and wear, one in twenty with more than "
        f"{more_than(earned['p95']['mean'], 1)}; {100.0 * year['owners_losing_share']['mean']:.0f}% lose. The article that speaks of 200 yuan a night is not "
        f"describing this city. In the week of record heat the peak of net load falls by {_signed(v2g['peak_shaving_mw'], 0, '')} MW "
        f"({v2g['peak_shaving_pct']['mean']:.1f}%), with charging that merely waits by {_signed(waiting, 0, '')} MW. "
        f"No car is called at a price below what the cheapest recharge of its stay, wear and a margin cost; where its recharge turns out dearer, the operator pays the difference. Those who lose all the same have cars that stand fuller, which ages them. {_wider()}"
    )
    return textwrap.fill(text, 119, break_long_words=False, break_on_hyphens=False)


def _wider() -> str:
    """Ranges over the uncertain parameters, 5th to 95th percentile."""
    runs = pd.read_csv(ROOT / "results" / "reference" / "claims-unknowns.csv")
    ends = {name: runs[name].quantile([0.05, 0.95]) for name in UNCERTAIN}
    (least, most), (low, high), (gains_low, gains_high) = ends.values()
    return (
        f"Over {len(runs)} points of 37 uncertain parameters and two policies (5th to 95th percentile) coal changes by {-most:+.2f} to {-least:+.2f}%, "
        f"society gains {gains_low / 1e6:+,.0f} to {gains_high / 1e6:+,.0f} million yuan, the peak of the year falls by {low:,.0f} to {high:,.0f} MW: "
        "[what decides](docs/fooled.md#what-decides)."
    )


def _ends(figure: dict[str, Any], scale: float, digits: int) -> str:
    low, high = sorted(scale * end for end in figure["ci95"])
    return f"[{low:+,.{digits}f} to {high:+,.{digits}f}]"


def _change(saved: dict[str, Any]) -> str:
    """A change in percent from what is saved, with its interval."""
    return f"{-saved['mean']:+.2f}% {_ends(saved, -1.0, 2)}"


def _tons(saved: dict[str, Any]) -> str:
    return f"{-saved['mean'] / 1000.0:+,.0f} thousand t {_ends(saved, -1e-3, 0)}"


def _money(figure: dict[str, Any]) -> str:
    return f"{figure['mean'] / 1e6:+,.0f} {_ends(figure, 1e-6, 0)}"


def _signed(figure: dict[str, Any], digits: int, sign: str = "+") -> str:
    return f"{figure['mean']:{sign},.{digits}f} {_ends(figure, 1.0, digits)}"


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
