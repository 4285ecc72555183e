"""What the phone shows in the morning: the night, why the car did what it did, and what others would pay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sim.agents import decision_codes
from sim.effects.night import HIGHEST_PAID_YUAN_PER_KWH, PAID, RECEIVED, Night, night, window
from sim.effects.reference_lines import YUAN_PER_NIGHT
from sim.market.arbitrage_margin import Bargain
from sim.market.contract_value import bargain_of, reckons
from sim.report.quantities import adding_up, signed
from sim.runs.run import RunResult, tables_from_result
from sim.runs.story import Story, pick_arm, pick_car, recorded, tell
from sim.scenario.errors import ScenarioError

WIDTH = 118
#: Power [kW] and hours with which a night is tried.
TRIES = ((7.0, 2.0), (7.0, 4.0), (15.0, 4.0))
#: Words for parts of a night's money besides charging and feeding in.
WORDS_OF_PARTS = {
    "events_yuan": "events paid",
    "compensation_yuan": "the operator made up",
    "availability_yuan": "being on call paid",
    "penalties_yuan": "penalties cost",
    "rent_yuan": "the charger's rent cost",
}
OTHER_PARTS = {
    part: WORDS_OF_PARTS.get(part, part.removesuffix("_yuan").replace("_", " "))
    for part in (*RECEIVED, *PAID)
    if part not in ("charging_yuan", "feed_in_yuan")
}


def show_owner(
    result: RunResult, car: str, arm: str | None, day: str | None, say: Callable[[str], None]
) -> None:
    """Print the morning message, the timeline of the night and the comparison of all arms."""
    told, reference = pick_arm(result, arm), result.summary["reference"]
    row, name = pick_car(result, told, car)
    stories = {each: tell(result, each, row, name, say) for each in dict.fromkeys((told, reference))}
    for each in result.summary["arms"]:
        if each not in stories and recorded(result, each, row) is not None:
            stories[each] = tell(result, each, row, name, say)
    story = stories[told]
    start, end = window(story.rows, _day(result, day))
    nights = {
        each: night(stories[each].rows, start, end) for each in result.summary["arms"] if each in stories
    }
    earned = {
        each: _earned(result, stories[each], nights[reference], found) for each, found in nights.items()
    }
    console = Console(highlight=False, width=WIDTH)
    for line in morning_message(result, story, nights, earned, start, end):
        console.print(line)
    console.print(timeline(story, start, end))
    console.print(comparison(result, story, nights, earned))
    for line in what_it_takes(result, story):
        console.print(line)


def morning_message(
    result: RunResult,
    story: Story,
    nights: dict[str, Night],
    earned: dict[str, float],
    start: pd.Timestamp,
    end: pd.Timestamp,
) -> list[str]:
    """The message: what the car gave and took, what that came to, and whether promises were kept."""
    spec, found, reference = result.spec, nights[story.arm], result.summary["reference"]
    person = spec.drivers.personas.get(story.name)
    who = story.name.replace("-", " ").title() if person is not None else story.name
    about = f", {escape(person.title)}" if person is not None and person.title else ""
    lines = [
        f"[bold]Good morning, {who}.[/bold]",
        f"[dim]{story.owner['model']}, {story.owner['archetype'].replace('_', ' ')}, {story.owner['home_district']}"
        f"{about}; arm '{story.arm}', {start:%A %d %B %H:%M} to {end:%A %d %B %Y %H:%M}[/dim]",
    ]
    money = found.money
    drew = f"drew {found.charged_kwh:.2f} kWh, which cost {money['charging_yuan']:.2f} yuan."
    if found.fed_in_kwh > 0.0:
        lines.append(
            f"Your car fed in {found.fed_in_kwh:.2f} kWh, which paid {money['feed_in_yuan']:.2f} yuan, and {drew}"
        )
    else:
        lines.append(f"Your car fed nothing in. It {drew}")
    others = [f"{words} {money[part]:.2f}" for part, words in OTHER_PARTS.items() if money[part]]
    if others:
        lines.append(f"Besides, in yuan: {', '.join(others)}.")
    broken = found.promises_broken
    lines.append(
        f"Promises to you that were broken: {broken}." if broken else "No promise to you was broken."
    )
    if reference != story.arm:
        line = result.against.get(YUAN_PER_NIGHT)
        said = f" {line.who_begins}: {line.value:.0f}." if line else ""
        bill, wear, left = _in_fen(earned[story.arm], nights[reference], found)
        lines.append(
            f"Against '{reference}' the night left [bold]{left} yuan[/bold]: {bill} on "
            f"the bill, the battery brought back to where it began, and {wear} of wear.{said}"
        )
    return [*lines, ""]


def timeline(story: Story, start: pd.Timestamp, end: pd.Timestamp) -> Table:
    """What happened when, and why, as it was noted then."""
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("time")
    table.add_column("what")
    for head in ("kW", "charge"):
        table.add_column(head, justify="right")
    table.add_column("why", overflow="fold")
    before: Any = None
    for row in story.rows.to_dict("records"):
        same = before is not None and looks(row) == looks(before)
        if row["time"] == start or (start < row["time"] < end and not same and row["doing"] != "end"):
            power = f"{row['power_kw']:.1f}" if row["doing"] in ("charging", "feeding in") else ""
            table.add_row(
                f"{row['time']:%H:%M}",
                what(row, before),
                power,
                f"{100.0 * row['soc']:.0f}%",
                why(row, before),
            )
        before = row
    return table


def comparison(result: RunResult, story: Story, nights: dict[str, Night], earned: dict[str, float]) -> Table:
    """What the same night earns under every arm, beside the pencil calculation of 14 kWh."""
    reference = result.summary["reference"]
    table = Table(
        title=f"\nThe same night under every arm, yuan against '{reference}'", title_justify="left",
        header_style="bold", box=None, pad_edge=False,
    )  # fmt: skip
    table.add_column("arm")
    heads = (
        "buys at",
        "sells at",
        "fed in, kWh",
        "bill",
        "wear",
        "earned",
        "14 kWh by pencil",
        "days a year",
    )
    for head in heads:
        table.add_column(head, justify="right")
    for arm, found in nights.items():
        if arm == reference:
            continue
        spec = result.spec.for_arm(arm)
        known, feeds = reckons(spec), spec.participation.form.discharges_at_home
        bargain = bargain_of(spec, story.owner["chemistry"])
        bill, wear, left = _in_fen(earned[arm], nights[reference], found)
        table.add_row(
            arm, f"{bargain.buy_yuan_per_kwh:.3f}" if known else "dynamic",
            f"{bargain.sell_yuan_per_kwh:.3f}" if feeds and known else "",
            f"{found.fed_in_kwh:.2f}", bill, wear, left,
            f"{bargain.net_yuan(14.0):.2f}" if feeds and known else "",
            f"{spec.market.pay.event_days_per_year:.0f}",
        )  # fmt: skip
    return table


def what_it_takes(result: RunResult, story: Story) -> list[str]:
    """Which price, power and hours would make true what is said elsewhere of a night's earnings."""
    spec, line = result.spec.for_arm(story.arm), result.against.get(YUAN_PER_NIGHT)
    if line is None or not reckons(spec):
        return []
    bargain, goal = bargain_of(spec, story.owner["chemistry"]), line.value
    room_kwh = _room_kwh(result, story)
    lines = [
        f"\n[bold]What would make {goal:.0f} yuan a night true[/bold] (charging at {bargain.buy_yuan_per_kwh:.3f} "
        f"yuan/kWh, wear {bargain.wear_yuan_per_kwh:.3f}; this car holds {room_kwh:.1f} kWh above its reserve)"
    ]
    for power_kw, hours in TRIES:
        fed_kwh = power_kw * hours
        note = "" if fed_kwh <= room_kwh else ", more than this car can give"
        lines.append(
            f"  {power_kw:g} kW for {hours:g} h ({fed_kwh:g} kWh{note}): {bargain.price_for(goal, fed_kwh):.2f} yuan/kWh"
        )
    lines.append(
        f"  all {room_kwh:.1f} kWh above the reserve: {bargain.price_for(goal, room_kwh):.2f} yuan/kWh"
    )
    for sell in sorted({bargain.sell_yuan_per_kwh, HIGHEST_PAID_YUAN_PER_KWH}):
        there = Bargain(bargain.buy_yuan_per_kwh, sell, bargain.round_trip, bargain.wear_yuan_per_kwh)
        energy = there.energy_for(goal)
        lines.append(
            f"  at {sell:.2f} yuan/kWh: "
            + (
                "no energy: every kilowatt-hour loses"
                if energy is None
                else f"{energy:,.0f} kWh a night, which is {energy / 3.0:,.0f} kW for 3 hours"
            )
            + (" (the highest price any pilot has paid)" if sell == HIGHEST_PAID_YUAN_PER_KWH else "")
        )
    return lines


def _in_fen(earned: float, base: Night, found: Night) -> tuple[str, str, str]:
    """What a night left on the bill, in wear, and in all; as shown, the first two add up to the third."""
    wear = base.wear_yuan - found.wear_yuan
    parts = adding_up({"bill": earned - wear, "wear": wear})
    return signed(parts["bill"], 2), signed(parts["wear"], 2), signed(sum(parts.values()), 2)


def _earned(result: RunResult, story: Story, base: Night, found: Night) -> float:
    """What a night left against the reference [yuan], each battery brought back at its own arm's price."""
    capacity = float(story.owner["capacity_kwh"])
    before, after = (_restoring(result, arm, story) for arm in (result.summary["reference"], story.arm))
    return base.neutral_cost_yuan(capacity, before) - found.neutral_cost_yuan(capacity, after)


def _restoring(result: RunResult, arm: str, story: Story) -> float:
    """Cost of bringing a kilowatt-hour into the car's battery under an arm [yuan/kWh]."""
    tables = tables_from_result(result, arm)
    price = tables.restoring_price_home if story.owner["home_charger"] else tables.restoring_price_public
    return price / tables.charging_efficiency


def _room_kwh(result: RunResult, story: Story) -> float:
    """Energy a car can feed in from where its owner stops charging to the reserve, at the grid side [kWh]."""
    room = max(0.0, float(story.owner["target_soc"]) - float(story.owner["reserve_soc"]))
    return max(0.1, room * float(story.owner["capacity_kwh"]) * result.spec.chargers.one_way_efficiency)


def _day(result: RunResult, asked: str | None) -> pd.Timestamp | None:
    if asked is None:
        return None
    first, days = pd.Timestamp(result.spec.time.start), result.spec.time.recorded_days
    allowed = f"{first:%Y-%m-%d} to {first + pd.Timedelta(days=days - 1):%Y-%m-%d}"
    try:
        day = pd.Timestamp(asked)
    except ValueError:
        raise ScenarioError.single("--day", asked, f"expected a day such as {first:%Y-%m-%d}") from None
    if not first <= day < first + pd.Timedelta(days=days) or day != day.normalize():
        raise ScenarioError.single("--day", asked, f"not a recorded day; allowed: {allowed}")
    return day


def looks(row: Any) -> tuple[Any, ...]:
    """What of a row a reader would see."""
    return row["place"], row["charger"], row["doing"], row["reason"]


def what(row: Any, before: Any) -> str:
    """One step of the night in words."""
    if row["doing"] == "driving":
        return (
            "on the road" if before is None or before["doing"] == "driving" else f"leaves {before['place']}"
        )
    arrived = before is not None and before["doing"] == "driving"
    at = f"arrives at {row['place']}" if arrived else row["place"]
    if not row["charger"]:
        return f"{at}, not plugged in"
    plugged = before is None or not before["charger"] or arrived
    if plugged:
        return f"{at}, plugs in ({row['charger']}): {row['doing']}"
    return f"{row['doing']}"


def why(row: Any, before: Any) -> str:
    """The reason that was noted, and what became of a promise when the car leaves."""
    if row["doing"] == "driving" and before is not None and before["charger"] and before["promised_soc"]:
        promised = f"{100.0 * before['promised_soc']:.0f}% promised for {before['promised_at']}"
        broken = row["shortfalls"] > before["shortfalls"]
        return f"{promised}: {'BROKEN' if broken else 'kept'}"
    sells = row["reason"] in (decision_codes.SELLS, decision_codes.WORTH_FEEDING_IN)
    return decision_codes.WORDS[int(row["reason"])].format(
        price=row["feed_in_yuan_per_kwh"] if sells else row["price_yuan_per_kwh"],
        reckoned=row["reckoned_yuan_per_kwh"],
    )
