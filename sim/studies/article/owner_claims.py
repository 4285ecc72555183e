"""Claims about owners: what they earn, what it does to their cars, and whether they come."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sim.effects.arms import ArmTables
from sim.effects.earnings import ENTRIES_OF
from sim.effects.investment import annuity
from sim.effects.night import HIGHEST_PAID_YUAN_PER_KWH
from sim.effects.summary import interval, midpoint
from sim.runs.setting import household_yuan_per_day
from sim.studies.article.answer import (
    FAILS,
    INPUT,
    NO_LIMIT,
    ONLY_IF,
    Answer,
    Figure,
    judged,
)
from sim.studies.article.reference_lines import article_figure
from sim.studies.article.runs import Bench

#: Price and life of a car; assumptions, named as such in the answer that uses them.
CAR_YUAN, CAR_LIFE_YEARS = 150_000.0, 12.0
SESSION_YUAN, OTHER_NIGHT_YUAN = 1_400.0, 180.0
REST_OF_NIGHT_H = (22, 6)
LEAST_SOLD_KWH = 0.5
LEAST_BILL_PCT, MOST_BILL_PCT = 3.0, 5.0
YEARS = 10.0
OWNER_DAY = ["replication", "car", "date"]


def _pay_per_session(after: ArmTables) -> pd.Series:
    """What each owner who fed in was paid for a session of feeding in, before any cost [yuan]."""
    owners = after.owners[after.owners["discharge_sessions"] > 0]
    paid_for_energy = [entry.name for part in ("feed_in", "events") for entry in ENTRIES_OF[part]]
    return owners[paid_for_energy].sum(axis=1) / owners["discharge_sessions"]


def _paying_arms(bench: Bench) -> list[str]:
    return [
        arm
        for arm, effect in bench["regimes"].summary["effects"].items()
        if midpoint(effect["owner_earnings_yuan_per_discharge_session"]["n"])
    ]


def c06(bench: Bench) -> Answer:
    """The highest pay for one session."""

    def highest(_: ArmTables, after: ArmTables) -> float:
        return float(_pay_per_session(after).max())

    best = {arm: bench.each_draw("regimes", highest, arm) for arm in _paying_arms(bench)}
    arm = max(best, key=lambda name: best[name].value or 0.0)
    kwh = SESSION_YUAN / HIGHEST_PAID_YUAN_PER_KWH
    return judged(
        best[arm], SESSION_YUAN, NO_LIMIT,
        f"Under every pay regime that is known, paid every evening of a week, the luckiest owner is paid {best[arm].value:,.0f} yuan for a session "
        f"('{arm}'), before charging, losses and wear.",
        "yuan a session", ("regimes",),
        f"{SESSION_YUAN:,.0f} yuan at {HIGHEST_PAID_YUAN_PER_KWH:.0f} yuan/kWh, the highest price any pilot has paid, are {kwh:,.0f} kWh: the battery of a lorry.",
    )  # fmt: skip


def c07(bench: Bench) -> Answer:
    """Pay for a session in 2030."""
    found = bench.each_draw("china-2030", lambda before, after: float(_pay_per_session(after).median()))
    return judged(
        found, 500.0, 800.0,
        f"In the week of 2030 the median owner who feeds in is paid {found.value:.1f} yuan for a session, at today's tariffs.",
        "yuan a session", ("china-2030",),
        f"At the same energy it takes a price {500.0 / max(found.value or 0.0, 1e-9):,.0f} times today's.",
    )  # fmt: skip


def _nights(bench: Bench, least: float) -> tuple[Figure, str]:
    """Largest percentage of owner-days that leave so much, over all pay regimes, against charging at once."""
    result = bench["regimes"]
    days = result.owner_days
    reference = days[days["arm"] == result.summary["reference"]].set_index(OWNER_DAY)["net_yuan"]

    def percentage(arm: str) -> Figure:
        mine = days[days["arm"] == arm].set_index(OWNER_DAY)
        left = (reference.reindex(mine.index) - mine["net_yuan"])[mine["sold_kwh"] > LEAST_SOLD_KWH]
        by_draw = (left >= least).groupby(level="replication").mean()
        return Figure.of(interval([100.0 * float(share) for share in by_draw]))

    found = {arm: percentage(arm) for arm in _paying_arms(bench)}
    best = max(found, key=lambda arm: found[arm].value or 0.0)
    return found[best], best


def c08a(bench: Bench) -> Answer:
    """A night that leaves 200 yuan."""
    night = article_figure("C08a")
    share, arm = _nights(bench, night)
    median = bench.effect("year", "owner_earnings_yuan_per_day.median", outcome="median_owner_yuan")
    spread = (
        ""
        if median.spread is None
        else f", {median.spread[0]:.2f} to {median.spread[1]:.2f} over prices, habits and cells"
    )
    text = f"At a price of 0.80 yuan/kWh from 6 to 22 h, an assumption, the median enrolled owner is left with {median.value:.2f} yuan a day over a year{spread}. {_share_of_nights(share, arm, night)}"
    verdict, condition = _by_share(share, arm)
    return Answer(verdict, text, condition, median, "yuan a day", "", ("year", "regimes"))


def c08b(bench: Bench) -> Answer:
    """A night that leaves 180 yuan."""
    share, arm = _nights(bench, OTHER_NIGHT_YUAN)
    verdict, condition = _by_share(share, arm)
    text = _share_of_nights(share, arm, OTHER_NIGHT_YUAN)
    return Answer(verdict, text, condition, share, "% of nights", "", ("regimes",))


def _by_share(share: Figure, arm: str) -> tuple[str, str]:
    return (ONLY_IF, f"the night is one of these, under '{arm}'") if share.value else (FAILS, "")


def _share_of_nights(share: Figure, arm: str, yuan: float) -> str:
    if not share.value:
        return f"Of all days on which a car feeds in, none leaves {yuan:.0f} yuan under any known pay regime, were its price paid every day."
    few = "" if share.low is None or share.low > 0.0 else " These are too few to tell them from none."
    return f"Of all days on which a car feeds in under '{arm}', the best known regime, were its price paid every day, {share.value:.2f}% leave {yuan:.0f} yuan or more.{few}"


def c08c(bench: Bench) -> Answer:
    """When cars feed in."""

    def at_night(_: ArmTables, after: ArmTables) -> float:
        hour, fed = after.system["time"].dt.hour, after.system["ev_discharge_mw"]
        night = (hour >= REST_OF_NIGHT_H[0]) | (hour < REST_OF_NIGHT_H[1])
        return float(100.0 * fed[night].sum() / max(fed.sum(), 1e-9))

    found = bench.each_draw("summer", at_night)
    return judged(
        found, 50.0, 100.0,
        f"{found.value:.1f}% of what cars feed in comes between 22:00 and 06:00; the night is when they charge.",
        "% of the energy fed in", ("summer",),
        "What helps the peak is given at midday and from 18:00 to 22:00; the income comes then, too.",
    )  # fmt: skip


def c10(bench: Bench) -> Answer:
    """Income of a mean active day."""

    def per_active_day(before: ArmTables, after: ArmTables) -> float:
        fed = (after.owners["discharge_sessions"] > 0) & after.owners["enrolled"]
        earned = (before.neutral_cost_yuan() - after.neutral_cost_yuan())[fed]
        return float(earned.sum() / max(1, after.owners.loc[fed, "discharge_sessions"].sum()))

    found = bench.each_draw("year", per_active_day)
    best = {arm: bench.each_draw("regimes", per_active_day, arm).value or 0.0 for arm in _paying_arms(bench)}
    arm = max(best, key=lambda name: best[name])
    return judged(
        found, 71.0, 213.0,
        f"At the assumed price a session of feeding in leaves {found.value:.1f} yuan on average over a year, charging, losses and wear paid; under the best known "
        f"regime ('{arm}', were it paid every day) {best[arm]:.0f}.",
        "yuan a session", ("year", "regimes"),
    )  # fmt: skip


def c13(bench: Bench) -> Answer:
    """Electricity bills of homes."""
    owners = bench.effect("year", "household_bill_change_pct").times(-1.0)
    value = owners.value or 0.0
    text = (
        f"Bills of enrolled owners, home and car, fall by {value:.1f}% over a year; those of others do not change. What a pilot area saves is that "
        "times the share of its homes that take part."
    )
    if value < LEAST_BILL_PCT:
        return Answer(FAILS, text, "", owners, "% less", "", ("year",))
    few, many = (100.0 * end / value for end in (LEAST_BILL_PCT, MOST_BILL_PCT))
    condition = f"it is a mean over homes of which {few:.0f} to {many:.0f} in a hundred take part"
    return Answer(ONLY_IF, text, condition, owners, "% less for those who take part", "", ("year",))


def c16(bench: Bench) -> Answer:
    """Feeding in at midday."""

    def at_midday(_: ArmTables, after: ArmTables) -> float:
        hour, fed = after.system["time"].dt.hour, after.system["ev_discharge_mw"]
        return float(100.0 * fed[(hour >= 11) & (hour < 15)].sum() / max(fed.sum(), 1e-9))

    flat, figure = (bench.each_draw("regimes", at_midday, arm) for arm in ("shanghai", "shanghai-two-part"))
    text = (
        f"Of what cars feed in, between 11:00 and 15:00: {flat.value:.0f}% under 'shanghai', {figure.value:.0f}% under "
        "'shanghai-two-part'."
    )
    at_least = figure.low if figure.low is not None else figure.value or 0.0
    if at_least > 2.0 * max(flat.value or 0.0, 1.0):
        return Answer(
            ONLY_IF,
            text,
            "the meter is a commercial two-part one, in July or August",
            figure,
            "% at midday",
            "",
            ("regimes",),
        )
    return Answer(FAILS, text, "", figure, "% at midday", "", ("regimes",))


def c17(bench: Bench) -> Answer:
    """What charging costs those who may wait."""

    def price(after: ArmTables) -> float:
        mine = after.owners[after.owners["enrolled"] & after.owners["home_charger"]]
        return float((mine["charging_cost_yuan"].sum()) / mine["charged_kwh"].sum())

    before = bench.each_draw("summer", lambda reference, _: price(reference))
    after = bench.each_draw("summer", lambda _, arm: price(arm), "smart")
    saved = bench.each_draw(
        "summer", lambda reference, arm: 100.0 * (1.0 - price(arm) / price(reference)), "smart"
    )
    return judged(
        saved, 0.0, NO_LIMIT,
        f"Owners with a charger at home pay {before.value:.3f} yuan/kWh when they charge at once and {after.value:.3f} when charging waits; the night tariff is "
        "0.307, the day's 0.617.",
        "% cheaper", ("summer",),
    )  # fmt: skip


def c18(bench: Bench) -> Answer:
    """A year's income against the home's bill and the price of the car."""
    year = bench.effect("year", "owner_earnings_yuan_per_day.mean").times(365.0)
    home = household_yuan_per_day(bench["year"].spec.for_arm("v2g")) * 365.0
    car = CAR_YUAN * annuity(bench["year"].spec.market.investment.discount_rate, CAR_LIFE_YEARS)
    value = year.value or 0.0
    return judged(
        year.times(1.0 / car), 1.0, NO_LIMIT,
        f"A mean owner is left with {value:,.0f} yuan a year: {100.0 * value / home:.0f}% of the home's electricity ({home:,.0f} yuan) and {100.0 * value / car:.1f}% of a car of "
        f"{CAR_YUAN:,.0f} yuan over {CAR_LIFE_YEARS:.0f} years ({car:,.0f} a year; price and life are assumptions).",
        "of the car's yearly cost", ("year",),
        f"The car pays for itself at {car / 365.0:,.0f} yuan a day, every day.",
    )  # fmt: skip


def c21(bench: Bench) -> Answer:
    """Payback of the charger's extra price."""
    earned = bench.effect("year", "owner_earnings_yuan_per_day.median").value or 0.0
    costs = bench["year"].spec.market.investment
    years = {
        ratio: (ratio - 1.0) * costs.ordinary_charger_yuan / max(365.0 * earned, 1e-9)
        for ratio in (1.5, 2.0, 4.0)
    }
    told = ", ".join(f"{year:.1f} years at {ratio:g} times" for ratio, year in years.items())
    return Answer(
        INPUT,
        f"The price is an input (assumed {costs.bidirectional_charger_yuan:,.0f} against {costs.ordinary_charger_yuan:,.0f} yuan). Year after year the median "
        f"owner would earn the extra back in: {told} the ordinary price.",
        runs=("year",),
    )  # fmt: skip


def c22(bench: Bench) -> Answer:
    """Extra wear of the battery in ten years, as the mean over the life of a contract."""
    wear = bench["year"].spec.for_arm("v2g").fleet.wear

    def lost_pct(arm: ArmTables) -> pd.Series:
        """Loss of capacity behind the cost of wear, which is that of the mean year of a contract."""
        pack = np.where(arm.owners["chemistry"].to_numpy() == "LFP", *wear.pack_yuan_per_kwh)
        return (
            arm.owners["wear_cost_yuan"] * 100.0 * wear.end_of_life_fade / (arm.owners["capacity_kwh"] * pack)
        )

    def extra(share: float) -> Figure:
        """What discharging adds in ten years to the loss of a quantile of those who do [points]."""

        def of_draw(before: ArmTables, after: ArmTables) -> float:
            lost = (lost_pct(after) - lost_pct(before))[_fed_in(after)]
            return float(np.quantile(lost, share)) * YEARS * 365.0 / after.days

        return bench.each_draw("year", of_draw)

    def cost_yuan_per_kwh(before: ArmTables, after: ArmTables) -> float:
        worn = after.owners["wear_cost_yuan"] - before.owners["wear_cost_yuan"]
        return float((worn / after.owners["discharged_kwh"])[_fed_in(after)].median())

    median, most, cost = extra(0.5), extra(0.95), bench.each_draw("year", cost_yuan_per_kwh)
    text = (
        f"Discharging costs the median owner's battery {median.value:+.2f} points of capacity in ten years, the battery of one in twenty {most.value:+.2f}, which is {cost.value:.2f} yuan for "
        "each kilowatt-hour fed in: the mean over the life of a contract, within a fifth of ten-year runs of published cell models. Warranties are not in the model."
    )
    return judged(median, -NO_LIMIT, 0.0, text, "points", ("year",))


def _fed_in(arm: ArmTables) -> Any:
    """Which enrolled owners fed in."""
    return (arm.owners["enrolled"] & (arm.owners["discharged_kwh"] > 0.0)).to_numpy()


def c24(bench: Bench) -> Answer:
    """Whether payments keep cars plugged in."""
    effects = bench["pay"].summary["effects"]
    told = [
        f"{effect['response_to_pay']['pay_yuan_per_kwh']:.1f} yuan/kWh {effect['response_to_pay']['evening_power_mw']:,.0f} MW"
        for effect in effects.values()
        if effect["response_to_pay"]
    ]
    elasticity = [
        effect["response_to_pay"]["elasticity"] for effect in effects.values() if effect["response_to_pay"]
    ]
    known = [value for value in elasticity if value is not None]
    usual = bench.each_draw(
        "unplug", lambda _, after: float(after.system["cars_plugged"].median()), "v2g-unplug"
    )
    back = {
        arm: bench.each_draw("unplug", lambda _, after: _an_hour_later(after.system), arm)
        for arm in ("v2g-unplug", "v2g-unplug-call")
    }
    shares = {arm: 100.0 * (each.value or 0.0) / max(1.0, usual.value or 0.0) for arm, each in back.items()}
    text = (
        f"Evening power on offer follows the pay: {', '.join(told)} (elasticity {', '.join(f'{value:.2f}' for value in known)}). When everybody unplugs at the peak, a payment that rises to "
        f"10 yuan/kWh has {shares['v2g-unplug-call']:.0f}% of the usual number plugged in again an hour later, against {shares['v2g-unplug']:.0f}% without. "
        "How owners respond is assumed, not observed."
    )
    return Answer(
        ONLY_IF,
        text,
        "owners respond to pay as assumed; in the visited pilot nobody came at 0.8 yuan/kWh",
        None,
        "",
        "",
        ("pay", "unplug"),
    )


def _an_hour_later(system: pd.DataFrame) -> float:
    """Cars plugged in an hour after the moment with the fewest."""
    fewest = int(system["cars_plugged"].to_numpy().argmin())
    steps = round(pd.Timedelta(hours=1) / (system["time"].iloc[1] - system["time"].iloc[0]))
    return float(system["cars_plugged"].iloc[min(fewest + steps, len(system) - 1)])


def c28(bench: Bench) -> Answer:
    """Time parked, and plugged in."""

    def parked(_: ArmTables, after: ArmTables) -> float:
        return 100.0 * (1.0 - after.mean("cars_driving") / (after.weight * after.cars))

    found = bench.each_draw("summer", parked, "uncontrolled")
    plugged = bench.each_draw(
        "summer",
        lambda _, after: 100.0 * after.mean("cars_plugged") / (after.weight * after.cars),
        "uncontrolled",
    )
    return judged(
        found, 93.0, 100.0,
        f"Cars are parked {found.value:.1f}% of the time, and plugged in {plugged.value:.0f}% of it when nobody asks them to be.",
        "% of the time parked", ("summer",),
    )  # fmt: skip
