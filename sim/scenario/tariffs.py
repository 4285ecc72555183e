"""Tariffs as data: what a kilowatt-hour costs by hour, season, kind of day and yearly use.

The same form serves the tariffs that ship (``tariffs.csv``, ``pay_regimes.csv``) and those a scenario
defines for itself. Every minute of a day needs one price; ``sharp`` and ``deep_valley`` periods stand
above the others and replace them, as in the texts of Shanghai's tariffs.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from sim.data.defaults import months
from sim.scenario.fields import Section, chosen

Array = NDArray[np.float64]
Season = Literal["all", "summer", "winter", "other"]
Price = Annotated[float, Field(ge=-10.0, le=100.0)]

#: Months of the seasons that tariffs name (scenario_defaults.csv).
SEASONS: dict[str, tuple[int, ...]] = {
    "all": tuple(range(1, 13)),
    "summer": months("summer"),
    "winter": months("winter"),
    "other": tuple(sorted(set(range(1, 13)) - {*months("summer"), *months("winter")})),
}
#: Rank of a band: a higher one replaces a lower one.
RANKS = {"flat": 0, "peak": 0, "valley": 0, "sharp": 1, "deep_valley": 1}
WORKDAYS, REST_DAYS = 0, 1
MINUTES = 1440
HOURS = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")


class PeriodSection(Section):
    """Hours that share a price. An end before the start runs across midnight."""

    hours: str = chosen("00:00-24:00", "from and to, such as 22:00-06:00")
    price_yuan_per_kwh: Price | list[Price] = chosen(
        ..., "price, or one for each tier of yearly use", "yuan/kWh"
    )
    band: Literal["flat", "peak", "valley", "sharp", "deep_valley"] = chosen(
        "flat", "sharp and deep_valley replace the other bands where they overlap"
    )
    season: Season | Annotated[list[Annotated[int, Field(ge=1, le=12)]], Field(min_length=1)] = chosen(
        "all", "summer: July to September; winter: December and January; other: the rest; or a list of months"
    )
    days: Literal["all", "workday", "rest_day"] = chosen("all", "kind of day")

    @field_validator("hours")
    @classmethod
    def _readable(cls, hours: str) -> str:
        found = HOURS.fullmatch(hours)
        if (
            found is None
            or max(int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])) > MINUTES
        ):
            raise ValueError(f"expected hours such as 22:00-06:00, got '{hours}'")
        return hours

    @property
    def months(self) -> tuple[int, ...]:
        """Months in which the period applies."""
        return SEASONS[self.season] if isinstance(self.season, str) else tuple(self.season)

    @property
    def minutes(self) -> NDArray[np.bool_]:
        """Minutes of the day that the period covers, shape (1440,)."""
        found = HOURS.fullmatch(self.hours)
        assert found is not None
        start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        minute = np.arange(MINUTES)
        if end > start:
            return (minute >= start) & (minute < end)
        return (minute >= start) | (minute < end)

    def applies(self, month: int, kind: int) -> bool:
        """Whether the period applies in a month on a kind of day."""
        right_day = self.days == "all" or (self.days == "workday") == (kind == WORKDAYS)
        return right_day and month in self.months


class TariffSection(Section):
    """A tariff: periods that cover every minute of every day, with tiers of yearly use if wished."""

    currency: Literal["yuan"] = chosen("yuan", "currency of all prices")
    tier_limits_kwh_per_year: list[Annotated[float, Field(gt=0.0)]] = chosen(
        list, "use in a calendar year at which the next tier begins", "kWh"
    )
    otherwise_yuan_per_kwh: Price | None = chosen(
        None, "price of all minutes that no period names; null: there must be none", "yuan/kWh"
    )
    periods: list[PeriodSection] = chosen(list, "hours and their prices", max_length=500)

    @model_validator(mode="after")
    def _one_price_for_every_minute(self) -> TariffSection:
        limits = self.tier_limits_kwh_per_year
        if sorted(set(limits)) != limits:
            raise ValueError("tier_limits_kwh_per_year must rise")
        for period in self.periods:
            prices = period.price_yuan_per_kwh
            if isinstance(prices, list) and len(prices) != len(limits) + 1:
                raise ValueError(
                    f"the period {period.hours} has {len(prices)} prices; {len(limits)} tier limits need "
                    f"{len(limits) + 1}, one for each tier"
                )
        if not self.periods and self.otherwise_yuan_per_kwh is None:
            raise ValueError("no prices; give periods")
        for month in range(1, 13):
            for kind, name in ((WORKDAYS, "workdays"), (REST_DAYS, "rest days")):
                self._check_day(month, kind, f"on {name} of month {month}")
        return self

    def _check_day(self, month: int, kind: int, when: str) -> None:
        covered = {rank: np.zeros(MINUTES, np.int64) for rank in set(RANKS.values())}
        for period in self.periods:
            if period.applies(month, kind):
                covered[RANKS[period.band]] += period.minutes
        for count in covered.values():
            if count.max() > 1:
                raise ValueError(
                    f"two periods overlap {_where(count > 1)} {when}; every minute needs one price"
                )
        bare = np.sum(list(covered.values()), axis=0) == 0
        if self.otherwise_yuan_per_kwh is None and np.any(bare):
            raise ValueError(
                f"no period covers {_where(bare)} {when}; every minute needs a price "
                "(otherwise_yuan_per_kwh gives one to all that are not named)"
            )

    @property
    def tiers(self) -> int:
        """Number of tiers of yearly use, 1 or more."""
        return len(self.tier_limits_kwh_per_year) + 1

    def prices(self, month: int, kind: int, tier: int = 0) -> Array:
        """Price of every minute of a day [yuan/kWh], shape (1440,).

        Parameters
        ----------
        month : int
            1 to 12.
        kind : int
            0 for a workday, 1 for a rest day.
        tier : int
            0 for the first.
        """
        bare = np.nan if self.otherwise_yuan_per_kwh is None else self.otherwise_yuan_per_kwh
        prices = np.full(MINUTES, bare)
        for period in sorted(self.periods, key=lambda each: RANKS[each.band]):
            if period.applies(month, kind):
                given = period.price_yuan_per_kwh
                prices[period.minutes] = given[tier] if isinstance(given, list) else given
        return prices


def _where(minutes: NDArray[np.bool_]) -> str:
    """The first stretch of marked minutes, as hours."""
    first = int(np.argmax(minutes))
    stretch = np.argmin(minutes[first:]) if not minutes[first:].all() else MINUTES - first
    last = first + int(stretch)
    return f"{first // 60:02d}:{first % 60:02d}-{last // 60:02d}:{last % 60:02d}"
