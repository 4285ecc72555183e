"""``report.html``: one self-contained file that opens offline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from sim.data.catalogue import sources
from sim.effects.adequacy import SIZES_MW
from sim.effects.reference_lines import STABILITY_PCT
from sim.effects.stability import DEFINITIONS
from sim.effects.summary import interval_of, midpoint
from sim.report.figures import draw_all
from sim.report.page import page, picture
from sim.report.place_words import place_words
from sim.report.quantities import number, signed
from sim.report.words import findings
from sim.runs.run import RunResult
from sim.scenario.parameters import CONFIDENCE_ORDER, ParameterInUse, parameters_in_use, plain
from sim.version import __version__

#: Rows of the table of arms: key, label, unit, digits.
ARM_ROWS = (
    ("peak_net_load_mw", "peak of net load", "MW", 0),
    ("peak_time", "at", "", 0),
    ("peak_demand_mw", "peak of gross demand, with cars", "MW", 0),
    ("peak_demand_time", "at", "", 0),
    ("energy_charged_mwh", "charged", "MWh", 0),
    ("energy_discharged_mwh", "fed in", "MWh", 0),
    ("losses_mwh", "lost in chargers", "MWh", 0),
    ("coal_tce", "coal burnt in the city", "tce", 0),
    ("coal_elsewhere_tce", "coal burnt elsewhere for imports", "tce", 0),
    ("gas_mwh", "gas power", "MWh", 0),
    ("import_mwh", "imports", "MWh", 0),
    ("co2_t", "CO2, imports included", "t", 0),
    ("generation_cost_yuan", "cost of fuel, starts and imports", "yuan", 0),
    ("unit_starts", "units started", "", 0),
    ("load_factor", "load factor of net load", "", 3),
    ("unserved_mwh", "demand not met", "MWh", 0),
    ("max_ramp_mw_per_h", "steepest hour", "MW/h", 0),
    ("min_reserve_margin_mw", "smallest reserve margin", "MW", 0),
    ("promise_shortfalls", "promises broken", "", 0),
    ("en_route_charges", "trips with charging on the way", "", 0),
    ("mean_end_soc", "mean state of charge at the end", "", 3),
)

#: Rows of the table of effects.
EFFECT_ROWS = (
    ("peak_shaving_mw", "net-load peak lowered by", "MW", 0),
    ("peak_shaving_pct", "the same", "%", 2),
    ("rebound_mw", "highest net load in hours made higher, over the reference's peak", "MW", 0),
    ("avoided_capacity_mw", "capacity avoided (smallest cut on any tight day)", "MW", 0),
    ("coal_system_displaced_tce", "coal displaced, whole system", "tce", 0),
    ("coal_system_displaced_pct", "the same", "%", 2),
    ("coal_displaced_tce", "of it in the city", "tce", 0),
    ("coal_displaced_pct", "the same, of the city's coal", "%", 2),
    ("coal_elsewhere_displaced_tce", "of it elsewhere, behind imports", "tce", 0),
    ("coal_displaced_mwh", "coal power displaced in the city", "MWh", 0),
    ("peak_hours_coal_displaced_mwh", "in the peak hours alone", "MWh", 0),
    ("other_hours_coal_added_mwh", "added in the other hours", "MWh", 0),
    ("gas_displaced_mwh", "gas power displaced", "MWh", 0),
    ("co2_avoided_t", "CO2 avoided", "t", 0),
    ("generation_cost_saved_yuan", "variable cost saved", "yuan", 0),
    ("household_bill_change_pct", "bill of enrolled homes, car included", "%", 1),
    (
        "restored_mwh",
        "grid energy that brings batteries and storage back, beyond the reference (in all rows)",
        "MWh",
        0,
    ),
    ("soc_carry_over_mwh", "energy the fleet ends with, beyond the reference (valued in all rows)", "MWh", 0),
)

#: Rows of the table of who gains.
GAIN_ROWS = (
    ("owners_yuan", "owners, with wear of their batteries, without chargers", "yuan", 0),
    ("aggregator_yuan", "aggregator", "yuan", 0),
    ("grid_and_sellers_yuan", "grid company and sellers of power", "yuan", 0),
    ("supply_saved_yuan", "together: supply saved", "yuan", 0),
    ("wear_yuan", "less wear of batteries", "yuan", 0),
    ("chargers_yuan", "less chargers, by the year they last", "yuan", 0),
    ("climate_yuan", "CO2 avoided, at the carbon price", "yuan", 0),
    ("society_yuan", "society: supply, wear, chargers and CO2", "yuan", 0),
)

#: Rows of the table of promises.
PROMISE_ROWS = (
    ("broken_pct", "sessions of the enrolled that ended below what was promised", "%", 2),
    ("missing_kwh_per_session", "energy missing, mean of all sessions", "kWh", 3),
    ("en_route_pct", "trips of the enrolled with charging on the way", "%", 2),
)

#: Rows of the table of adequacy.
ADEQUACY_ROWS = (
    ("loss_of_load_hours_reference", "expected hours of unmet demand, reference", "h", 6),
    ("loss_of_load_hours", "the same, arm", "h", 6),
    ("expected_unserved_mwh_reference", "expected unserved energy, reference", "MWh", 4),
    ("expected_unserved_mwh", "the same, arm", "MWh", 4),
    ("reserve_short_hours_reference", "hours short of reserve, reference", "h", 2),
    ("reserve_short_hours", "the same, arm", "h", 2),
    ("elcc_mw", "firm capacity as run (effective load-carrying capability)", "MW", 0),
    ("elcc_on_call_mw", "the same, with what cars can hold for an hour on call", "MW", 0),
)

#: Rows of the table of the peak and its bounds.
BOUND_ROWS = (
    ("peak_shaving_mw", "net-load peak lowered by", "MW", 0),
    ("half_plugged_mw", "bound by hand: half of the enrolled plugged in, at full power", "MW", 0),
    ("half_plugged_pct", "the same, of the peak of demand", "%", 2),
    ("plugged_share", "share of the enrolled plugged in at the peak", "", 2),
    ("as_plugged_mw", "bound with these, all charging of the moment put off", "MW", 0),
)

#: Rows of the table of emission factors.
FACTOR_ROWS = (
    ("average_t_per_mwh", "average of supply", "t/MWh", 3),
    ("marginal_t_per_mwh", "marginal, mean of the day", "t/MWh", 3),
    ("marginal_at_peak_t_per_mwh", "marginal, at the peak", "t/MWh", 3),
    ("marginal_in_valley_t_per_mwh", "marginal, in the valley of the night", "t/MWh", 3),
    ("co2_avoided_by_average_t", "CO2 avoided if the average is used (a mistake)", "t", 0),
    ("co2_avoided_by_margin_t", "CO2 avoided if the margin is used", "t", 0),
)

#: Rows of the table of what delay and feeding in do.
PART_ROWS = (
    ("peak_shaving_mw", "net-load peak lowered by", "MW", 0),
    ("coal_displaced_tce", "coal displaced in the city", "tce", 0),
    ("co2_avoided_t", "CO2 avoided", "t", 0),
    ("generation_cost_saved_yuan", "cost of supply saved", "yuan", 0),
    ("extra_energy_mwh", "drawn from the grid beyond the reference", "MWh", 0),
)


def write_report(result: RunResult, folder: Path) -> Path:
    """Draw the figures of a result and write ``report.html`` beside them."""
    titles = draw_all(result, folder / "figures")
    body = "\n".join(
        [
            _head(result),
            _cards(result),
            "<h2>What the run shows</h2>",
            '<ul class="findings">'
            + "".join(f"<li>{escape(text)}</li>" for text in findings(result))
            + "</ul>",
            *(picture(folder / "figures" / f"{name}.png", title) for name, title in titles.items()),
            "<h2>Each arm</h2>",
            _figures_table(result.summary["arms"], ARM_ROWS),
            _effects_section(result),
            _audit(result),
            _assumptions(result),
            _repeat(result),
        ]
    )
    path = folder / "report.html"
    path.write_text(page(result.spec.title or result.spec.name, body), encoding="utf-8")
    return path


def _head(result: RunResult) -> str:
    spec = result.spec
    place = place_words(spec)
    about = "" if place is None else f'<p class="lead">{escape(place.en)}<br>{escape(place.zh)}</p>'
    return f'<h1>{escape(spec.title or spec.name)}</h1><p class="lead">{escape(spec.description)}</p>{about}'


def _cards(result: RunResult) -> str:
    """The figures people ask for first, of the V2G arm where there is one."""
    effects = result.summary["effects"]
    if not effects:
        return ""
    arm = "v2g" if "v2g" in effects else next(iter(effects))
    effect = effects[arm]
    cards = [
        _card(effect["peak_shaving_mw"], -1e-3, 2, " GW", "peak of net load"),
        _card(effect["coal_system_displaced_pct"], -1.0, 2, "%", "coal burnt, imports included"),
        _card(effect["coal_displaced_pct"], -1.0, 2, "%", "coal burnt in the city alone"),
        _card(effect["co2_avoided_t"], -1.0, 0, " t", "CO2, imports included"),
        _card(
            effect["owner_earnings_yuan_per_day"]["median"],
            1.0,
            2,
            " yuan",
            "a day for the median enrolled owner",
        ),
        _card(
            effect["who_gains"]["society_yuan"], 1e-6, 2, " M yuan", "society: supply, wear, chargers, CO2"
        ),
    ]
    inside = "".join(cards)
    return f"<p class='lead'>Arm '{escape(arm)}' against '{escape(result.summary['reference'])}':</p><div class=\"cards\">{inside}</div>"


def _card(figure: Any, factor: float, digits: int, unit: str, label: str) -> str:
    """A headline with its interval."""
    value = midpoint(figure)
    if value is None:
        return f'<div class="card"><b>none</b><span>{escape(label)}</span></div>'
    range_text = ""
    ends = interval_of(figure)
    if ends is not None:
        low, high = sorted(factor * end for end in ends)
        range_text = f"<i>{signed(low, digits)} to {signed(high, digits)}</i>"
    text = escape(f"{signed(factor * value, digits)}{unit}")
    return f'<div class="card"><b>{text}</b>{range_text}<span>{escape(label)}</span></div>'


def _figures_table(columns: dict[str, Any], rows: Sequence[tuple[str, str, str, int]]) -> str:
    head = (
        "<tr><th></th>"
        + "".join(f'<th class="n">{escape(name)}</th>' for name in columns)
        + "<th>unit</th></tr>"
    )
    lines = [
        f"<tr><td>{escape(label)}</td>"
        + "".join(_figure_cell(figures[key], digits) for figures in columns.values())
        + f"<td>{escape(unit)}</td></tr>"
        for key, label, unit, digits in rows
    ]
    return f'<div class="wide"><table>{head}{"".join(lines)}</table></div>'


def _figure_cell(figure: Any, digits: int) -> str:
    """A cell with a figure, and its interval on a line of its own; lists may break."""
    ends = interval_of(figure)
    small = "" if ends is None else f"<i>{number(ends[0], digits)} to {number(ends[1], digits)}</i>"
    return f'<td class="{"v" if isinstance(figure, list) else "n"}">{escape(_number(figure, digits))}{small}</td>'


def _effects_section(result: RunResult) -> str:
    effects = result.summary["effects"]
    if not effects:
        return ""
    quantiles = [("mean", 2), ("p05", 2), ("median", 2), ("p95", 2), ("p99", 2), ("max", 2)]
    earnings = {arm: effect["owner_earnings_yuan_per_day"] for arm, effect in effects.items()}
    stability = {arm: effect["stability"] for arm, effect in effects.items()}
    adequate = {
        arm: effect["adequacy"] | effect["adequacy"]["units_avoided"] for arm, effect in effects.items()
    }
    plants = [(f"{size:.0f}_mw", f"plants of {size:,.0f} MW avoided", "", 1) for size in SIZES_MW]
    factors = {arm: effect["emission_factors"] for arm, effect in effects.items()}
    gains = {arm: effect["who_gains"] for arm, effect in effects.items()}
    promised = {arm: figures["promises"] for arm, figures in result.summary["arms"].items()}
    cuts = {
        arm: {"peak_shaving_mw": effect["peak_shaving_mw"], **effect["peak_bound"]}
        for arm, effect in effects.items()
    }
    return "\n".join(
        [
            f"<h2>What each arm changes against '{escape(result.summary['reference'])}'</h2>",
            "<p class='lead'>Positive is an improvement; small figures are 95% intervals. The arms share every trip, every random number and the weather. "
            "An arm whose fleet ends emptier than it began is charged with filling it again.</p>",
            _figures_table(effects, EFFECT_ROWS),
            "<h2>Who gains</h2>",
            "<p class='lead'>Over the days the run stands for. Payments between parties cancel; what is left are "
            "resources.</p>",
            _figures_table(gains, GAIN_ROWS),
            "<h2>Promises</h2>",
            _figures_table(promised, PROMISE_ROWS),
            "<h2>The peak, and its physical bound</h2>",
            _figures_table(cuts, BOUND_ROWS),
            *_parts_table(effects),
            "<h2>Stability, by several definitions</h2>",
            f"<p class='lead'>Percent of the reference's figure{_undefined(result)}.</p>",
            _figures_table(stability, [(key, words, "%", 2) for key, words in DEFINITIONS.items()]),
            "<h2>Adequacy</h2>",
            "<p class='lead'>Units fail independently, with the availability of the scenario, and so do lines "
            "that alone bring a contract; the others are taken as sure.</p>",
            _figures_table(adequate, [*ADEQUACY_ROWS, *plants]),
            "<h2>Emission factors</h2>",
            _figures_table(factors, FACTOR_ROWS),
            "<h2>Earnings of enrolled owners, yuan per day</h2>",
            _figures_table(earnings, [(key, key, "yuan/d", digits) for key, digits in quantiles]),
        ]
    )


def _parts_table(effects: dict[str, Any]) -> list[str]:
    """What waiting does alone and what feeding in adds, for each arm that can be split."""
    columns = {
        f"{arm}, {words}": {key: effect["parts"][key][which] for key, *_ in PART_ROWS}
        for arm, effect in effects.items()
        if effect["parts"]
        for which, words in (("delay", "waiting alone"), ("discharge", "feeding in"))
    }
    if not columns:
        return []
    return ["<h2>Waiting, and feeding in</h2>", _figures_table(columns, PART_ROWS)]


def _undefined(result: RunResult) -> str:
    line = result.against.get(STABILITY_PCT)
    return f"; {line.who}'s {line.value:.0f}% does not say which it means" if line else ""


def _audit(result: RunResult) -> str:
    audit = result.summary["audit"]
    verdict = "passed" if audit["passed"] else "failed"
    return (
        f"<h2>Audit: {verdict}</h2><p>Largest relative error of any energy balance "
        f"{audit['energy_balance_max_rel_error']:.1e}, of any money balance {audit['money_balance_max_rel_error']:.1e}; "
        f"limits broken: {audit['limit_violations']}. Checked for every car and every step: stored energy, the power of all "
        "chargers, generation against demand, payments against receipts, state of charge, ratings, one car to a charger, promises.</p>"
    )


def _assumptions(result: RunResult) -> str:
    """Every parameter in use, the least certain ones open."""
    groups: dict[str, list[ParameterInUse]] = {}
    for item in parameters_in_use(result.spec):
        groups.setdefault(item.grade, []).append(item)
    order = [
        grade
        for grade in ("assumption", "background", "measured", "derived", "sourced", "choice")
        if grade in groups
    ]
    counts = ", ".join(f"{len(groups[grade])} {grade}" for grade in CONFIDENCE_ORDER if grade in groups)
    parts = [
        f"<h2>What the result rests on</h2><p>Parameters by confidence: {escape(counts)}. "
        "Assumptions are ours and wait for better figures; background figures were remembered, no page was read.</p>"
    ]
    for grade in order:
        opened = " open" if grade == "assumption" else ""
        parts.append(
            f"<details{opened}><summary>{escape(grade)} ({len(groups[grade])})</summary>{_parameters(groups[grade])}</details>"
        )
    parts.append(_sources(item.source for items in groups.values() for item in items))
    return "\n".join(parts)


def _parameters(items: Iterable[ParameterInUse]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(item.key)}</code></td><td class='v'>{escape(plain(item.value))}</td><td>{escape(item.unit)}</td>"
        f"<td>{escape(item.source)}</td><td class='t'>{escape(item.text)}</td></tr>"
        for item in items
    )
    head = "<tr><th>parameter</th><th class='v'>value</th><th>unit</th><th>source</th><th></th></tr>"
    return f'<div class="wide"><table>{head}{rows}</table></div>'


def _sources(used: Iterable[str]) -> str:
    codes = sorted({code for text in used for code in text.split("+") if code in sources()})
    items = "".join(
        f"<li><b>{escape(code)}</b> {escape(sources()[code].title)} ({escape(sources()[code].year)})</li>"
        for code in codes
    )
    plants = "Plant units: Global Energy Monitor, Global Coal Plant Tracker (July 2023) and Global Oil and Gas Plant Tracker (February 2023), CC BY 4.0."
    return (
        f"<details><summary>sources ({len(codes)})</summary><ul>{items}</ul><p>{escape(plants)}</p></details>"
    )


def _repeat(result: RunResult) -> str:
    facts = result.facts
    return (
        "<h2>Repeat it</h2><pre>v2gcity run scenario.yaml</pre>"
        f"<p>with the <code>scenario.yaml</code> of this folder gives the same <code>summary.json</code>, byte for byte. Seed {result.spec.seed}.</p>"
        f"<footer>v2gcity {escape(__version__)}; {facts.get('car_steps', 0):,} car-steps in {facts.get('wall_seconds', 0):.1f} s.</footer>"
    )


def _number(figure: Any, digits: int) -> str:
    if isinstance(figure, list):
        return ", ".join(_number(item, digits) for item in sorted(set(figure)))
    if isinstance(figure, str):
        return figure.replace("T", " ")
    value = midpoint(figure)
    if value is None:
        return "none"
    return number(value, digits)
