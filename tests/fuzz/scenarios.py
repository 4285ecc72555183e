"""Random valid scenarios, drawn by walking the JSON Schema that the project prints.

Types, choices and bounds come from the schema alone; what a schema cannot say (dates within the run, shares
that sum to one, what a shock takes, hours of a tariff that cover the day) is told here. A scenario is plain
JSON, so that what is printed can be pasted into a file. Some are refused all the same, which is fine as
long as they are refused in lines.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from random import Random
from typing import Any

from sim.data.catalogue import rows
from sim.dispatch.registry import POLICIES
from sim.scenario.schema import json_schema
from sim.scenario.shocks import STRIKE_WITH_A_STEP
from sim.scenario.tariff_book import pay_regimes, tariff_book

Json = dict[str, Any]

SCHEMA = json_schema()
DATES = (
    "2025-08-27",
    "2025-08-30",
    "2025-12-31",
    "2026-02-16",
    "2024-02-28",
    "2024-12-31",
    "2026-12-30",
    "2004-01-10",
)
STEPS = (60, 60, 60, 30, 30, 20, 15, 15, 12, 10, 5)
#: What each kind of shock takes besides ``at`` and ``hours``.
SHOCKS = {
    "unplug": ("share", "district"),
    "control_link": ("share", "district", "fallback"),
    "charger_outage": ("share", "district", "places"),
    "heat_wave": ("kelvin",),
    "plant_outage": ("fuel", "mw"),
    "false_forecast": ("mw",),
}
TEXTS = ("", "Summer run [/data/zhang/run1]", "上海 夏天", "$x_1$ <b>&", "[kW] 100%", "a\nb")
FEED_IN = ("feed_in_price_yuan_per_kwh", "feed_in_tariff", "feed_in_factor_of_home_tariff")
#: Sections whose keys arms may set for themselves.
ARM_SECTIONS = ("operator", "participation", "chargers", "market", "grid")


class Drawing:
    """Draws one scenario.

    Attributes
    ----------
    rng : Random
    density : float
        How likely a key that may be left out is given.
    """

    def __init__(self, rng: Random):
        self.rng = rng
        self.density = rng.choice((0.0, 0.03, 0.03, 0.1, 0.3))
        self.first, self.days, self.minutes = dt.date(2025, 8, 27), 1, 60
        self.own_tariffs: list[str] = []
        self.places = [row["name"] for row in rows("districts")]

    def scenario(self) -> Json:
        """A whole scenario."""
        rng = self.rng
        found = self._object(SCHEMA, "")
        found["time"] = self._time()
        found["fleet"] = found.get("fleet", {}) | self._size()
        found["market"] = self._market(found.get("market", {}))
        found["drivers"] = self._drivers(found.get("drivers", {}))
        found["participation"] = found.get("participation", {}) | {
            "enrolled_share": rng.choice((0.0, 0.05, 0.2, 0.3, 0.38))
        }
        found["outputs"] = {"figures": False, "story_cars": rng.choice((0, 5, 200))}
        found["replications"] = rng.choice((1,) * 12 + (2,))
        found["shocks"] = [self._shock() for _ in range(self._few())]
        found["arms"] = self._arms()
        found["reference"] = next(iter(found["arms"]))
        if rng.random() < 0.7:
            found.pop("city", None)
        return {key: value for key, value in found.items() if value not in ({}, [])}

    # ------------------------------------------------------------------ what the schema says
    def _object(self, node: Json, path: str) -> Json:
        """Some keys of an object; all that it needs."""
        node = _resolved(node)
        needed = node.get("required", ())
        found = {}
        for name, each in node.get("properties", {}).items():
            here = f"{path}.{name}".lstrip(".")
            section = "$ref" in each
            if here in NOT_DRAWN or not (name in needed or section or self.rng.random() < self.density):
                continue
            value = self._value(each, here)
            if value != {} or not section:
                found[name] = value
        return found

    def _value(self, node: Json, path: str) -> Any:
        """A value that the schema allows at a path."""
        if path in WORDS:
            return WORDS[path](self)
        node = _resolved(node)
        if "anyOf" in node:
            return self._value(self.rng.choice(node["anyOf"]), path)
        if "enum" in node:
            return self.rng.choice(node["enum"])
        if "const" in node:
            return node["const"]
        kind = node["type"]
        if kind == "object":
            return self._object(node, path)
        if kind == "array":
            least = node.get("minItems", 0)
            return [self._value(node["items"], path) for _ in range(self.rng.randint(least, 3))]
        drawn = {
            "null": lambda: None,
            "boolean": lambda: self.rng.random() < 0.5,
            "string": lambda: self.rng.choice(TEXTS),
            "integer": lambda: round(self._number(node)),
            "number": lambda: self._number(node),
        }
        return drawn[kind]()

    def _number(self, node: Json) -> float:
        """A number within the bounds: at an edge, near the usual figure, or anywhere."""
        usual = node.get("default")
        usual = float(usual) if isinstance(usual, int | float) and not isinstance(usual, bool) else 1.0
        low = float(node.get("minimum", node.get("exclusiveMinimum", -1e5)))
        high = float(node.get("maximum", node.get("exclusiveMaximum", max(1e4, 100.0 * abs(usual)))))
        least = (
            low
            if "minimum" in node or "exclusiveMinimum" not in node
            else low + 1e-3 * (min(high, 10.0) - low)
        )
        way = self.rng.random()
        if way < 0.2:
            return self.rng.choice((least, high if "exclusiveMaximum" not in node else high - 1.0))
        if way < 0.7:
            near = (float(node.get("low") or 0.5 * usual), float(node.get("high") or 1.5 * usual))
            return _rounded(min(high, max(least, self.rng.uniform(*near))))
        return _rounded(self.rng.uniform(least, high))

    def _few(self) -> int:
        return self.rng.choice((0, 0, 0, 1, 1, 2, 3))

    # ------------------------------------------------------------- what the schema cannot say
    def _time(self) -> Json:
        rng = self.rng
        self.minutes = rng.choice(STEPS)
        if rng.random() < 0.03:
            return self._weeks()
        self.first = dt.date.fromisoformat(rng.choice(DATES))
        if rng.random() < 0.3:
            self.first = dt.date(2004, 1, 1) + dt.timedelta(days=rng.randrange(8400))
        self.days = rng.choice((1, 1, 2))
        length = {"days": self.days}
        if rng.random() < 0.2:
            length = {"end": str(self.first + dt.timedelta(days=self.days - 1))}
        warm = rng.choice((0, 0, 1, 1, 2))
        return {"start": str(self.first), **length, "step_minutes": self.minutes, "warmup_days": warm}

    def _weeks(self) -> Json:
        """A year in one or two weeks, in steps of an hour."""
        self.minutes, self.days = 60, 7
        self.first = dt.date(2025, 8, 25)
        weeks: list[Json] = [{"start": "2025-08-25", "months": list(range(1, 13))}]
        if self.rng.random() < 0.5:
            weeks = [
                {"start": "2025-08-25", "months": list(range(4, 11))},
                {"start": "2025-01-06", "months": [1, 2, 3, 11, 12]},
            ]
        return {"weeks": weeks, "step_minutes": 60, "warmup_days": self.rng.choice((0, 1))}

    def _size(self) -> Json:
        """How many cars; now and then each stands for many, in a city as large as Shanghai."""
        simulated = self.rng.choice((10, 30, 50, 100, 200, 400))
        if self.rng.random() < 0.5:
            return {"cars": simulated}
        return {"cars": 1_510_000, "sample": simulated / 1_510_000}

    def _moment(self) -> str:
        """A time within the recorded days, at their edges more often than not."""
        rng = self.rng
        day = self.first + dt.timedelta(days=rng.randrange(self.days))
        edge = rng.choice(("00:00", "23:59", "23:45", "00:01", "18:07", "19:00", "", "", ""))
        return f"{day} {edge or f'{rng.randrange(24):02d}:{rng.randrange(60):02d}'}"

    def _hours(self, most: float) -> float:
        return self.rng.choice(
            [hours for hours in (0.01, 0.05, 0.5, 1.0, 2.0, 5.0, 7.3, 24.0, 100.0, 8760.0) if hours <= most]
        )

    def _shock(self) -> Json:
        rng = self.rng
        kind = rng.choice(list(SHOCKS))
        drawn: dict[str, Callable[[], Any]] = {
            "share": lambda: rng.choice((0.0, 0.3, 1.0, 1.0)),
            "district": lambda: rng.choice((None, rng.choice(self.places))),
            "fallback": lambda: rng.choice(("charge", "wait")),
            "places": lambda: rng.sample(("home", "work", "public"), rng.randint(1, 3)),
            "kelvin": lambda: _rounded(rng.uniform(-30.0, 30.0)),
            "fuel": lambda: rng.choice(("coal", "gas", "import")),
            "mw": lambda: rng.choice((0.0, 500.0, 5e3, 1e5)),
        }
        took = {name: drawn[name]() for name in SHOCKS[kind]}
        at, hours = self._moment(), self._hours(8760.0)
        if kind in STRIKE_WITH_A_STEP and rng.random() < 0.9:  # what does not begin with one is refused
            at, hours = f"{at[:-5]}{rng.randrange(24):02d}:00", max(1.0, float(round(hours)))
        return {"kind": kind, "at": at, "hours": hours, **took}

    def _event(self) -> Json:
        rng = self.rng
        paid = {
            "yuan_per_kwh": rng.choice((0.0, 1.0, 4.0)),
            "yuan_per_kw": rng.choice((0.0, 0.0, 2.0)),
            "charging_surcharge_yuan_per_kwh": rng.choice((0.0, 0.0, 1.5)),
        }
        return {"at": self._moment(), "hours": self._hours(24.0), **paid}

    def _call(self) -> Json:
        rng = self.rng
        at, hours = self._moment(), self._hours(24.0)
        if rng.random() < 0.9:  # what does not begin with a step is refused
            at, hours = f"{at[:-5]}{rng.randrange(24):02d}:00", max(1.0, float(round(hours)))
        notice = rng.choice((0.0, 30.0, 120.0, 1440.0))
        return {
            "at": at,
            "hours": hours,
            "yuan_per_kwh": rng.choice((0.0, 1.0, 5.0)),
            "notice_minutes": notice,
        }

    def _tariff(self, tiers: int) -> Json:
        """A tariff whose periods share the day between them."""
        rng = self.rng
        marks = sorted(rng.sample(range(0, 1440, rng.choice((1, 15, 60))), rng.randint(2, 4)))
        clock = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in marks]

        def price() -> Any:
            prices = [_rounded(rng.uniform(-0.2, 2.0)) for _ in range(tiers)]
            return prices if tiers > 1 else prices[0]

        periods = [
            {"hours": f"{one}-{other}", "price_yuan_per_kwh": price()}
            for one, other in zip(clock, [*clock[1:], clock[0]], strict=True)
        ]
        if rng.random() < 0.3:
            periods.append(
                {"hours": "18:00-20:00", "price_yuan_per_kwh": price(), "band": "sharp", "season": "summer"}
            )
        if rng.random() < 0.2:
            return {
                "periods": [each | {"days": "workday"} for each in periods],
                "otherwise_yuan_per_kwh": 0.5,
            } | _limits(tiers)
        return {"periods": periods} | _limits(tiers)

    def _market(self, drawn: Json) -> Json:
        rng = self.rng
        found = {key: value for key, value in drawn.items() if key not in FEED_IN}
        if rng.random() < 0.4:
            found["tariffs"] = {"mine": self._tariff(1), "tiered": self._tariff(rng.choice((2, 3, 4)))}
            self.own_tariffs = ["mine", "tiered"]
            found["home_tariff"] = rng.choice(("mine", "tiered", "dynamic"))
        way = rng.choice((*FEED_IN, "", "", ""))
        if way == "feed_in_tariff":
            found[way] = rng.choice(("dynamic", *self.own_tariffs[:1]))
        elif way:
            found[way] = rng.choice((0.0, 0.5, 1.0, 2.0))
        found["events"] = [self._event() for _ in range(self._few())]
        if rng.random() < 0.3:
            found["calls"] = [self._call()]  # several are refused where one's notice reaches into another
        if rng.random() < 0.3:
            found["household"] = {"meter": "household"}
        return {key: value for key, value in found.items() if value not in ({}, [])}

    def _drivers(self, drawn: Json) -> Json:
        rng = self.rng
        found = dict(drawn)
        if rng.random() < 0.2:
            found["archetypes"] = self._shares([row["archetype"] for row in rows("archetypes")])
        if rng.random() < 0.2:
            person = _resolved(SCHEMA["$defs"]["PersonSection"])
            self.density, before = 0.4, self.density
            found["personas"] = {name: self._object(person, "person") for name in ("zhang-wei", "b")}
            self.density = before
        return found

    def _shares(self, names: list[str]) -> Json:
        """Shares of some names that sum to one."""
        chosen = self.rng.sample(names, self.rng.randint(1, min(4, len(names))))
        return dict(
            zip(
                chosen,
                {1: (1.0,), 2: (0.5, 0.5), 3: (0.5, 0.25, 0.25), 4: (0.25,) * 4}[len(chosen)],
                strict=True,
            )
        )

    def _arms(self) -> Json:
        """Two to four arms; each with a policy, a contract, and now and then keys of its own."""
        rng = self.rng
        arms: Json = {"plain": {"operator": {"policy": "immediate"}, "participation": {"contract": "none"}}}
        for number in range(rng.choice((1, 1, 2, 2, 3))):
            contract = rng.choice(("one_way", "two_way", "two_way", "two_way", "home_only", "none"))
            arm: Json = {
                "operator": {"policy": rng.choice(list(POLICIES))},
                "participation": {"contract": contract},
            }
            if contract == "home_only":
                arm["market"] = {"household": {"meter": "household"}}
            if rng.random() < 0.2:
                section = rng.choice(ARM_SECTIONS)
                drawn = self._object(SCHEMA["properties"][section], section)
                arm[section] = {**drawn, **arm.get(section, {})}
                for key in FEED_IN:
                    arm[section].pop(key, None)
            arms[f"arm{number}"] = arm
        return arms


def draw_scenario(rng: Random) -> Json:
    """A random scenario as plain JSON: small, and valid as far as can be told beforehand."""
    return Drawing(rng).scenario()


def arm_steps(data: Json) -> float:
    """Steps of all arms and draws of a scenario together: what most of its time goes into."""
    given = data["time"]
    days = 7 * len(given["weeks"]) if "weeks" in given else given.get("days", 2)
    steps = (days + given["warmup_days"]) * 1440 / given["step_minutes"]
    return float(steps * len(data["arms"]) * data["replications"])


def _one_of(*words: str) -> Callable[[Drawing], Any]:
    return lambda drawing: drawing.rng.choice(words)


#: Texts that name something, by path; a schema calls them text.
WORDS: dict[str, Callable[[Drawing], Any]] = {
    "name": _one_of("fuzz", "a.b", "A-1_2"),
    "city.place": _one_of("shanghai", "shanghai", "california", "china-2025", "china-2030"),
    "market.regime": lambda drawing: drawing.rng.choice(list(pay_regimes())),
    "market.home_tariff": lambda drawing: drawing.rng.choice([*tariff_book(), "dynamic"]),
    "market.work_tariff": lambda drawing: drawing.rng.choice(
        [name for name, each in tariff_book().items() if each.tiers == 1]
    ),
    "market.public_tariff": lambda drawing: drawing.rng.choice(
        [name for name, each in tariff_book().items() if each.tiers == 1]
    ),
    "operator.policy": lambda drawing: drawing.rng.choice(list(POLICIES)),
    "fleet.models": lambda drawing: drawing._shares([row["model"] for row in rows("vehicles")]),
    "person.archetype": lambda drawing: drawing.rng.choice([row["archetype"] for row in rows("archetypes")]),
    "person.model": lambda drawing: drawing.rng.choice([row["model"] for row in rows("vehicles")]),
    "person.home_district": lambda drawing: drawing.rng.choice(drawing.places),
    "person.work_district": lambda drawing: drawing.rng.choice(drawing.places),
    "grid.cars_in_demand": lambda drawing: drawing.rng.choice((0, 200, 1_510_000)),
}
#: Drawn otherwise, or of no use here.
NOT_DRAWN = (
    "extends", "reference", "arms", "time", "shocks", "outputs", "replications", "seed", "drivers.archetypes",
    "drivers.personas", "market.tariffs", "market.events", "market.calls", "fleet.cars", "fleet.sample", "operator.settings",
    "participation.enrolled_share",
)  # fmt: skip


def _resolved(node: Json) -> Json:
    """A node of the schema itself, where it stands for one of the definitions."""
    return SCHEMA["$defs"][node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node


def _limits(tiers: int) -> Json:
    return (
        {"tier_limits_kwh_per_year": [1.0 + 500.0 * number for number in range(tiers - 1)]}
        if tiers > 1
        else {}
    )


def _rounded(number: float) -> float:
    """Four digits: what is printed can be read."""
    return 0.0 if number == 0.0 else round(number, 3 - math.floor(math.log10(abs(number))))
